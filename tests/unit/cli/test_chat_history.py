"""What was typed, across conversations."""

import os
import stat
from pathlib import Path

import pytest

from packllama.cli.chat import history


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "packllama" / "history"


def test_entries_come_back_in_their_order(path: Path) -> None:
    typed = ["Hi", "two\nlines", "你好", '"quoted"', "123", "/set system x", "tab\there"]
    for text in typed:
        history.remember(path, text)
    assert history.entries(path) == typed


def test_only_its_owner_may_read_it(path: Path) -> None:
    before = os.umask(0)
    try:
        history.remember(path, "secret")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["history"]


def test_the_last_hundred_stay(path: Path) -> None:
    for number in range(103):
        history.remember(path, f"entry {number}")
    assert history.entries(path) == [f"entry {number}" for number in range(3, 103)]


def test_a_pasted_document_is_not_kept(path: Path) -> None:
    history.remember(path, "short")
    history.remember(path, "x" * 20_000)
    assert history.entries(path) == ["short"]


def test_lone_surrogates_are_replaced(path: Path) -> None:
    history.remember(path, "a\udcffb")
    assert history.entries(path) == ["a?b"]


@pytest.mark.parametrize(
    ("data", "entries"),
    [
        (b"", []),
        (b"plain text\n\nsecond\n", ["plain text", "second"]),
        (b'{"a": 1}\n[1]\n12\n', ['{"a": 1}', "[1]", "12"]),
        (b'"cut of', ['"cut of']),
        (b"\xff\xfe\n", ["\ufffd\ufffd"]),
        (b"[" * 100_000 + b"\n", ["[" * 100_000]),
    ],
)
def test_what_others_wrote(data: bytes, entries: list[str], path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    assert history.entries(path) == entries


def test_a_file_beyond_all_bounds_is_left_alone(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(1 << 30)
    history.remember(path, "Hi")
    assert history.entries(path) == []
    assert path.stat().st_size == 1 << 30


@pytest.mark.parametrize("obstacle", ["folder", "pipe", "file above"])
def test_what_stands_in_the_way_is_passed_over(obstacle: str, path: Path) -> None:
    if obstacle == "file above":
        path.parent.parent.write_bytes(b"")
    else:
        path.parent.mkdir(parents=True)
        path.mkdir() if obstacle == "folder" else os.mkfifo(path)
    history.remember(path, "Hi")
    assert history.entries(path) == []
    assert not path.is_file()
