"""Ollama's part files: what they may say, and what is believed of it."""

import os
from pathlib import Path

import pytest

from packllama.digest import Digest
from packllama.model import Blob
from packllama.places.partial import partials_in

BLOB = Blob(Digest.of(b"weights"), 1000)
OTHER = Blob(Digest.of(b"other"), 1000)
DATA = f"{BLOB.digest.file_name}-partial"


def extents(folder: Path) -> list[tuple[int, int]]:
    return [(found.start, found.stop) for found in partials_in(folder, wanted=[BLOB, OTHER]).extents(BLOB)]


def put(folder: Path, *states: str) -> None:
    """A data file, and state files as Ollama writes them."""
    (folder / DATA).write_bytes(b"")
    os.truncate(folder / DATA, BLOB.size)
    for number, state in enumerate(states):
        (folder / f"{DATA}-{number}").write_text(f"{state}\n")


def state(number: object, offset: object, size: object, completed: object) -> str:
    return f'{{"N":{number},"Offset":{offset},"Size":{size},"Completed":{completed}}}'


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([state(0, 0, 1000, 0)], []),
        ([state(0, 0, 1000, 1)], [(0, 1)]),
        ([state(0, 0, 1000, 1000)], [(0, 1000)]),
        ([state(0, 0, 400, 400), state(1, 400, 400, 100), state(2, 800, 200, 50)], [(0, 500), (800, 850)]),
        ([state(0, 0, 400, 400), state(1, 0, 400, 400)], [(0, 400)]),
        ([state(0, 100, 400, 400), state(1, 0, 900, 300)], [(0, 500)]),
        ([state(0, 900, 400, 400)], [(900, 1000)]),
        ([state(0, 1000, 400, 400)], []),
        ([state(0, 10**30, 10**30, 10**30)], []),
        ([state(0, 0, 10**30, 10**30)], [(0, 1000)]),
        ([state(0, 0, 400, 401)], []),
        ([state(0, -1, 400, 400)], []),
        ([state(0, 0, -1, -1)], []),
        ([state(0, 0, 400, -1)], []),
        ([state(0, 0, 400, "true")], []),
        ([state(0, 0, 400, "1.0")], []),
        ([state(0, 0, 400, '"1"')], []),
        ([state(0, 0, 400, "null")], []),
        ([state(0, 0, 400, "NaN")], []),
        (['{"n":0,"offset":0,"size":400,"completed":400}'], []),
        (['{"Offset":0,"Size":400}'], []),
        ([state(0, 0, 400, 400)[:-1]], []),
        ([state(0, 0, 400, 400) + " " * 1000], []),
        (["[" * 900], []),
        (["[]"], []),
        (["7"], []),
        ([""], []),
        (["[]", state(1, 400, 400, 100)], [(400, 500)]),
    ],
)
def test_what_the_parts_say(tmp_path: Path, states: list[str], expected: list[tuple[int, int]]) -> None:
    put(tmp_path, *states)
    assert extents(tmp_path) == expected


def test_states_without_data(tmp_path: Path) -> None:
    put(tmp_path, state(0, 0, 1000, 1000))
    (tmp_path / DATA).unlink()
    assert extents(tmp_path) == []


def test_what_only_looks_like_a_part(tmp_path: Path) -> None:
    put(tmp_path)
    for name in ("", "-", "-x", "-1x", "--1", "-1-1", "-٣"):
        (tmp_path / f"{DATA}{name}").write_text(state(0, 0, 1000, 1000))
    (tmp_path / f"{OTHER.digest.file_name}-partial-0").write_text(state(0, 0, 1000, 1000))
    os.mkfifo(tmp_path / f"{DATA}-7")
    (tmp_path / f"{DATA}-8").mkdir()
    assert extents(tmp_path) == []


def test_a_part_that_is_a_pipe_hides_no_other(tmp_path: Path) -> None:
    put(tmp_path, state(0, 0, 400, 400))
    os.mkfifo(tmp_path / f"{DATA}-1")
    assert extents(tmp_path) == [(0, 400)]
