"""What files hashed to, from one run to the next."""

from dataclasses import replace
from pathlib import Path

import pytest

from packllama.digest import Digest
from packllama.places.loose import memory as module
from packllama.places.loose.memory import Memory
from packllama.places.loose.walk import Seen

FILE = Seen("a", 1, 2, 3, 4, 5)
DIGEST = Digest("ab" * 32)


def test_it_lasts(tmp_path: Path) -> None:
    path = tmp_path / "state" / "known"
    memory = Memory(path)
    memory.learn(FILE, DIGEST)
    assert memory.digest(FILE) == DIGEST
    memory.save()
    assert Memory(path).digest(replace(FILE, path="elsewhere")) == DIGEST
    assert b"elsewhere" not in path.read_bytes()


@pytest.mark.parametrize("changed", range(5))
def test_only_while_nothing_changed(changed: int) -> None:
    memory = Memory()
    memory.learn(FILE, DIGEST)
    signs = [9 if index == changed else index + 1 for index in range(5)]
    assert memory.digest(Seen("a", *signs)) is None


def test_there_is_an_end_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    memory = Memory(tmp_path / "known")
    for inode in (1, 2, 3, 1):
        memory.learn(replace(FILE, inode=inode), DIGEST)
    memory.save()
    again = Memory(tmp_path / "known")
    assert [again.digest(replace(FILE, inode=inode)) is not None for inode in (1, 2, 3)] == [True, False, True]


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[[1]]", b'[[1,2,3,4,5,"x"]]', b'[[1e999,2,3,4,5,"x"]]', b'[["a",2,3,4,5,"x"]]', b"7", b"[" * 9999],
)
def test_nonsense_is_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "known").write_bytes(data)
    assert Memory(tmp_path / "known").digest(FILE) is None
