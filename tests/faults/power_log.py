"""Every system call by which a run of packllama changes files, with all of its bytes, in the order they took effect."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.program import environment

# Whatever can change a file or a name, and what tells where in a file a write lands. Those that the disk's model does
# not know are here to be refused.
TRACED = (
    "openat,open,creat,lseek,write,pwrite64,writev,pwritev,pwritev2,truncate,ftruncate,fallocate,ioctl,"
    "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,fsync,fdatasync,"
    "copy_file_range,sendfile,splice,dup,dup2,dup3,chdir,fchdir,vmsplice,sync_file_range,sync,syncfs,mknodat"
)

SYNCS = {"fsync", "fdatasync"}

# Longer than any write of a test.
_STRING_LIMIT = 1 << 20

_LINE = re.compile(r"(?P<thread>\d+) +(?P<text>.*)\Z")
_CALL = re.compile(r"(?P<name>\w+)\((?P<args>.*)\) += (?P<result>\d+)\Z")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(?P<text>.*)\Z")
_ARGUMENT = re.compile(r'"(?:\\x[0-9a-f]{2})*"(?:\.\.\.)?|\[[^]]*\]|[^,]+')

_UNFINISHED = " <unfinished ...>"


@dataclass(frozen=True)
class Call:
    """One that succeeded. ``began`` and ``ended`` count the lines of the log: other threads' calls may lie between.

    Strings are bytes, flags and numbers are as strace spells them.
    """

    name: str
    args: tuple[str | bytes, ...]
    result: int
    began: int
    ended: int


def traced(strace: str, folder: Path, args: Sequence[str], *, log: Path, program: Path) -> list[Call]:
    """Run ``program`` with these arguments in a folder, its home, to a good end."""
    words = (strace, "-f", "--seccomp-bpf", "-xx", "-s", str(_STRING_LIMIT), "-o", str(log), "-e", f"trace={TRACED}")
    done = subprocess.run(
        [*words, sys.executable, "-B", str(program), *args],
        cwd=folder,
        env=environment(folder, {"PYTHONPATH": os.pathsep.join(sys.path)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return sorted(_calls(log.read_text().splitlines()), key=lambda call: call.ended)


def _calls(lines: Sequence[str]) -> Iterator[Call]:
    begun: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(lines):
        match = _LINE.match(line)
        assert match, line
        thread, text, began = match["thread"], match["text"], number
        if text.endswith(_UNFINISHED):
            begun[thread] = text.removesuffix(_UNFINISHED), number
            continue
        if resumed := _RESUMED.match(text):
            head, began = begun.pop(thread)
            text = head + resumed["text"]
        if call := _CALL.match(text):
            yield Call(call["name"], _arguments(call["args"]), int(call["result"]), began, number)
        else:
            assert " = -1 " in text or " = ?" in text or text.startswith(("+++", "---")), line


def _arguments(text: str) -> tuple[str | bytes, ...]:
    found = (match[0].strip() for match in _ARGUMENT.finditer(text.replace(", ", ",")))
    return tuple(_bytes(word) if word.startswith('"') else word for word in found)


def _bytes(word: str) -> bytes:
    assert word.endswith('"'), f"strace cut a string off: {word[:80]}"
    return bytes.fromhex(word[1:-1].replace("\\x", ""))
