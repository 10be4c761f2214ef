"""Blobs are read up to the first bad piece."""

import os
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled, IntegrityError
from packllama.base.observer import SILENT, SilentObserver
from packllama.base.stop import Stop
from packllama.check.repair.look import Look, is_still, look_at_all
from packllama.check.repair.track import Marks
from packllama.digest import Digest
from packllama.model import Blob
from packllama.places.store import Store
from tests.unit.check.repairing import BLOB, DATA, KNOWN, WEIGHTS, P, flip, make_store, weights


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


def seen(store: Store, stop: Stop | None = None) -> Look:
    (found,) = look_at_all(store.layout, [Marks(BLOB, KNOWN)], observer=SILENT, stop=stop or Stop())
    return found


class Counting(SilentObserver):
    """Told by several threads at once."""

    def __init__(self) -> None:
        self.plans: list[int] = []
        self.counts: list[int] = []

    def planned(self, total: int) -> None:
        self.plans.append(total)

    def advanced(self, count: int) -> None:
        self.counts.append(count)


def test_all_of_them(store: Store) -> None:
    notes = Counting()
    marks = [Marks(Blob(digest, len(data)), None) for digest, data in DATA.items()]
    looks = look_at_all(store.layout, marks, observer=notes, stop=Stop())
    assert all(each.whole for each in looks)
    assert {each.blob.digest for each in looks} == {*DATA}
    assert notes.plans == [sum(notes.counts)]


def test_none_at_all(store: Store) -> None:
    assert look_at_all(store.layout, [], observer=SILENT, stop=Stop()) == []


def test_up_to_the_first_bad_piece(store: Store) -> None:
    flip(store, P + 1, 2 * P)
    found = seen(store)
    assert (found.whole, found.mendable, found.track.position, found.bad) == (False, True, P, range(P, 2 * P))


def test_what_is_missing_may_be_in_the_quarantine(store: Store) -> None:
    store.layout.quarantine.mkdir()
    left = store.layout.quarantined(BLOB.digest)
    weights(store).rename(left)
    assert (seen(store).path, seen(store).whole, seen(store).bad) == (left, False, range(len(WEIGHTS), len(WEIGHTS)))
    left.unlink()
    assert (seen(store).mendable, seen(store).error, seen(store).bad) == (False, None, range(len(WEIGHTS)))


def test_what_is_no_file(store: Store) -> None:
    weights(store).unlink()
    weights(store).mkdir()
    assert isinstance(seen(store).error, IntegrityError)


def test_is_still(store: Store) -> None:
    found = seen(store)
    assert is_still(found, store.layout)
    os.utime(weights(store))
    assert not is_still(found, store.layout)
    weights(store).unlink()
    assert not is_still(found, store.layout)
    missing = seen(store)
    assert is_still(missing, store.layout)
    store.layout.blob(Digest.of(WEIGHTS)).write_bytes(b"come")
    assert not is_still(missing, store.layout)


def test_it_stops(store: Store) -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Cancelled):
        seen(store, stop)
