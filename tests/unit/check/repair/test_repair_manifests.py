"""Manifests that cannot be read: which are replaced, by what, and when."""

import errno
import os
from pathlib import Path

import pytest

from packllama.base.errors import IntegrityError, MachineError, Unreachable
from packllama.digest import Digest
from packllama.manifest import Manifest
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.places.place import Reader
from packllama.places.store import Store, StoreTarget
from tests.unit.check.repairing import BLOB, DATA, SYSTEM, WEIGHTS, P, flip, is_whole, repaired, weights
from tests.unit.stores import TINY_CONFIG, snapshot
from tests.unit.transfer.memory import MemorySource, made

NAME = ModelName.parse("m")


class Place(MemorySource):
    """Has one model, under any name."""

    def __init__(self, manifest: Manifest, blobs: dict[Digest, bytes] = DATA, name: str = "far") -> None:
        super().__init__(blobs, name=name)
        self._manifest = manifest

    def find(self, name: ModelName) -> Model:
        return Model(name, self._manifest)


@pytest.fixture
def path(store: Store) -> Path:
    return store.layout.manifest(NAME)


@pytest.fixture
def place(store: Store) -> Place:
    """Has the very model."""
    return Place(store.model(NAME).manifest)


OTHER, OTHER_BLOBS = made("m", b"another model")


def digest(data: bytes, *, between: str = ":") -> bytes:
    return f"sha256{between}{Digest.of(data).hex}".encode()


@pytest.mark.parametrize(
    "left",
    [b"", b"\x00", b"{" + digest(WEIGHTS), digest(SYSTEM, between="-") + digest(TINY_CONFIG), b"sha256:" + b"0" * 63],
)
def test_it_is_taken_when_it_may_be_the_same(store: Store, path: Path, place: Place, left: bytes) -> None:
    right = path.read_bytes()
    path.write_bytes(left)
    report = repaired(store, place)
    assert (report.taken, report.problems) == ((NAME,), ())
    assert path.read_bytes() == right


@pytest.mark.parametrize("left", [digest(WEIGHTS), digest(b"another model") + b"}" + digest(SYSTEM, between="-")])
def test_another_model_of_that_name_is_not_taken(store: Store, path: Path, left: bytes) -> None:
    """The blobs of this one would be nobody's, and prune would remove them."""
    path.write_bytes(left)
    before = snapshot(store.layout.root)
    report = repaired(store, Place(OTHER.manifest, OTHER_BLOBS))
    (problem,) = report.problems
    assert isinstance(problem.error, IntegrityError)
    assert "far has another model of that name" in problem.error.message
    assert (problem.error.where, problem.models, report.taken) == (str(path), (NAME,), ())
    assert "packllama rm m:latest" in problem.error.hint
    assert snapshot(store.layout.root) == before


def test_the_next_place_may_have_the_very_one(store: Store, path: Path, place: Place) -> None:
    right = path.read_bytes()
    path.write_bytes(right[:-5])
    assert repaired(store, Place(OTHER.manifest, OTHER_BLOBS, "near"), place).problems == ()
    assert path.read_bytes() == right


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_what_may_not_be_read_is_not_replaced(
    store: Store, path: Path, place: Place, monkeypatch: pytest.MonkeyPatch, number: int, dry_run: bool
) -> None:
    opened = os.open

    def refusing(name: str | Path, *words: int, **more: int) -> int:
        if str(name) == str(path):
            raise OSError(number, os.strerror(number))
        return opened(name, *words, **more)

    before = snapshot(store.layout.root)
    monkeypatch.setattr("packllama.base.reading.os.open", refusing)
    report = repaired(store, place, dry_run=dry_run)
    monkeypatch.undo()
    (problem,) = report.problems
    assert isinstance(problem.error, MachineError)
    assert (problem.models, report.taken) == ((NAME,), ())
    assert snapshot(store.layout.root) == before


def test_a_link_that_leads_nowhere_is_not_replaced(store: Store, path: Path, place: Place) -> None:
    """It may lead to a disk that is not mounted."""
    path.unlink()
    path.symlink_to("nowhere")
    (problem,) = repaired(store, place).problems
    assert "a link that leads nowhere" in problem.error.message
    assert path.is_symlink()


# ---- taken, and when


def test_it_is_not_called_taken_when_it_was_not_written(
    store: Store, path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise MachineError("No space left on device")

    path.write_bytes(b"{")
    monkeypatch.setattr(StoreTarget, "begin", refuse)
    report = repaired(store, place)
    (problem,) = report.problems
    assert (report.taken, report.whole) == ((), False)
    assert (problem.error.where, path.read_bytes()) == (str(path), b"{")
    assert "No space left on device" in problem.error.message


def test_no_blob_comes_before_its_model(store: Store, path: Path, place: Place) -> None:
    """What only a model needs that is not there yet waits outside ``blobs``."""
    path.write_bytes(b"{")
    lacking = [store.layout.blob(Digest.of(SYSTEM)), weights(store)]
    for blob in lacking:
        blob.unlink()
    seen: list[bool] = []

    def answer(blob: Blob, start: int, stop: int) -> Reader:
        seen.append(any(each.exists() for each in lacking))
        if blob == BLOB:
            raise Unreachable("no connection")
        return place.honest(blob, start, stop)

    place.answer = answer
    (problem,) = repaired(store, place).problems
    assert isinstance(problem.error, Unreachable)
    assert seen
    assert not any(seen) and not any(each.exists() for each in lacking)
    assert path.read_bytes() == b"{"
    place.answer = place.honest
    assert repaired(store, place).taken == (NAME,)
    assert is_whole(store)


def test_what_is_damaged_of_it_is_mended_by_its_pieces(store: Store, path: Path, place: Place) -> None:
    path.write_bytes(b"{")
    flip(store, 0)
    report = repaired(store, place)
    assert (report.bytes_fetched, report.taken) == (P, (NAME,))
    assert is_whole(store)


def test_a_dry_run_asks_nobody(store: Store, path: Path) -> None:
    path.write_bytes(b"{")

    class Silent(MemorySource):
        def find(self, name: ModelName) -> Model:
            raise AssertionError

    report = repaired(store, Silent({}), dry_run=True)
    assert (report.taken, report.problems, report.whole) == ((NAME,), (), False)
