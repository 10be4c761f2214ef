"""A clock that jumped: files, records and sessions from the future, and from before there were files."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.checker import check
from tests.later import later
from tests.program import called
from tests.unit.stores import put_blob, put_model

pytestmark = pytest.mark.slow

# Seconds since 1970: what a file may bear from a clock that was wrong, or from FAT, which begins in 1980.
TIMES = {
    "1901": -(1 << 31),
    "before 1970": -1.5,
    "1970": 0.0,
    "1980": 315532800.0,
    "2038": float(1 << 31),
    "2099": 4.07e9,
    "2446": 15032385535.0,
}


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., str]:
    def run(*words: str) -> str:
        done = called(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("time", TIMES)
def test_files_of_another_time(time: str, tmp_path: Path, gguf: Callable[[str], Path], run: Callable[..., str]) -> None:
    store = tmp_path / "store"
    (tmp_path / "Modelfile").write_text(f"FROM {gguf('tiny-q4.gguf')}\nSYSTEM one\n")
    run("create", "a")
    for path in [*store.rglob("*"), tmp_path / "Modelfile"]:
        os.utime(path, (TIMES[time], TIMES[time]))
    assert "a:latest" in run("list")
    run("list", "--json")
    run("show", "a")
    run("cp", "a", "b")
    run("create", "c")
    run("export", "a", "-o", "out.tar")
    run("--store", "other", "import", "out.tar")
    run("copy", "b", "--to", "./other")
    run("prune", "--older-than", "0")
    assert check(str(store)) == check(str(tmp_path / "other")) == []
    run("verify")
    run("verify", "--since", "last")
    run("rm", "a", "b", "c")
    assert list((store / "blobs").iterdir()) == []


@pytest.mark.parametrize("time", TIMES)
def test_only_what_is_surely_old_is_pruned(time: str, tmp_path: Path, run: Callable[..., str]) -> None:
    """What comes from the future may be new; the clock went back since."""
    put_model(tmp_path / "store", "m")
    orphan = put_blob(tmp_path / "store", b"nobody's")
    os.utime(orphan, (TIMES[time], TIMES[time]))
    with later():
        run("prune", "--older-than", "0")
    assert orphan.exists() == (time in {"2038", "2099", "2446"})
    assert check(str(tmp_path / "store")) == []


@pytest.mark.parametrize(
    "at", [4.07e9, 0, -1e9, 1e300, -1e300, float("inf"), float("nan"), 10**400], ids=lambda at: str(at)[:9]
)
def test_a_record_of_another_time(
    at: float, tmp_path: Path, gguf: Callable[[str], Path], run: Callable[..., str]
) -> None:
    """Damage is found all the same, and the record of a whole blob does no harm."""
    store = tmp_path / "store"
    (tmp_path / "Modelfile").write_text(f"FROM {gguf('tiny-q4.gguf')}\nSYSTEM one\n")
    run("create", "m")
    for record in (store / ".packllama/hashes").iterdir():
        record.write_text(json.dumps({**json.loads(record.read_text()), "hashed_at": at}))
    run("verify", "--since", "last")
    run("cp", "m", "n")
    run("create", "other")
    run("verify")
    blob = max((store / "blobs").iterdir(), key=lambda path: path.stat().st_size)
    with blob.open("r+b") as file:
        file.write(b"other bytes")
    assert called("verify", "--since", "last", cwd=tmp_path).returncode == 5
