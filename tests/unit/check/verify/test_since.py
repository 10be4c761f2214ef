"""What verify need not read again, what it reads nevertheless, and what it notes of it."""

import json
import os
import time
from pathlib import Path

import pytest

from packllama.base.errors import NoRights, UsageError
from packllama.base.observer import SilentObserver
from packllama.check.finding import FindingKind
from packllama.check.verify.noting import LEAST_NOTED
from packllama.check.verify.unread import since_last
from packllama.check.verify.verify import VerifyReport, verify
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.places.store import Store, has_valid_record
from tests.unit.check.damages import flip_a_bit
from tests.unit.stores import TINY_CONFIG, TINY_GGUF, put_model, snapshot

# Ten blobs that are noted, of one size; and two that are not.
LARGE = [bytes([65 + number]) * LEAST_NOTED for number in range(10)]
DIGESTS = [Digest.of(data) for data in LARGE]
SMALL = len(TINY_GGUF) + len(TINY_CONFIG)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    put_model(tmp_path, "m", *((LayerKind.LICENSE, data) for data in LARGE))
    return Store(tmp_path)


def again(store: Store) -> VerifyReport:
    return verify(store, since_last_time=True)


def hashed_at(store: Store, digest: Digest) -> float:
    return float(json.loads(store.layout.hash_record(digest).read_bytes())["hashed_at"])


def set_hashed_at(store: Store, digest: Digest, when: float) -> None:
    path = store.layout.hash_record(digest)
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "hashed_at": when}))


def rewrite_in_silence(path: Path) -> None:
    """Other bytes of the same length, and the file's own time: only its ctime tells."""
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    flip_a_bit(path)
    os.utime(path, ns=times)


def test_what_was_right_is_not_read_again(store: Store) -> None:
    report = verify(store)
    assert (report.blobs, report.skipped) == (12, 0)
    report = again(store)
    assert report.clean
    assert (report.blobs, report.bytes_read) == (3, LEAST_NOTED + SMALL)
    assert (report.skipped, report.bytes_skipped) == (9, 9 * LEAST_NOTED)


def test_small_blobs_are_read_and_not_noted(store: Store) -> None:
    verify(store)
    assert {path.name for path in store.layout.hashes.iterdir()} == {digest.hex for digest in DIGESTS}


def test_a_full_verify_believes_no_record(store: Store) -> None:
    verify(store)
    assert verify(store).blobs == 12


def test_each_time_those_come_that_were_read_longest_ago(store: Store) -> None:
    """After ten times each was read once more."""
    verify(store)
    for age, digest in enumerate(DIGESTS):
        set_hashed_at(store, digest, time.time() - 1000 * (age + 1))
    for digest in reversed(DIGESTS):
        before = hashed_at(store, digest)
        assert again(store).skipped == 9
        assert hashed_at(store, digest) > before
    assert all(hashed_at(store, digest) > time.time() - 500 for digest in DIGESTS)


@pytest.mark.parametrize("when", [1e15, float("nan"), float("inf")])
def test_a_time_to_come_counts_as_longest_ago(store: Store, when: float) -> None:
    verify(store)
    set_hashed_at(store, DIGESTS[4], when)
    assert DIGESTS[4] not in since_last(store.layout, DIGESTS, now=time.time())


@pytest.mark.parametrize(("sizes", "read"), [([3], 1), ([1, 1, 18], 2), ([2, 18], 1), ([1, 19], 2), ([], 0)])
def test_at_least_a_tenth_of_the_bytes(tmp_path: Path, sizes: list[int], read: int) -> None:
    put_model(
        tmp_path, "m", *((LayerKind.LICENSE, bytes([65 + n]) * LEAST_NOTED * size) for n, size in enumerate(sizes))
    )
    store = Store(tmp_path)
    verify(store)
    digests = [Digest.of(bytes([65 + n]) * LEAST_NOTED * size) for n, size in enumerate(sizes)]
    for age, digest in enumerate(digests):
        set_hashed_at(store, digest, float(age))
    assert len(since_last(store.layout, digests, now=time.time())) == len(sizes) - read


@pytest.mark.parametrize("sign", ["inode", "size", "mtime_ns", "ctime_ns", "hashed_at"])
def test_a_record_that_says_anything_else_does_not_hold(store: Store, sign: str) -> None:
    verify(store)
    path = store.layout.hash_record(DIGESTS[3])
    record = json.loads(path.read_bytes())
    path.write_text(json.dumps({**record, sign: "x" if sign == "hashed_at" else record[sign] + 1}))
    assert DIGESTS[3] not in since_last(store.layout, DIGESTS, now=0)


def test_who_writes_and_sets_the_time_back_is_seen(store: Store) -> None:
    verify(store)
    rewrite_in_silence(store.layout.blob(DIGESTS[9]))
    (finding,) = again(store).findings
    assert (finding.kind, finding.digest) == (FindingKind.DAMAGED, DIGESTS[9])


def test_wrong_bytes_take_the_record_with_them(store: Store) -> None:
    verify(store)
    path = store.layout.blob(DIGESTS[9])
    flip_a_bit(path)
    assert not verify(store).whole
    assert not store.layout.hash_record(DIGESTS[9]).exists()
    flip_a_bit(path)
    assert again(store).clean
    assert has_valid_record(store.layout, DIGESTS[9])


def test_a_record_that_lies_is_found_out_when_its_turn_comes(store: Store) -> None:
    """As after bit rot: the bytes are others, and nothing of the file tells."""
    path = store.layout.blob(DIGESTS[9])
    flip_a_bit(path)
    verify(store)
    status = path.stat()
    record = {
        "inode": status.st_ino,
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "ctime_ns": status.st_ctime_ns,
        "hashed_at": time.time(),
    }
    store.layout.hash_record(DIGESTS[9]).write_text(json.dumps(record))
    assert again(store).clean
    set_hashed_at(store, DIGESTS[9], 0)
    assert [finding.digest for finding in again(store).findings] == [DIGESTS[9]]
    assert not store.layout.hash_record(DIGESTS[9]).exists()


def test_a_missing_blob_is_missing_at_once(store: Store) -> None:
    verify(store)
    store.layout.blob(DIGESTS[5]).unlink()
    assert [finding.kind for finding in again(store).findings] == [FindingKind.MISSING]


def test_nothing_is_written_when_nothing_is_new(store: Store) -> None:
    verify(store)
    records = {path.name: path.stat().st_ino for path in store.layout.hashes.iterdir()}
    verify(store)
    assert {path.name: path.stat().st_ino for path in store.layout.hashes.iterdir()} == records


def test_a_record_of_last_week_is_renewed(store: Store) -> None:
    verify(store)
    set_hashed_at(store, DIGESTS[0], time.time() - 7 * 86400)
    verify(store)
    assert hashed_at(store, DIGESTS[0]) > time.time() - 86400


def test_a_store_that_may_not_be_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NoRights("Read-only file system")

    monkeypatch.setattr("packllama.places.store.session.prepare", refuse)
    before = snapshot(store.layout.root)
    assert verify(store).clean
    assert again(store).skipped == 0
    assert snapshot(store.layout.root) == before


def test_quick_reads_no_byte(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a blob was read")

    monkeypatch.setattr("os.readv", refuse)
    flip_a_bit(store.layout.blob(DIGESTS[0]))
    report = verify(store, quick=True)
    assert (report.clean, report.quick, report.blobs, report.bytes_read) == (True, True, 0, 0)
    assert (report.skipped, report.bytes_skipped) == (12, 10 * LEAST_NOTED + SMALL)


def test_quick_and_since_do_not_go_together(store: Store) -> None:
    with pytest.raises(UsageError):
        verify(store, quick=True, since_last_time=True)


def test_what_changes_while_it_is_read_is_not_noted(store: Store) -> None:
    """Somebody touches a file behind what was read of it."""

    class Touching(SilentObserver):
        times = iter(range(1_000_000))

        def advanced(self, count: int) -> None:
            os.utime(store.layout.blob(DIGESTS[2]), ns=(0, next(self.times)))

    assert verify(store, observer=Touching()).clean
    assert not store.layout.hash_record(DIGESTS[2]).exists()
    assert has_valid_record(store.layout, DIGESTS[3])
