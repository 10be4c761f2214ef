"""Checking a bundle without a store: what is wrong, where it begins, and for whom."""

from pathlib import Path

import pytest

from packllama.base.errors import Cancelled, IntegrityError, InvalidBundle, MissingFile
from packllama.base.observer import SilentObserver
from packllama.base.stop import Stop
from packllama.check.verify.bundle import BundleReport, WrongBlob, verify_bundle
from packllama.digest import Digest
from packllama.model import Blob, Move
from packllama.name import ModelName
from packllama.pieces import PIECE_BYTES
from packllama.places.bundle import BundleTarget, ToFile
from packllama.places.store import Store
from packllama.transfer import copy
from tests.unit.stores import put_model

WEIGHTS = b"weights " * (PIECE_BYTES // 8) + b"and a second piece"
SMALL = b"other weights"
NAMES = (ModelName.parse("large"), ModelName.parse("small"))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    put_model(tmp_path / "store", "large", weights=WEIGHTS)
    put_model(tmp_path / "store", "small", weights=SMALL)
    store = Store(tmp_path / "store")
    moves = [Move(store.find(name)) for name in NAMES]
    copy(moves, sources=[store], target=BundleTarget(ToFile(tmp_path / "models.tar")))
    return tmp_path / "models.tar"


def test_a_whole_one(bundle: Path) -> None:
    report = verify_bundle(bundle)
    assert (report.models, report.wrong, report.blobs) == (NAMES, (), 3)
    assert report.bytes_read > len(WEIGHTS)


@pytest.mark.parametrize(("offset", "right_until"), [(0, 0), (PIECE_BYTES - 1, 0), (PIECE_BYTES, PIECE_BYTES)])
def test_where_the_damage_begins(bundle: Path, offset: int, right_until: int) -> None:
    data = bytearray(bundle.read_bytes())
    data[data.index(WEIGHTS) + offset] ^= 1
    bundle.write_bytes(data)
    wrong = bytearray(WEIGHTS)
    wrong[offset] ^= 1
    blob = Blob(Digest.of(WEIGHTS), len(WEIGHTS))
    assert verify_bundle(bundle).wrong == (WrongBlob(blob, Digest.of(wrong), right_until, (NAMES[0],)),)


def test_two_wrong_blobs(bundle: Path) -> None:
    bundle.write_bytes(bundle.read_bytes().replace(b"weights", b"pebbles"))
    report: BundleReport = verify_bundle(bundle)
    assert {name for wrong in report.wrong for name in wrong.models} == set(NAMES)


@pytest.mark.parametrize("left", [0, 100, 20_000, -1, -600])
def test_one_that_is_cut(bundle: Path, left: int) -> None:
    bundle.write_bytes(bundle.read_bytes()[:left])
    with pytest.raises(IntegrityError, match="cut short"):
        verify_bundle(bundle)


def test_something_else(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"x" * 2000)
    with pytest.raises(InvalidBundle):
        verify_bundle(tmp_path / "x.tar")
    with pytest.raises(MissingFile):
        verify_bundle(tmp_path / "nothing.tar")


def test_stopping(bundle: Path) -> None:
    stop = Stop()

    class Stopping(SilentObserver):
        def advanced(self, count: int) -> None:
            stop.set()

    with pytest.raises(Cancelled):
        verify_bundle(bundle, observer=Stopping(), stop=stop)
