"""A real file system in a file, mounted where only the programs that are told so see it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.program import packllama

# Mounts, says so, and stays until its input ends: also when the test is killed.
_KEEPER = '{mount} && {{ echo ready; cat; umount "$1"; }}'

# Shell commands that mount the file $0 on the folder $1.
IMAGE = 'mount -o loop "$0" "$1"'
FAT = 'fusefat -o rw+ "$0" "$1" >/dev/null 2>&1'
# Root may only mount a device, which goes with the mount.
EXFAT = (
    'loop=$(losetup --find --show "$0") && { mount.exfat-fuse "$loop" "$1" >/dev/null 2>&1; status=$?; '
    'losetup --detach "$loop"; test "$status" = 0; }'
)


@dataclass(frozen=True)
class Mounted:
    """``at`` is where the programs see it, ``seen`` where the test does."""

    at: Path
    keeper: int

    @property
    def seen(self) -> Path:
        return Path(f"/proc/{self.keeper}/root", *self.at.parts[1:])

    @property
    def inside(self) -> tuple[str, ...]:
        """The words before a command that shall see the file system."""
        return ("nsenter", f"--mount=/proc/{self.keeper}/ns/mnt", f"--wd={self.at.parent}")

    def packllama(self, *args: str) -> subprocess.CompletedProcess[str]:
        """The program, with the store on this file system; it works in the folder beside it."""
        return packllama("--store", str(self.at / "store"), *args, cwd=self.at.parent, before=self.inside)

    def read_only(self) -> None:
        """From now on."""
        self.run("mount", "-o", "remount,ro", str(self.at))

    def run(self, *command: str) -> str:
        """What any other command prints."""
        done = subprocess.run([*self.inside, *command], check=True, capture_output=True, text=True)
        return done.stdout


@contextmanager
def mounted(image: Path, at: Path, *, mount: str) -> Iterator[Mounted]:
    """``mount`` is a shell command that mounts the file ``$0`` on the folder ``$1``."""
    at.mkdir()
    keeper = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", _KEEPER.format(mount=mount), str(image), str(at)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert keeper.stdin
    assert keeper.stdout
    try:
        answer = keeper.stdout.readline()
        assert answer == "ready\n", answer + keeper.communicate(timeout=10)[0]
        yield Mounted(at, keeper.pid)
    finally:
        keeper.stdin.close()
        keeper.wait(timeout=30)
        keeper.stdout.close()


def sparse_file(path: Path, size: int) -> Path:
    """A file that is one hole."""
    path.touch()
    os.truncate(path, size)
    return path
