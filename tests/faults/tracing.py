"""Run packllama under strace: list the system calls that change or read files, and make a chosen one fail or kill.

``when=N`` of strace counts per call name and per thread, so points are numbered the same way; the tests refuse a
run in which two threads change files, since one number would then mean two points. Large files have a thread that
syncs them and need a test of their own.
"""

import contextlib
import fcntl
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# Whatever changes a file, a name or a lock file. openat is among them when it may create.
CHANGES = (
    "openat,write,pwrite64,pwritev,ftruncate,fallocate,rename,renameat,renameat2,link,linkat,symlink,symlinkat,"
    "unlink,unlinkat,rmdir,mkdir,mkdirat,fsync,fdatasync,fchmod,chmod,fchmodat,utimensat,copy_file_range,sendfile"
)
READS = "read,pread64,preadv,preadv2,readv,getdents64"
SYNCS = {"fsync", "fdatasync"}

# What a pipe holds at most; a bundle of a test fits in, so that it is read in the same steps each time.
PIPE_BYTES = 1 << 20

_LINE = re.compile(r"^(?P<tid>\d+)\s+(?P<call>[a-z0-9_]+)\((?P<rest>.*)$")


@dataclass(frozen=True)
class Point:
    """The ``number``-th ``call`` of the thread that changes files.

    ``unchanged``: a kill here leaves what a kill at the point before left, since that only synced.
    """

    call: str
    number: int
    unchanged: bool = False

    def __str__(self) -> str:
        return f"{self.call}:{self.number}"


def run(
    folder: Path, args: Sequence[str], *, stdin: str = "", before: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run packllama as it is, with a file of the folder piped into it. ``before`` are the words of a wrapper."""
    with _piped(folder / stdin if stdin else None) as source:
        return subprocess.run(
            [*before, sys.executable, "-P", "-B", "-m", "packllama", "--store", str(folder / "store"), *args],
            cwd=folder,
            env=_environment(folder),
            stdin=source,
            capture_output=True,
            text=True,
            check=False,
        )


def run_with(
    strace: str, folder: Path, args: Sequence[str], injection: str, *, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run packllama with one fault, such as ``rename:signal=SIGKILL:when=2``."""
    call, _, fault = injection.partition(":")
    # It halves the time, but a signal that is injected with it kills nobody.
    faster = () if fault.startswith("signal") else ("--seccomp-bpf",)
    words = (strace, "-f", *faster, "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={injection}")
    return run(folder, args, stdin=stdin, before=words)


def points(strace: str, folder: Path, args: Sequence[str], *, calls: str = CHANGES, stdin: str = "") -> list[Point]:
    """Run packllama once; every such call for a file below the folder, or for the pipe, in order.

    A call that fails by itself changes nothing, and meets neither a full disk nor a broken one, so it is no point.
    """
    log = folder.with_name("strace.log")
    done = run(folder, args, stdin=stdin, before=(strace, "-f", "-y", "-o", str(log), "-e", f"trace={calls}"))
    assert done.returncode == 0, done.stderr
    counts: Counter[tuple[str, str]] = Counter()
    found: list[Point] = []
    threads = set()
    for line in log.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if match is None or "resumed>" in line:
            continue
        tid, call, rest = match["tid"], match["call"], match["rest"]
        counts[tid, call] += 1
        if _is_ours(rest, str(folder)) and " = -1 " not in rest and (call != "openat" or "O_CREAT" in rest):
            found.append(Point(call, counts[tid, call], unchanged=bool(found) and found[-1].call in SYNCS))
            threads.add(tid)
    assert len(threads) == 1, "more than one thread changes files: each needs an enumeration of its own"
    return found


def _is_ours(rest: str, folder: str) -> bool:
    """Whether it is about the folder, a name relative to it, or the pipe."""
    return folder in rest or re.match(r'"[^/]|0<', rest) is not None


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "VIRTUAL_ENV") if name in os.environ}
    # The number of calls before ours must be the same in every run.
    return {**kept, "HOME": str(folder), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


@contextlib.contextmanager
def _piped(path: Path | None) -> Iterator[int]:
    """A pipe that holds all of a file, or nothing, and into which nobody writes any more."""
    reading, writing = os.pipe()
    try:
        with os.fdopen(writing, "wb") as pipe:
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            pipe.write(path.read_bytes() if path else b"")
        yield reading
    finally:
        os.close(reading)
