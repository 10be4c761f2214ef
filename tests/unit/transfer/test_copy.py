"""Copying: what is missing is sent, what is wrong is never published, what was begun is gone on with."""

import threading
from collections.abc import Callable
from random import Random

import pytest

from packllama.base.errors import (
    BadAnswer,
    BadInput,
    Cancelled,
    DigestMismatch,
    IntegrityError,
    InvalidManifest,
    MachineError,
    NoSpace,
    UsageError,
)
from packllama.base.hashing import BUFFER_SIZE
from packllama.base.observer import SilentObserver
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, Manifest, compose
from packllama.model import Blob, Model, Move
from packllama.name import ModelName
from packllama.pieces import Pieces
from packllama.places.place import Reader
from packllama.transfer import CopyOptions, CopyReport, copy
from packllama.transfer.window import PART_BYTES
from tests.unit.transfer.memory import Answer, BytesReader, MemorySource, MemoryTarget, made

LARGE = Random(8).randbytes(3 * PART_BYTES) + b"end"
SMALL = b"small"

LARGE_MODEL, LARGE_BLOBS = made("large", LARGE, SMALL)
OTHER_MODEL, OTHER_BLOBS = made("other", b"other weights", SMALL)
BLOBS = LARGE_BLOBS | OTHER_BLOBS
LARGE_BLOB = Blob(Digest.of(LARGE), len(LARGE))


class Counting(SilentObserver):
    """Counts, and acts once so many bytes have passed."""

    def __init__(self, after: int = 1 << 60, action: Callable[[], object] = lambda: None) -> None:
        self.total = 0
        self.passed = 0
        self.notes: list[str] = []
        self._after = after
        self._action = action

    def planned(self, total: int) -> None:
        self.total = total

    def advanced(self, count: int) -> None:
        self.passed += count
        if self.passed >= self._after:
            self._action()

    def noted(self, text: str) -> None:
        self.notes.append(text)


def moved(*models: Model) -> list[Move]:
    return [Move(model) for model in models]


def changed(data: bytes) -> dict[Digest, bytes]:
    """All blobs, but the large one has a wrong bit."""
    return BLOBS | {LARGE_BLOB.digest: data[:-1] + bytes([data[-1] ^ 1])}


def test_all_of_it() -> None:
    target, source, observer = MemoryTarget(), MemorySource(BLOBS), Counting()
    report = copy(moved(LARGE_MODEL, OTHER_MODEL), sources=[source], target=target, observer=observer)
    assert target.blobs == BLOBS
    assert target.published == {model.name: model.manifest for model in (LARGE_MODEL, OTHER_MODEL)}
    size = sum(len(data) for data in BLOBS.values())
    assert report == CopyReport(
        published=(LARGE_MODEL.name, OTHER_MODEL.name),
        blobs_sent=4,
        bytes_sent=size,
        bytes_found=0,
        blobs_taken=0,
        bytes_taken=0,
        blobs_present=0,
        bytes_present=0,
    )
    assert observer.total == observer.passed == size
    assert [(start, stop) for _, start, stop in source.asked] == [(0, blob.size) for blob, _, _ in source.asked]


def test_the_digests_of_the_beginnings_come_along() -> None:
    target = MemoryTarget()
    copy(moved(LARGE_MODEL), sources=[MemorySource(BLOBS)], target=target)
    assert target.pieces[LARGE_BLOB.digest] == Pieces.of([LARGE_BLOB.digest.hex])


def test_what_is_there_is_not_sent() -> None:
    target, source = MemoryTarget(blobs={LARGE_BLOB.digest: LARGE}), MemorySource(BLOBS)
    report = copy(moved(LARGE_MODEL), sources=[source], target=target)
    assert LARGE_BLOB not in [blob for blob, _, _ in source.asked]
    assert (report.bytes_present, report.blobs_present) == (len(LARGE), 1)
    again = copy(moved(LARGE_MODEL), sources=[MemorySource({})], target=target)
    assert (again.bytes_sent, again.published) == (0, (LARGE_MODEL.name,))


def test_another_name() -> None:
    target = MemoryTarget()
    report = copy([Move(OTHER_MODEL, ModelName.parse("new"))], sources=[MemorySource(BLOBS)], target=target)
    assert report.published == tuple(target.published) == (ModelName.parse("new"),)


@pytest.mark.parametrize("rereads", [True, False])
@pytest.mark.parametrize("kept", [1, BUFFER_SIZE, PART_BYTES + 7, len(LARGE)])
@pytest.mark.parametrize("streams", [1, 3])
def test_it_goes_on_where_an_earlier_run_ended(rereads: bool, kept: int, streams: int) -> None:
    target = MemoryTarget(rereads=rereads, parts={LARGE_BLOB.digest: LARGE[:kept]})
    source, observer = MemorySource(BLOBS, streams=streams), Counting()
    report = copy(moved(LARGE_MODEL), sources=[source], target=target, observer=observer)
    assert target.blobs[LARGE_BLOB.digest] == LARGE
    assert report.bytes_sent == LARGE_MODEL.manifest.total_size - kept
    assert observer.passed == LARGE_MODEL.manifest.total_size
    asked = sum(stop - start for blob, start, stop in source.asked if blob == LARGE_BLOB)
    assert asked == (len(LARGE) - kept if rereads else len(LARGE))


@pytest.mark.parametrize("left", [b"wrong", b"x" * len(LARGE), LARGE + b"too long"])
def test_what_an_earlier_run_left_may_be_wrong(left: bytes) -> None:
    target = MemoryTarget(parts={LARGE_BLOB.digest: left})
    copy(moved(LARGE_MODEL), sources=[MemorySource(BLOBS)], target=target)
    assert target.blobs[LARGE_BLOB.digest] == LARGE
    target.check()


def test_a_wrong_blob_ends_it_and_what_was_whole_stays() -> None:
    target = MemoryTarget()
    with pytest.raises(DigestMismatch) as caught:
        copy(moved(OTHER_MODEL, LARGE_MODEL), sources=[MemorySource(changed(LARGE), name="the stick")], target=target)
    assert caught.value.exit_status == 5
    assert caught.value.where == "the stick"
    assert str(LARGE_BLOB.digest) in caught.value.message
    assert set(target.published) == {OTHER_MODEL.name}
    assert LARGE_BLOB.digest not in target.blobs | target.parts
    target.check()


def cut(blob: Blob, start: int, stop: int) -> Reader:
    return BytesReader(BLOBS[blob.digest][start : stop - 1] if blob == LARGE_BLOB else BLOBS[blob.digest][start:stop])


@pytest.mark.parametrize("streams", [1, 4])
@pytest.mark.parametrize(
    "bad",
    [
        MemorySource({}),
        MemorySource(changed(LARGE)),
        MemorySource({}, answer=cut),
        MemorySource(changed(LARGE), streams=4),
        MemorySource({}, streams=4, answer=cut),
    ],
    ids=["lacks all", "wrong bit", "cut", "wrong bit from afar", "cut from afar"],
)
def test_another_source_helps(bad: MemorySource, streams: int) -> None:
    target, observer = MemoryTarget(), Counting()
    good = MemorySource(BLOBS, streams=streams)
    copy(moved(LARGE_MODEL), sources=[bad, good], target=target, observer=observer)
    assert target.blobs == LARGE_BLOBS
    assert observer.notes
    assert all(note.endswith("asking the next source") for note in observer.notes)


@pytest.mark.parametrize("parallel", [None, 1, 2, 9])
def test_ranges_at_once(parallel: int | None) -> None:
    target, source = MemoryTarget(), MemorySource(BLOBS, streams=8)
    before = threading.active_count()
    copy(moved(LARGE_MODEL), sources=[source], target=target, options=CopyOptions(parallel=parallel))
    assert target.blobs == LARGE_BLOBS
    assert max(stop - start for _, start, stop in source.asked) == PART_BYTES
    assert threading.active_count() == before


def failing(times: int) -> Answer:
    left = [times]

    def answer(blob: Blob, start: int, stop: int) -> Reader:
        if blob == LARGE_BLOB and left[0]:
            left[0] -= 1
            raise MachineError("the line is dead")
        return BytesReader(BLOBS[blob.digest][start:stop])

    return answer


def test_a_dead_line_is_tried_again() -> None:
    target = MemoryTarget()
    copy(moved(LARGE_MODEL), sources=[MemorySource({}, answer=failing(1))], target=target)
    assert target.blobs == LARGE_BLOBS
    with pytest.raises(MachineError, match="the line is dead"):
        copy(
            moved(LARGE_MODEL),
            sources=[MemorySource({}, answer=failing(1))],
            target=MemoryTarget(),
            options=CopyOptions(retry=0),
        )


def test_a_full_target_is_not_tried_again() -> None:
    def full(data: bytes) -> None:
        raise NoSpace("full")

    source = MemorySource(BLOBS)
    with pytest.raises(NoSpace):
        copy(moved(LARGE_MODEL), sources=[source, source], target=MemoryTarget(on_write=full))
    assert len(source.asked) == 1


@pytest.mark.parametrize("streams", [1, 8])
def test_stopping_and_going_on(streams: int) -> None:
    target, stop = MemoryTarget(), Stop()
    before = threading.active_count()
    with pytest.raises(Cancelled):
        copy(
            moved(LARGE_MODEL),
            sources=[MemorySource(BLOBS, streams=streams)],
            target=target,
            observer=Counting(len(LARGE) // 2, stop.set),
            stop=stop,
        )
    assert threading.active_count() == before
    assert target.published == {}
    report = copy(moved(LARGE_MODEL), sources=[MemorySource(BLOBS, streams=streams)], target=target)
    assert 0 < report.bytes_sent <= LARGE_MODEL.manifest.total_size - len(LARGE) // 2
    assert target.blobs == LARGE_BLOBS


def test_a_limit_of_bytes_per_second() -> None:
    """The first buffer may pass at once; for the next one there is no time before the stop."""
    stop, target = Stop(), MemoryTarget()
    threading.Timer(0.2, stop.set).start()
    with pytest.raises(Cancelled):
        copy(
            moved(LARGE_MODEL),
            sources=[MemorySource(BLOBS)],
            target=target,
            options=CopyOptions(limit_rate=1000),
            stop=stop,
        )
    assert len(target.parts[LARGE_BLOB.digest]) == BUFFER_SIZE


def test_moves_that_make_no_sense() -> None:
    name = ModelName.parse("one")
    with pytest.raises(UsageError, match="two models would be called one:latest"):
        copy([Move(LARGE_MODEL, name), Move(OTHER_MODEL, name)], sources=[MemorySource({})], target=MemoryTarget())
    config = Layer(CONFIG_TYPE, Digest.of(SMALL), len(SMALL) + 1)
    lying = Model(name, Manifest.decode(compose(config, []), where="one"))
    with pytest.raises(BadInput, match="is said to have"):
        copy(moved(LARGE_MODEL, lying), sources=[MemorySource({})], target=MemoryTarget())
    with pytest.raises(UsageError):
        copy(moved(LARGE_MODEL), sources=[], target=MemoryTarget())


def test_a_digest_in_capital_letters() -> None:
    """We would read it; Ollama would look for a file of that very spelling."""
    raw = compose(Layer(CONFIG_TYPE, Digest.of(SMALL), len(SMALL)), [])
    shouted = raw.replace(Digest.of(SMALL).hex.encode(), Digest.of(SMALL).hex.upper().encode())
    model = Model(ModelName.parse("one"), Manifest.decode(shouted, where="one"))
    target = MemoryTarget()
    with pytest.raises(InvalidManifest, match="capital letters"):
        copy(moved(model), sources=[MemorySource(BLOBS)], target=target)
    assert not target.parts


def test_nothing_at_all() -> None:
    assert copy([], sources=[MemorySource({})], target=MemoryTarget()).published == ()


def test_no_source_has_it() -> None:
    with pytest.raises(IntegrityError, match="is missing"):
        copy(moved(LARGE_MODEL), sources=[MemorySource({}), MemorySource({})], target=MemoryTarget())


def test_a_source_that_turns_out_to_have_no_ranges() -> None:
    """What came before is kept, and the rest is read in one go."""
    source = MemorySource(BLOBS, streams=3)

    def answer(blob: Blob, start: int, stop: int) -> Reader:
        if source.streams > 1 and start >= 2 * PART_BYTES:
            source.streams = 1
            raise BadAnswer("whole files only")
        return source.honest(blob, start, stop)

    source.answer = answer
    target = MemoryTarget()
    copy(moved(LARGE_MODEL), sources=[source], target=target)
    assert target.blobs == LARGE_BLOBS
    whole = [(start, stop) for blob, start, stop in source.asked if blob == LARGE_BLOB and stop - start > PART_BYTES]
    assert len(whole) == 1
