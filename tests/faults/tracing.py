"""Run packllama under strace: list the system calls that change or read files, and make a chosen one fail or kill.

``when=N`` of strace counts per call name and per thread, so points are numbered the same way, thread by thread. Where
several threads make an N-th call of one name, the first to come there is hit, and one that died takes the others along.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.faults.launching import Run, launch

# Whatever changes a file, a name or a lock file. openat is among them when it may create.
CHANGES = (
    "openat,write,pwrite64,pwritev,ftruncate,fallocate,rename,renameat,renameat2,link,linkat,symlink,symlinkat,"
    "unlink,unlinkat,rmdir,mkdir,mkdirat,fsync,fdatasync,fchmod,chmod,fchmodat,utimensat,copy_file_range,sendfile"
)
READS = "read,pread64,preadv,preadv2,readv,getdents64"

_LINE = re.compile(r"(?P<thread>\d+) +(?:<\.\.\. )?(?P<call>[a-z0-9_]+)(?P<resumed> resumed>|\()(?P<rest>.*)")


@dataclass(frozen=True)
class Point:
    """The ``number``-th ``call`` of any thread."""

    call: str
    number: int

    def __str__(self) -> str:
        return f"{self.call}:{self.number}"


@dataclass(frozen=True)
class Traced:
    """How a run ended into which a fault was put, and whether it met the fault: that, and no other one.

    Other threads may make an N-th call of the same name too, one that is about no file of the folder.
    """

    returncode: int
    stderr: str
    met: bool


def run_with(strace: str, folder: Path, run: Run, injection: str) -> Traced:
    """Run packllama with one fault, such as ``rename:signal=SIGKILL:when=2``."""
    call, _, fault = injection.partition(":")
    log = folder.with_name("strace.log")
    # Not with --seccomp-bpf: a signal that is injected with it kills nobody.
    words = (strace, "-f", "-y", "-o", str(log), "-e", f"trace={call}", "-e", f"inject={injection}")
    done = launch(folder, run, strace=words)
    if fault.startswith("signal"):
        return Traced(done.returncode, done.stderr, met=done.returncode == -9)
    injected = [rest for _, _, rest in _calls(log.read_text(errors="replace")) if "(INJECTED)" in rest]
    met = bool(injected) and all(_is_ours(rest, str(folder)) for rest in injected)
    return Traced(done.returncode, done.stderr, met)


def points(strace: str, folder: Path, run: Run, *, calls: str = CHANGES) -> list[Point]:
    """Run packllama once; its points, as in `points_in`."""
    log = folder.with_name("strace.log")
    words = (strace, "-f", "-y", "-o", str(log), "-e", f"trace={calls}")
    done = launch(folder, run, strace=words)
    assert done.returncode == 0, done.stderr
    return points_in(log.read_text(errors="replace"), str(folder))


def points_in(log: str, folder: str) -> list[Point]:
    """Every call for a file below the folder, or for the pipe, in order, each number once.

    A call that fails by itself changes nothing, and meets neither a full disk nor a broken one, so it is no point.
    """
    counts: Counter[tuple[str, str]] = Counter()
    found: dict[Point, None] = {}
    for thread, call, rest in _calls(log):
        counts[thread, call] += 1
        if _is_ours(rest, folder) and " = -1 " not in rest and (call != "openat" or "O_CREAT" in rest):
            found[Point(call, counts[thread, call])] = None
    return list(found)


def _calls(log: str) -> list[tuple[str, str, str]]:
    """Thread, call and the rest of the line, in the order in which they began: a call that took a while has two."""
    found: list[tuple[str, str, str]] = []
    begun: dict[str, int] = {}
    for match in filter(None, map(_LINE.match, log.splitlines())):
        if match["resumed"] == " resumed>":
            thread, call, rest = found[begun[match["thread"]]]
            found[begun[match["thread"]]] = thread, call, rest + match["rest"]
        else:
            begun[match["thread"]] = len(found)
            found.append((match["thread"], match["call"], match["rest"]))
    return found


def _is_ours(rest: str, folder: str) -> bool:
    """Whether it is about the folder, a name relative to it, or the pipe."""
    return folder in rest or re.match(r'"[^/]|0<', rest) is not None
