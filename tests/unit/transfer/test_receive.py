"""Taking from a stream: nothing is published before its end."""

import pytest

from packllama.base.errors import Cancelled, DigestMismatch, IntegrityError
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.model import Blob, Move
from packllama.name import ModelName
from packllama.transfer import receive
from tests.unit.transfer.memory import MemoryStream, MemoryTarget
from tests.unit.transfer.test_copy import BLOBS, LARGE, LARGE_BLOB, LARGE_BLOBS, LARGE_MODEL, OTHER_MODEL, Counting

PASSING = [(Blob(digest, len(data)), data) for digest, data in sorted(BLOBS.items(), key=lambda item: len(item[1]))]
ALL = [LARGE_MODEL, OTHER_MODEL]


def stream(passing: list[tuple[Blob, bytes]] = PASSING, most: int = 1 << 30) -> MemoryStream:
    return MemoryStream(ALL, passing, most=most)


@pytest.mark.parametrize("most", [1 << 30, 65_536, 4_097])
def test_all_of_it(most: int) -> None:
    target, observer = MemoryTarget(), Counting()
    report = receive(stream(most=most), target=target, observer=observer)
    assert target.blobs == BLOBS
    assert report.published == (LARGE_MODEL.name, OTHER_MODEL.name)
    assert report.bytes_sent == observer.total == observer.passed == sum(len(data) for data in BLOBS.values())


def test_one_of_them_under_another_name() -> None:
    target, name = MemoryTarget(), ModelName.parse("new")
    report = receive(stream(), target=target, moves=lambda models: [Move(models[0], name)])
    assert report.published == tuple(target.published) == (name,)
    assert target.blobs == LARGE_BLOBS


def test_what_is_there_passes_by() -> None:
    target = MemoryTarget(blobs=dict(LARGE_BLOBS))
    report = receive(stream(), target=target)
    assert report.bytes_sent == len(b"other weights")
    assert set(target.published) == {model.name for model in ALL}


@pytest.mark.parametrize("rereads", [True, False])
@pytest.mark.parametrize("kept", [1, 300_000, len(LARGE)])
def test_it_goes_on_where_an_earlier_run_ended(rereads: bool, kept: int) -> None:
    target = MemoryTarget(rereads=rereads, parts={LARGE_BLOB.digest: LARGE[:kept]})
    report = receive(stream(most=65_536), target=target)
    assert target.blobs == BLOBS
    assert report.bytes_sent == sum(len(data) for data in BLOBS.values()) - kept


def test_what_an_earlier_run_left_wrong_is_gone_the_next_time() -> None:
    target = MemoryTarget(parts={LARGE_BLOB.digest: b"wrong"})
    with pytest.raises(DigestMismatch):
        receive(stream(), target=target)
    receive(stream(), target=target)
    assert target.blobs == BLOBS


def test_a_wrong_blob_and_nothing_is_published() -> None:
    target = MemoryTarget()
    passing = [(blob, b"x" * blob.size if blob == LARGE_BLOB else data) for blob, data in PASSING]
    with pytest.raises(DigestMismatch) as caught:
        receive(stream(passing), target=target)
    assert str(LARGE_BLOB.digest) in caught.value.message
    assert caught.value.where.startswith("the stream: ")
    assert target.published == {}
    target.check()


@pytest.mark.parametrize(
    ("passing", "words"),
    [
        (PASSING[:-1], "ended without the blob"),
        ([(blob, data[:-1]) for blob, data in PASSING], "ends 1 bytes early"),
    ],
    ids=["a blob is missing", "blobs are short"],
)
def test_a_stream_that_is_not_whole(passing: list[tuple[Blob, bytes]], words: str) -> None:
    target = MemoryTarget()
    with pytest.raises(IntegrityError, match=words):
        receive(stream(passing), target=target)
    assert target.published == {}
    target.check()


def test_what_nobody_announced_and_what_comes_twice() -> None:
    stranger = Blob(Digest.of(b"stranger"), 8)
    target = MemoryTarget()
    receive(stream([(stranger, b"stranger"), *PASSING, *PASSING]), target=target)
    assert target.blobs == BLOBS


def test_stopping_and_going_on() -> None:
    target, stop = MemoryTarget(), Stop()
    with pytest.raises(Cancelled):
        receive(stream(most=65_536), target=target, observer=Counting(len(LARGE) // 2, stop.set), stop=stop)
    assert target.published == {}
    report = receive(stream(), target=target)
    assert report.bytes_sent < len(LARGE)
    assert target.blobs == BLOBS
