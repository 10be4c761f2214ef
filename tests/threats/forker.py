"""Run the program again and again, in processes that are forked, measured and watched.

    python -m tests.threats.forker

reads one JSON line per process from stdin (``runs``: lists of arguments, ``cwd``, ``env``, ``stdin``: a file's path,
``tty``) and answers with one: ``ended``: status, stdout and stderr of each run; ``signal`` that ended the process, or
0; ``seconds`` of processor time; ``megabytes`` at its peak; ``touched``: what an audit hook saw, as pairs of event and
path.
"""

import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

# A process that gets here runs for ever.
_LONGEST_SECONDS = 120

# Far above what is allowed, so that only what would harm the machine ends in a MemoryError.
_MOST_ADDRESSES = 4 << 30

# The events that name files, and how many of their first arguments do.
_PATHS: Mapping[str, int] = {
    "open": 1, "os.listdir": 1, "os.scandir": 1, "os.mkdir": 1, "os.rename": 2, "os.remove": 1, "os.rmdir": 1,
    "os.link": 2, "os.symlink": 2, "os.chmod": 1, "os.chown": 1, "os.truncate": 1, "os.utime": 1, "os.chdir": 1,
    "os.getxattr": 1, "os.setxattr": 1, "os.listxattr": 1, "shutil.rmtree": 1, "subprocess.Popen": 1, "os.exec": 1,
    "os.posix_spawn": 1, "os.system": 1,
}  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def _watch(log: IO[str]) -> None:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        for path in arguments[: _PATHS.get(event, 0)]:
            if isinstance(path, str | bytes | os.PathLike):
                kind = "open for writing" if event == "open" and arguments[2] & _WRITES else event
                log.write(json.dumps([kind, os.fsdecode(path)]) + "\n")
                log.flush()

    sys.addaudithook(hook)


def _run_all(request: Mapping[str, Any], results: IO[str], log: IO[str], terminal: int) -> None:
    """In the child. ``terminal``: what is stdout, -1 for a file."""
    signal.alarm(_LONGEST_SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_ADDRESSES, _MOST_ADDRESSES))
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno() if terminal < 0 else terminal, 1)
        os.dup2(err.fileno(), 2)
        _watch(log)
        for args in request["runs"]:
            for file in (out, err):
                file.seek(0)
                file.truncate()
            status = _run(args, request["stdin"])
            texts = [os.pread(file.fileno(), 1 << 24, 0).decode(errors="surrogateescape") for file in (out, err)]
            results.write(json.dumps([status, *texts]) + "\n")
            results.flush()


def _run(args: list[str], given: str) -> int:
    from packllama.cli.main import main

    descriptor = os.open(given or os.devnull, os.O_RDONLY)
    os.dup2(descriptor, 0)
    os.close(descriptor)
    with (
        open(0, encoding="utf-8", closefd=False) as sys.stdin,
        open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False) as sys.stdout,
        open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False) as sys.stderr,
    ):
        try:
            return main(args)
        except SystemExit as ended:
            return int(ended.code or 0)


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile("w") as results, tempfile.NamedTemporaryFile("w") as log:
        ours, theirs = os.openpty() if request["tty"] else (-1, -1)
        child = os.fork()
        if not child:
            try:
                _run_all(request, results, log, theirs)
            finally:
                os._exit(0)
        shown = _drained(ours, theirs) if request["tty"] else ""
        _, ended, used = os.wait4(child, 0)
        runs = [json.loads(line) for line in Path(results.name).read_text().splitlines()]
        return {
            "ended": [[status, out or shown, err] for status, out, err in runs],
            "signal": os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else 0,
            "seconds": used.ru_utime + used.ru_stime,
            "megabytes": used.ru_maxrss / 1024,
            "touched": [json.loads(line) for line in Path(log.name).read_text().splitlines()],
        }


def _drained(ours: int, theirs: int) -> str:
    """All that is printed on a terminal until nobody has it open any more."""
    os.close(theirs)
    parts = bytearray()
    try:
        while part := os.read(ours, 1 << 16):
            parts += part
    except OSError:
        os.close(ours)
    return bytes(parts).decode(errors="surrogateescape")


def _import_all() -> None:
    """So that no child has to."""
    import importlib

    import packllama.cli.main as program

    for module, _ in program.VERBS.values():
        importlib.import_module(f"packllama.cli.{module}")
    for name in ("packllama.base.http", "packllama.places.registry", "rich.console", "rich.table"):
        importlib.import_module(name)


if __name__ == "__main__":
    _import_all()
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)
