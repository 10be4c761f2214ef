"""Several programs that carry the same blobs at once: all succeed, and who waits says for whom."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.checker import check, listed
from tests.program import environment, packllama
from tests.real.test_carry import begun
from tests.unit.stores import put_model

pytestmark = pytest.mark.slow

WEIGHTS = 12 << 20
RATE = "4M"
DEADLINE_SECONDS = 60

IMPORT = ("--store", "there", "import", "m.tar")
IMPORT_STREAM = ("--store", "there", "import", "-")
COPY = ("copy", "m", "--to", "./there")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a model in its store, and a bundle of it."""
    put_model(tmp_path / "store", "m", weights=os.urandom(WEIGHTS))
    assert packllama("export", "m", "-o", "m.tar", cwd=tmp_path).returncode == 0
    return tmp_path


@contextmanager
def running(folder: Path, *words: str) -> "Iterator[subprocess.Popen[str]]":
    with (folder / "m.tar").open("rb") as bundle:
        process = subprocess.Popen(
            [sys.executable, "-m", "packllama", *words],
            cwd=folder,
            env=environment(folder),
            stdin=bundle,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    with process:
        yield process


def wait_until_begun(parts: Path, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while begun(parts) < 1 << 20:
        assert time.monotonic() < deadline
        assert process.poll() is None


@pytest.mark.parametrize("first", [IMPORT, COPY], ids=" ".join)
@pytest.mark.parametrize("second", [IMPORT, IMPORT_STREAM, COPY], ids=" ".join)
def test_one_waits_and_says_for_whom(first: tuple[str, ...], second: tuple[str, ...], here: Path) -> None:
    with running(here, *first, "--limit-rate", RATE) as ahead:
        wait_until_begun(here / "there/.packllama/blobs", ahead)
        with running(here, *second) as behind:
            said = behind.communicate(timeout=DEADLINE_SECONDS)[1]
        assert ahead.communicate(timeout=DEADLINE_SECONDS)[1]
    assert (ahead.returncode, behind.returncode) == (0, 0), said
    assert f"waiting for process {ahead.pid} (copying m:latest)" in said
    assert len(listed(str(here / "there"))) == 1
    assert check(str(here / "there")) == []
    assert [*(here / "there/.packllama").glob("blobs/*"), *(here / "there/.packllama").glob("work/*")] == []


def test_the_one_that_is_waited_for_is_killed(here: Path) -> None:
    """The other goes on where it stopped."""
    with running(here, *IMPORT, "--limit-rate", RATE) as ahead:
        wait_until_begun(here / "there/.packllama/blobs", ahead)
        with running(here, *COPY) as behind:
            assert behind.stderr is not None
            assert "waiting for" in behind.stderr.readline()
            ahead.kill()
            assert behind.communicate(timeout=DEADLINE_SECONDS)[0] == "copied m:latest to there\n"
    assert behind.returncode == 0
    assert check(str(here / "there")) == []
