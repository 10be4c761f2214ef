"""Which files are seen, and which things are not touched."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from packllama.base.errors import BadInput, Cancelled, MissingFile
from packllama.base.stop import Stop
from packllama.places.loose import walk as module
from packllama.places.loose.walk import DEEPEST, walk


def names(*roots: Path, without: Sequence[Path] = ()) -> list[str]:
    return [file.name for file in walk(roots, without=without, stop=Stop()).files]


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_only_plain_files(tmp_path: Path) -> None:
    put(tmp_path / "deep" / "er" / "a")
    put(tmp_path / "b")
    put(tmp_path / ".packllama" / "version")
    (tmp_path / "link").symlink_to("b")
    (tmp_path / "round").symlink_to(".")
    (tmp_path / "nowhere").symlink_to("nothing")
    os.mkfifo(tmp_path / "pipe")
    assert names(tmp_path) == ["b", "a"]


def test_each_folder_once(tmp_path: Path) -> None:
    put(tmp_path / "deep" / "a")
    assert names(tmp_path, tmp_path / "deep") == ["a"]
    assert names(tmp_path, without=[tmp_path / "deep"]) == []


def test_roots_may_be_links_and_files(tmp_path: Path) -> None:
    put(tmp_path / "real" / "a")
    (tmp_path / "link").symlink_to("real")
    assert names(tmp_path / "link") == ["a"]
    assert names(tmp_path / "real" / "a") == ["a"]
    assert [file.path for file in walk([tmp_path / "link" / "a"], stop=Stop()).files] == [str(tmp_path / "link" / "a")]
    (tmp_path / "b").symlink_to("real/a")
    assert [file.path for file in walk([tmp_path / "b"], stop=Stop()).files] == [str(tmp_path / "real" / "a")]


def test_roots_that_are_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MissingFile):
        names(tmp_path / "nothing")
    with pytest.raises(BadInput, match="pipe"):
        names(tmp_path / "pipe")


def test_too_deep(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(DEEPEST + 2):
        folder = folder / "d"
    put(folder / "a")
    sight = walk([tmp_path], stop=Stop())
    assert sight.files == []
    assert "too deep" in sight.unread[0].message


def test_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 3)
    for number in range(4):
        put(tmp_path / str(number))
    with pytest.raises(BadInput, match="more than 3 files"):
        names(tmp_path)


def test_a_stop(tmp_path: Path) -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Cancelled):
        walk([tmp_path], stop=stop)
