"""An export to a file that dies, or runs out of space, and is run again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.mounted import mounted, sparse_file
from tests.program import environment, packllama
from tests.unit.stores import put_model

pytestmark = pytest.mark.slow

MIB = 1 << 20
SIZES = (9 * MIB, 40 * MIB)
ALL = sum(SIZES)
# Longer than what is written at once, with the headers between.
CHUNK = 1 * MIB

NeedProgram = Callable[[str, str], str]


@dataclass(frozen=True)
class Folder:
    """A folder with a store of two models, and the bundle of them as it is when nothing happens.

    ``inside`` are the words before a command that sees the folder ``out``, into which is exported; the test sees that
    folder as ``seen``.
    """

    path: Path
    whole: bytes
    seen: Path
    out: str = "."
    inside: tuple[str, ...] = ()

    @property
    def bundle(self) -> Path:
        return self.seen / "x.tar"

    @property
    def part(self) -> Path:
        return self.seen / ".x.tar.packllama-part" / "bundle"

    @property
    def words(self) -> tuple[str, ...]:
        return ("export", "*", "-o", f"{self.out}/x.tar")

    def run(self, *words: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        # The number of calls before ours must be the same in every run.
        env = {"PYTHONDONTWRITEBYTECODE": "1"}
        return packllama(*self.words, *words, cwd=self.path, env=env, before=(*self.inside, *before))

    def begin(self) -> "subprocess.Popen[bytes]":
        """A slow run that has written some MiB of its own."""
        command = [*self.inside, sys.executable, "-m", "packllama", *self.words, "--limit-rate", "20M"]
        process = subprocess.Popen(command, cwd=self.path, env=environment(self.path), stderr=subprocess.PIPE)
        while not self.part.exists() or self.part.stat().st_size < 5 * MIB:
            assert process.poll() is None
        return process

    def check_goes_on(self, *, behind: int) -> None:
        """The same command again ends with the same bytes, and does not write again what is there."""
        said = json.loads(self.run("--json", "--dry-run").stdout)
        done = self.run("--json")
        assert done.returncode == 0, done.stderr
        sent = json.loads(done.stdout)["bytes_sent"]
        assert said["bytes_to_move"] == sent
        assert abs(ALL - behind - sent) < CHUNK
        assert self.bundle.read_bytes() == self.whole
        assert not self.part.parent.exists()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    for number, size in enumerate(SIZES):
        put_model(tmp_path / "store", f"m{number}", weights=os.urandom(size))
    assert packllama("export", "*", "-o", "whole.tar", cwd=tmp_path).returncode == 0
    data = (tmp_path / "whole.tar").read_bytes()
    (tmp_path / "whole.tar").unlink()
    return Folder(tmp_path, data, seen=tmp_path)


def strace(need_program: NeedProgram, folder: Folder, *faults: str) -> subprocess.CompletedProcess[str]:
    """Run the export with these faults in the calls that they name."""
    calls = ",".join(fault.partition(":")[0] for fault in faults)
    wrapper = [need_program("strace", "strace"), "-f", "-o", "/dev/null", "-e", f"trace={calls}"]
    for fault in faults:
        wrapper += ["-e", f"inject={fault}"]
    return folder.run(before=tuple(wrapper))


@pytest.mark.parametrize("number", [30, 200, 780])
def test_killed(number: int, folder: Folder, need_program: NeedProgram) -> None:
    """At so many writes of 64 KiB."""
    done = strace(need_program, folder, f"write:signal=SIGKILL:when={number}")
    assert done.returncode in {137, -9}
    assert not folder.bundle.exists()
    left = folder.part.stat().st_size
    assert folder.whole.startswith(folder.part.read_bytes())
    assert abs(left - (number << 16)) < 2 * CHUNK
    folder.check_goes_on(behind=left)


def last(need_program: NeedProgram, folder: Folder, call: str, what: str) -> int:
    """The how-manieth of these calls is the last that names ``what``."""
    log = folder.path / "log"
    wrapper = (need_program("strace", "strace"), "-f", "-y", "-o", str(log), "-e", f"trace={call}")
    assert folder.run(before=wrapper).returncode == 0
    folder.bundle.unlink()
    lines = [line for line in log.read_text().splitlines() if f" {call}(" in line]
    return max(number for number, line in enumerate(lines, start=1) if what in line)


def test_killed_before_it_has_its_name(folder: Folder, need_program: NeedProgram) -> None:
    number = last(need_program, folder, "fsync", "-part/bundle>")
    assert strace(need_program, folder, f"fsync:signal=SIGKILL:when={number}").returncode in {137, -9}
    assert folder.part.read_bytes() == folder.whole
    folder.check_goes_on(behind=ALL)


def test_killed_when_it_has_its_name(folder: Folder, need_program: NeedProgram) -> None:
    """What is left over is small, and goes with the next run."""
    number = last(need_program, folder, "unlink", "-part/bundle.synced")
    assert strace(need_program, folder, f"unlink:signal=SIGKILL:when={number}").returncode in {137, -9}
    assert folder.bundle.read_bytes() == folder.whole
    assert {path.name for path in folder.part.parent.iterdir()} == {"bundle.synced", "lock"}
    folder.check_goes_on(behind=0)


def test_killed_several_times(folder: Folder, need_program: NeedProgram) -> None:
    sizes = []
    for _ in range(4):
        assert strace(need_program, folder, "write:signal=SIGKILL:when=150").returncode in {137, -9}
        sizes.append(folder.part.stat().st_size)
    assert all(after - before > 8 * MIB for before, after in pairwise(sizes))
    folder.check_goes_on(behind=sizes[-1])


def test_a_failing_disk_at_the_last_sync(folder: Folder, need_program: NeedProgram) -> None:
    """What could not be synced is not relied on."""
    done = strace(need_program, folder, "fsync:error=EIO:when=3+")
    assert done.returncode == 7
    assert not folder.bundle.exists()
    folder.check_goes_on(behind=0)


def test_the_largest_file_that_is_allowed(folder: Folder) -> None:
    limited = ("prlimit", f"--fsize={20 * MIB}")
    done = folder.run(before=limited)
    assert done.returncode == 7
    assert "stay in .x.tar.packllama-part: the same command goes on there" in done.stderr
    assert folder.part.stat().st_size == 20 * MIB
    folder.check_goes_on(behind=20 * MIB)


def test_a_damaged_model(folder: Folder) -> None:
    """What came before it is kept; once it is right again the export goes on."""
    blob = max((folder.path / "store" / "blobs").iterdir(), key=lambda path: path.stat().st_size)
    right = blob.read_bytes()
    blob.write_bytes(bytes(len(right)))
    done = folder.run()
    assert done.returncode == 5
    assert "stay in" in done.stderr
    assert not folder.bundle.exists()
    blob.write_bytes(right)
    folder.check_goes_on(behind=SIZES[0])


def end(process: "subprocess.Popen[bytes]") -> tuple[int, str]:
    """Its status, and what it said."""
    assert process.stderr is not None
    said = process.stderr.read().decode()
    process.stderr.close()
    return process.wait(60), said


def test_two_at_once(folder: Folder) -> None:
    """The second one says for whom it waits, and both end well."""
    first = folder.begin()
    second = folder.run()
    assert end(first)[0] == 0
    assert second.returncode == 0
    assert f"waiting for process {first.pid} (exporting to x.tar)" in second.stderr
    assert folder.bundle.read_bytes() == folder.whole
    assert not folder.part.parent.exists()


@contextmanager
def stick(folder: Folder, mount: str, *make: str) -> Iterator[Folder]:
    """The folder, with a disk of 80 MiB to export to."""
    image = sparse_file(folder.path / "stick.image", 80 * MIB)
    subprocess.run([*make, str(image)], check=True, capture_output=True)
    with mounted(image, folder.path / "stick", mount=mount) as disk:
        yield replace(folder, seen=disk.seen, out=str(disk.at), inside=disk.inside)


@pytest.fixture
def ext4(folder: Folder, need_root: None, need_program: NeedProgram) -> Iterator[Folder]:
    with stick(folder, 'mount -o loop "$0" "$1"', need_program("mkfs.ext4", "e2fsprogs"), "-q") as found:
        yield found


@pytest.fixture
def fat(folder: Folder, need_root: None, need_program: NeedProgram) -> Iterator[Folder]:
    need_program("fusefat", "fusefat")
    make = need_program("mkfs.vfat", "dosfstools")
    with stick(folder, 'fusefat -o rw+ "$0" "$1" >/dev/null 2>&1', make, "-F", "32") as found:
        yield found


def test_a_disk_that_somebody_else_fills(ext4: Folder) -> None:
    process = ext4.begin()
    with (ext4.seen / "hog").open("wb", buffering=0) as hog, suppress(OSError):
        while hog.write(bytes(MIB)):
            pass
    status, said = end(process)
    assert status == 7
    assert "No space left" in said
    assert "the same command goes on there" in said
    left = ext4.part.stat().st_size
    (ext4.seen / "hog").unlink()
    ext4.check_goes_on(behind=left)


def test_killed_on_a_stick(ext4: Folder) -> None:
    process = ext4.begin()
    process.kill()
    assert end(process)[0] == -9
    ext4.check_goes_on(behind=ext4.part.stat().st_size)


def test_stopped_on_fat(fat: Folder) -> None:
    """This driver cannot write on behind whole sectors that another process wrote, so all begins anew."""
    process = fat.begin()
    process.send_signal(signal.SIGINT)
    status, said = end(process)
    assert (status, "stay in" in said) == (130, False)
    assert list(fat.seen.iterdir()) == []
    fat.check_goes_on(behind=0)


def test_killed_on_fat(fat: Folder) -> None:
    process = fat.begin()
    process.kill()
    assert end(process)[0] == -9
    fat.check_goes_on(behind=0)
