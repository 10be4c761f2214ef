"""Partial downloads as a place: the fuller of several counts, and its bytes can be read, if they are still there."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import BadInput, MissingFile
from packllama.base.reading import page_buffer
from packllama.digest import Digest
from packllama.model import Blob
from packllama.places.partial import Partials, partials_in

DATA = bytes(range(256)) * 4
BLOB = Blob(Digest.of(DATA), len(DATA))


def ollama(folder: Path, completed: int) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{BLOB.digest.file_name}-partial"
    path.write_bytes(DATA[:completed] + bytes(len(DATA) - completed))
    state = f'{{"N":0,"Offset":0,"Size":{len(DATA)},"Completed":{completed}}}\n'
    (folder / f"{path.name}-0").write_text(state)
    return path


def aria2(folder: Path) -> Path:
    """The second half."""
    folder.mkdir(exist_ok=True)
    path = folder / "download"
    path.write_bytes(bytes(512) + DATA[512:])
    control = struct.pack(">H4xIIQQIBI", 1, 0, 512, len(DATA), 0, 1, 0b01000000, 0)
    (folder / "download.aria2").write_bytes(control)
    return path


def read(partials: Partials, start: int, stop: int) -> bytes:
    buffer = page_buffer(len(DATA))
    with partials.read(BLOB, start=start, stop=stop) as reader:
        return bytes(buffer[: reader.readinto(buffer)])


def test_reading(tmp_path: Path) -> None:
    ollama(tmp_path, 700)
    partials = partials_in(tmp_path, wanted=[BLOB])
    assert partials.extents(BLOB) == (range(700),)
    assert read(partials, 3, 700) == DATA[3:700]


@pytest.mark.parametrize(("completed", "expected"), [(511, range(512, 1024)), (513, range(513))])
def test_the_fuller_one_counts(tmp_path: Path, completed: int, expected: range) -> None:
    ollama(tmp_path / "blobs", completed)
    aria2(tmp_path / "downloads")
    for folders in (("blobs", "downloads"), ("downloads", "blobs")):
        partials = partials_in(*(tmp_path / folder for folder in folders), wanted=[BLOB])
        assert partials.extents(BLOB) == (expected,)
        assert read(partials, expected.start, expected.stop) == DATA[expected.start : expected.stop]


def test_nothing_wanted_and_nothing_there(tmp_path: Path) -> None:
    ollama(tmp_path, 1)
    assert partials_in(tmp_path, wanted=[]).extents(BLOB) == ()
    assert partials_in(tmp_path / "absent", wanted=[BLOB]).extents(BLOB) == ()
    assert partials_in(wanted=[BLOB]).extents(BLOB) == ()


def _link(path: Path) -> None:
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved"))


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(("change", "error"), [(Path.unlink, MissingFile), (_link, BadInput), (_pipe, BadInput)])
def test_what_became_of_it(tmp_path: Path, change: Callable[[Path], None], error: type[Exception]) -> None:
    path = ollama(tmp_path, 700)
    partials = partials_in(tmp_path, wanted=[BLOB])
    change(path)
    with pytest.raises(error):
        read(partials, 0, 700)
