"""The program, run as a person runs it, or inside the tests' own process."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from unittest.mock import patch

KEPT = ("PATH", "VIRTUAL_ENV", "LANG", "LC_ALL", "CI")


def environment(home: Path, more: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """A small environment; None in ``more`` takes a variable out."""
    values: dict[str, str | None] = {name: os.environ.get(name) for name in KEPT}
    values |= {"HOME": str(home), "PACKLLAMA_STORE": str(home / "store")} | dict(more or {})
    return {name: value for name, value in values.items() if value is not None}


def packllama(
    *args: str,
    cwd: Path,
    env: Mapping[str, str | None] | None = None,
    stdin: str = "",
    before: tuple[str, ...] = (),
    timeout_seconds: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run ``packllama ARGS`` in ``cwd``, with the store in ``cwd/store``. ``before`` are the words of a wrapper."""
    return subprocess.run(
        [*before, sys.executable, "-m", "packllama", *args],
        cwd=cwd,
        env=environment(cwd, env),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_seconds,
    )


def called(
    *args: str, cwd: Path, env: Mapping[str, str | None] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """As `packllama`, but without a process of its own: many times as fast, and not for two threads at once."""
    from packllama.cli.main import main

    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as given,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogateescape") as out,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="backslashreplace") as err,
    ):
        given.write(stdin)
        given.seek(0)
        with (
            chdir(cwd),
            patch.dict(os.environ, environment(cwd, env), clear=True),
            patch.multiple(sys, stdin=given, stdout=out, stderr=err),
            signals_kept(),
        ):
            try:
                status = main(list(args))
            except SystemExit as ended:  # by click, once a shell has its answer
                status = int(ended.code or 0)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(args, status, out.read(), err.read())


@contextmanager
def signals_kept() -> Iterator[None]:
    """What the program does about signals ends with it."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def snapshot(folder: Path) -> dict[str, bytes | str]:
    """Everything below a folder but packllama's own files: content of files, targets of links, folders."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if ".packllama" in path.parts:
            continue
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = path.read_bytes()
        else:
            found[name] = "folder"
    return found
