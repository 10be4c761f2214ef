"""A stick that is pulled out while models are read from it or written to it, and put in again."""

import fcntl
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.checker import check, listed
from tests.mounted import Mounted, mounted, sparse_file
from tests.program import environment, packllama
from tests.unit.stores import put_model

pytestmark = pytest.mark.slow

WEIGHTS = 24 << 20
BEGUN = 3 << 20
RATE = "6M"
DEADLINE_SECONDS = 60

# _IOR('X', 125, __u32), which ext4 and xfs share: from now on whatever asks for the device's bytes gets EIO.
SHUTDOWN = 0x8004587D


@dataclass(frozen=True)
class Stick:
    """An ext4 file system in a file."""

    image: Path
    at: Path

    @contextmanager
    def put_in(self) -> Iterator[Mounted]:
        with mounted(self.image, self.at, mount='mount -o loop "$0" "$1"') as found:
            yield found
        self.at.rmdir()


def pull_out(stick: Mounted) -> None:
    folder = os.open(stick.seen, os.O_RDONLY)
    try:
        fcntl.ioctl(folder, SHUTDOWN, struct.pack("I", 0))
    finally:
        os.close(folder)


@pytest.fixture
def stick(tmp_path: Path, need_root: None, need_program: Callable[[str, str], str]) -> Stick:
    image = sparse_file(tmp_path / "stick.image", 128 << 20)
    subprocess.run([need_program("mkfs.ext4", "e2fsprogs"), "-q", str(image)], check=True)
    return Stick(image, tmp_path / "stick")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder whose store has a model that takes some seconds at our rate."""
    put_model(tmp_path / "store", "m", weights=os.urandom(WEIGHTS))
    return tmp_path


def pulled_out_during(stick: Mounted, *words: str, begun: Callable[[], int]) -> tuple[int, str]:
    """The status and the words of a run whose stick goes as soon as so much was moved."""
    process = subprocess.Popen(
        [*stick.inside, sys.executable, "-m", "packllama", *words, "--limit-rate", RATE, "--retry", "1"],
        cwd=stick.at.parent,
        env=environment(stick.at.parent),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + DEADLINE_SECONDS
    while begun() < BEGUN:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()[1]
    pull_out(stick)
    output, said = process.communicate(timeout=DEADLINE_SECONDS)
    assert output == ""
    return process.returncode, said


def largest(folder: Path) -> int:
    """The bytes of the largest file below a folder, whatever it is called; 0 while there is none."""
    sizes = [0]
    for parent, _, files in os.walk(folder):
        for file in files:
            try:
                sizes.append(Path(parent, file).stat().st_size)
            except FileNotFoundError:
                continue
    return max(sizes)


def assert_said(status: int, said: str) -> None:
    assert status == 7, said
    assert "stick/" in said
    assert "Input/output error" in said
    assert "plugged in" in said
    assert said.count("Error: ") == 1
    assert "Traceback" not in said


def sent(done: "subprocess.CompletedProcess[str]") -> int:
    assert done.returncode == 0, done.stderr
    count = json.loads(done.stdout)["bytes_sent"]
    assert isinstance(count, int)
    return count


@pytest.mark.parametrize("source", ["m.tar", "models"])
def test_the_source(source: str, here: Path, stick: Stick) -> None:
    with stick.put_in() as plugged:
        words = ("export", "m", "-o") if source == "m.tar" else ("copy", "m", "--to")
        assert plugged.packllama("--store", str(here / "store"), *words, f"{stick.at}/{source}").returncode == 0
        there = ("--store", str(here / "there"), "import", f"{stick.at}/{source}")
        parts = here / "there/.packllama/blobs"
        assert_said(*pulled_out_during(plugged, *there, begun=lambda: largest(parts)))
    assert listed(str(here / "there")) == []
    assert not list((here / "there/blobs").iterdir())
    with stick.put_in() as plugged:
        again = packllama("--json", *there, cwd=here, before=plugged.inside)
        assert 0 < sent(again) <= WEIGHTS - BEGUN + (2 << 20)
    assert len(listed(str(here / "there"))) == 1
    assert check(str(here / "there")) == []


@pytest.mark.parametrize("words", [("export", "m", "-o", "m.tar"), ("copy", "m", "--to", "models")])
def test_the_target(words: tuple[str, ...], here: Path, stick: Stick) -> None:
    words = (*words[:-1], f"{stick.at}/{words[-1]}")
    with stick.put_in() as plugged:
        assert_said(*pulled_out_during(plugged, *words, begun=lambda: largest(plugged.seen)))
    assert check(str(here / "store")) == []
    with stick.put_in() as plugged:
        assert not (plugged.seen / "m.tar").exists()
        assert listed(str(plugged.seen / "models")) == []
        assert 0 < sent(packllama("--json", *words, cwd=here, before=plugged.inside)) <= WEIGHTS + 1000
        if words[0] == "export":
            there = ("--store", str(here / "there"), "import", f"{stick.at}/m.tar")
            assert packllama(*there, cwd=here, before=plugged.inside).returncode == 0
            assert check(str(here / "there")) == []
        else:
            assert len(listed(str(plugged.seen / "models"))) == 1
            assert check(str(plugged.seen / "models")) == []
