"""Run packllama under strace: list the system calls that change files, and make a chosen one fail or kill.

``when=N`` of strace counts per call name and per thread, so points are numbered the same way; the tests refuse a
run in which two threads change files, since one number would then mean two points. Large files have a thread that
syncs them and need a test of their own.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

# Whatever changes a file, a name or a lock file. openat is among them when it may create.
CALLS = (
    "openat,write,pwrite64,pwritev,ftruncate,fallocate,rename,renameat,renameat2,link,linkat,symlink,symlinkat,"
    "unlink,unlinkat,rmdir,mkdir,mkdirat,fsync,fdatasync,fchmod,chmod,fchmodat,utimensat,copy_file_range,sendfile"
)
RECEIVER = Path(__file__).with_name("receiver.py")
_LINE = re.compile(r"^(?P<tid>\d+)\s+(?P<call>[a-z0-9_]+)\((?P<rest>.*)$")


@dataclass(frozen=True)
class Point:
    """The ``number``-th ``call`` of the thread that changes files."""

    call: str
    number: int

    def __str__(self) -> str:
        return f"{self.call}:{self.number}"


def _command(folder: Path, args: list[str]) -> list[str]:
    if args[0] == "receive":
        return [sys.executable, "-B", str(RECEIVER), str(folder / "store")]
    return [sys.executable, "-B", "-m", "packllama", "--store", str(folder / "store"), *args]


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "VIRTUAL_ENV") if name in os.environ}
    # The number of calls before ours must be the same in every run.
    return {**kept, "HOME": str(folder), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def run(folder: Path, args: list[str]) -> subprocess.CompletedProcess[str]:
    """Run packllama as it is."""
    return subprocess.run(
        _command(folder, args), cwd=folder, env=_environment(folder), capture_output=True, text=True, check=False
    )


def points(strace: str, folder: Path, args: list[str]) -> list[Point]:
    """Run packllama once; every call that changed a file below ``folder/store``, in order."""
    log = folder / "strace.log"
    subprocess.run(
        [strace, "-f", "-y", "-o", str(log), "-e", f"trace={CALLS}", *_command(folder, args)],
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        check=True,
    )
    counts: Counter[tuple[str, str]] = Counter()
    found: list[Point] = []
    threads = set()
    for line in log.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if match is None or "resumed>" in line:
            continue
        tid, call, rest = match["tid"], match["call"], match["rest"]
        counts[tid, call] += 1
        if str(folder / "store") in rest and (call != "openat" or "O_CREAT" in rest):
            found.append(Point(call, counts[tid, call]))
            threads.add(tid)
    assert len(threads) == 1, "more than one thread changes files: each needs an enumeration of its own"
    return found


def run_with(strace: str, folder: Path, args: list[str], injection: str) -> subprocess.CompletedProcess[str]:
    """Run packllama with one fault, such as ``rename:signal=SIGKILL:when=2``."""
    call = injection.partition(":")[0]
    return subprocess.run(
        [strace, "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={injection}", *_command(folder, args)],
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
