"""Run packllama in processes forked from one that has it loaded: what is loaded takes most of a short run.

Such a process waits until strace has attached to it, so calls are counted from where the program begins.
"""

import ctypes
import fcntl
import functools
import multiprocessing
import os
import pkgutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

import packllama
from packllama.__main__ import main
from packllama.base import fs
from tests.later import later

# What a pipe holds at most; a bundle of a test fits in, so that it is read in the same steps each time.
PIPE_BYTES = 1 << 20

# For what hangs, not for what is slow.
_DEADLINE_SECONDS = 300

# "Let whoever wants trace me", where the kernel lets only ancestors (Yama).
_PR_SET_PTRACER, _ANYBODY = 0x59616D61, -1


@dataclass(frozen=True, slots=True)
class Run:
    """The words of a run, the file of its folder that is piped into it, and after how many bytes a file is synced
    beside what is still being written; 0: as usual. A ``prune`` takes place ``later``, by so many seconds.
    """

    args: tuple[str, ...]
    stdin: str = ""
    sync_step: int = 0
    later: float = 0


def launch(folder: Path, run: Run, *, strace: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run packllama as it is in a folder. ``strace`` are the words of a tracer.

    What it says lies beside the folder, where no call counts.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_modules())
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, folder, run, _environment(folder)))
    process.start()
    theirs.close()
    try:
        ours.recv()
        tracer = _attached((*strace, "-p", str(process.pid))) if strace else None
        ours.send(None)
        process.join(_DEADLINE_SECONDS)
        assert process.exitcode is not None, f"{run}: still at it after {_DEADLINE_SECONDS} seconds"
        if tracer:
            tracer.communicate()
    finally:
        process.kill()
        ours.close()
    said = [path.read_text() for path in (_stdout(folder), _stderr(folder))]
    return subprocess.CompletedProcess(run.args, process.exitcode, *said)


def _stdout(folder: Path) -> Path:
    return folder.with_name("stdout")


def _stderr(folder: Path) -> Path:
    return folder.with_name("stderr")


@functools.cache
def _modules() -> list[str]:
    own = [module.name for module in pkgutil.walk_packages(packllama.__path__, "packllama.")]
    return ["__main__", "urllib3", __name__, *(name for name in own if not name.endswith("__main__"))]


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "VIRTUAL_ENV") if name in os.environ}
    return {**kept, "HOME": str(folder)}


def _attached(words: Sequence[str]) -> subprocess.Popen[str]:
    tracer = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    said = tracer.stderr.readline()
    assert said.endswith("attached\n"), said
    return tracer


def _run(door: Connection, folder: Path, run: Run, environment: dict[str, str]) -> None:
    """In the child: become the program, but wait in between."""
    sys.dont_write_bytecode = True
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(_ANYBODY), 0, 0, 0)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    _redirect(folder, run)
    if run.sync_step:
        fs.SYNC_STEP = run.sync_step
    sys.argv = ["packllama", "--store", str(folder / "store"), *run.args]
    door.send(None)
    wait([door])
    with later(run.later):
        main()


def _redirect(folder: Path, run: Run) -> None:
    for number, path in ((1, _stdout(folder)), (2, _stderr(folder))):
        with path.open("wb") as file:
            os.dup2(file.fileno(), number)
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    with os.fdopen(writing, "wb") as pipe:
        pipe.write((folder / run.stdin).read_bytes() if run.stdin else b"")
    os.dup2(reading, 0)
    os.close(reading)
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]  # noqa: SIM115 - for good
