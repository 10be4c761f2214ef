"""Several sources of the same blobs: who is asked, what happens when one fails, and who is found to have lied."""

from collections.abc import Callable
from random import Random

import pytest

from packllama.base.errors import (
    BadAnswer,
    Cancelled,
    DigestMismatch,
    FarSideError,
    IntegrityError,
    ModelNotFound,
    Overloaded,
    PackLlamaError,
    Unreachable,
)
from packllama.base.hashing import StepHash
from packllama.digest import Digest
from packllama.model import Blob, Model, Move
from packllama.name import ModelName
from packllama.pieces import PIECE_BYTES, Pieces
from packllama.places.place import Reader
from packllama.transfer import CopyOptions, copy
from packllama.transfer.mirrored import Mirrored
from tests.unit.transfer.memory import Answer, BytesReader, MemorySource, MemoryTarget, made
from tests.unit.transfer.test_copy import Counting

MIB = 1 << 20
DATA = Random(8).randbytes(5 * MIB) + b"end"
MODEL, BLOBS = made("m", DATA)
BLOB = Blob(Digest.of(DATA), len(DATA))


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def source(name: str, answer: Answer | None = None, *, streams: int = 3) -> MemorySource:
    return MemorySource(BLOBS, streams=streams, name=name, answer=answer)


def failing(error: PackLlamaError) -> Answer:
    def answer(blob: Blob, start: int, stop: int) -> Reader:
        raise error

    return answer


WRONG = b"".join(bytes([DATA[start] ^ 1]) + DATA[start + 1 : start + MIB] for start in range(0, len(DATA), MIB))


def lying() -> Answer:
    """Wrong in one byte of each part."""
    return lambda blob, start, stop: BytesReader((WRONG if blob == BLOB else BLOBS[blob.digest])[start:stop])


def ranges(source: MemorySource) -> list[tuple[int, int]]:
    return [(start, stop) for blob, start, stop in source.asked if blob == BLOB]


def read(mirrored: Mirrored, start: int, stop: int) -> bytes:
    buffer, data = memoryview(bytearray(MIB)), b""
    with mirrored.read(BLOB, of=MODEL, start=start, stop=stop) as reader:
        while count := reader.readinto(buffer):
            data += buffer[:count]
    return data


def copied(mirrored: Mirrored, *, observer: Counting | None = None, retry: int = 0) -> MemoryTarget:
    target = MemoryTarget()
    options = CopyOptions(retry=retry)
    try:
        copy([Move(MODEL)], sources=[mirrored], target=target, options=options, observer=observer or Counting())
    finally:
        target.check()
    return target


def pieces_of(data: bytes) -> Pieces:
    steps = StepHash(step=PIECE_BYTES)
    steps.update(memoryview(data))
    return Pieces.of(steps.hashes().beginnings)


def test_all_of_them_give_a_part() -> None:
    sources = [source("a"), source("b"), source("c")]
    assert copied(Mirrored(sources)).blobs == BLOBS
    assert sorted(each for one in sources for each in ranges(one)) == [
        (start, min(start + MIB, len(DATA))) for start in range(0, len(DATA), MIB)
    ]


@pytest.mark.parametrize(
    ("streams", "expected"), [((3, 3), 3), ((1, 8), 8), ((1, 1), 1)], ids=["alike", "one has no ranges", "none has"]
)
def test_streams(streams: tuple[int, int], expected: int) -> None:
    one, other = (source("s", streams=count) for count in streams)
    assert Mirrored([one, other]).streams == expected


def test_whoever_is_free_is_asked_first() -> None:
    one, other = source("a"), source("b")
    mirrored = Mirrored([one, other], clock=Clock())
    held = mirrored.read(BLOB, of=MODEL, start=0, stop=10)
    buffer = memoryview(bytearray(5))
    with held as reader:
        reader.readinto(buffer)
        assert read(mirrored, 10, 20) == DATA[10:20]
    assert (ranges(one), ranges(other)) == ([(0, 10)], [(10, 20)])


def test_a_slow_one_is_asked_seldom_and_not_forgotten() -> None:
    clock = Clock()

    def taking(seconds: float) -> Answer:
        def answer(blob: Blob, start: int, stop: int) -> Reader:
            clock.now += seconds
            return BytesReader(DATA[start:stop])

        return answer

    slow, fast = source("slow", taking(5)), source("fast", taking(1))
    mirrored = Mirrored([slow, fast], clock=clock)
    for number in range(400):
        read(mirrored, number, number + 1)
    assert 2 <= len(ranges(slow)) < 10
    assert len(ranges(slow)) + len(ranges(fast)) == 400


def test_one_that_fails_rests_while_the_other_goes_on() -> None:
    clock = Clock()
    bad = source("bad", failing(Unreachable("gone")))
    good = source("good")
    mirrored = Mirrored([bad, good], clock=clock)
    assert read(mirrored, 0, 100) == read(mirrored, 0, 100) == DATA[:100]
    assert (len(ranges(bad)), len(ranges(good))) == (1, 2)
    clock.now += 60
    assert read(mirrored, 0, 100) == DATA[:100]
    assert len(ranges(bad)) == 2


def test_it_rests_as_long_as_it_asked_for() -> None:
    clock = Clock()
    bad, good = source("bad", failing(Overloaded("busy", retry_after=90))), source("good")
    mirrored = Mirrored([bad, good], clock=clock)
    read(mirrored, 0, 100)
    clock.now += 89
    read(mirrored, 0, 100)
    assert len(ranges(bad)) == 1


@pytest.mark.parametrize("end", [0, 70])
def test_one_that_breaks_off_is_gone_on_with_by_the_other(end: int) -> None:
    bad = source("bad", lambda blob, start, stop: BytesReader(DATA[start:end]))
    good = source("good")
    observer = Counting()
    assert read(Mirrored([bad, good], observer=observer), 0, 100) == DATA[:100]
    assert ranges(good) == [(end, 100)]
    assert [note for note in observer.notes if "is fetched from elsewhere" in note]


@pytest.mark.parametrize("error", [BadAnswer("no"), IntegrityError("it has no such blob")])
def test_one_that_will_never_do_is_not_asked_again_for_that_blob(error: PackLlamaError) -> None:
    clock = Clock()
    bad, good = source("bad", failing(error)), source("good")
    observer = Counting()
    mirrored = Mirrored([bad, good], clock=clock, observer=observer)
    for _ in range(3):
        read(mirrored, 0, 100)
        clock.now += 1000
    assert len(ranges(bad)) == 1
    assert len(observer.notes) == 1


def test_many_failures_in_a_row_are_enough() -> None:
    clock = Clock()
    bad, good = source("bad", failing(Unreachable("gone"))), source("good")
    mirrored = Mirrored([bad, good], clock=clock)
    for _ in range(9):
        read(mirrored, 0, 100)
        clock.now += 1000
    assert len(ranges(bad)) == 4


def test_what_the_last_one_says_is_said() -> None:
    mirrored = Mirrored([source("a", failing(BadAnswer("first"))), source("b", failing(Unreachable("second")))])
    with pytest.raises(FarSideError, match="second"):
        read(mirrored, 0, 100)


def test_a_stop_is_no_failure() -> None:
    one, other = source("a", failing(Cancelled())), source("b")
    with pytest.raises(Cancelled):
        read(Mirrored([one, other]), 0, 100)
    assert not other.asked


def test_who_has_no_ranges_is_asked_only_alone() -> None:
    whole, ranged = source("whole", streams=1), source("ranged")
    copied(Mirrored([whole, ranged]))
    assert not whole.asked
    target = copied(Mirrored([whole]))
    assert target.blobs == BLOBS
    assert ranges(whole) == [(0, len(DATA))]


def test_a_liar_is_told_by_the_first_ones_right_bytes() -> None:
    honest, liar, observer = source("honest"), source("liar", lying()), Counting()
    mirrored = Mirrored([honest, liar], observer=observer)
    # Both gave something of the piece that is wrong.
    read(mirrored, 0, 10)
    with mirrored.read(BLOB, of=MODEL, start=0, stop=10) as reader:
        reader.readinto(memoryview(bytearray(5)))
        read(mirrored, 3 * MIB, 4 * MIB)
    assert mirrored.was_wrong(BLOB, pieces_of(WRONG))
    asked = len(liar.asked)
    assert read(mirrored, 0, MIB) == DATA[:MIB]
    assert len(liar.asked) == asked
    mirrored.was_right(BLOB, pieces_of(DATA))
    assert observer.notes[-1] == "liar sends wrong bytes; it is not asked again"
    assert str(mirrored) == "honest"


@pytest.mark.parametrize("first", ["honest", "liar"])
def test_a_liar_is_told_by_pieces_that_are_known(first: str) -> None:
    """They also tell when it is the registry itself."""
    observer = Counting()
    honest, liar = source("honest", failing(BadAnswer("not now"))), source("liar", lying())
    mirrored = Mirrored(
        [honest, liar] if first == "honest" else [liar, honest], pieces=lambda _: pieces_of(DATA), observer=observer
    )
    read(mirrored, 3 * MIB, 4 * MIB)
    assert mirrored.was_wrong(BLOB, pieces_of(WRONG))
    assert str(mirrored) == "honest"
    assert observer.notes[-1] == "liar sends wrong bytes; it is not asked again"


@pytest.mark.parametrize("liars", [1, 2])
def test_after_wrong_bytes_all_of_it_comes_from_the_first(liars: int) -> None:
    first, mirrors = source("first"), [source(f"liar{number}", lying()) for number in range(liars)]
    mirrored = Mirrored([first, *mirrors], clock=Clock())
    assert copied(mirrored, retry=0).blobs == BLOBS
    whole = [(start, min(start + MIB, len(DATA))) for start in range(0, len(DATA), MIB)]
    assert set(ranges(first)) == set(whole)


def test_when_the_first_lies_too_all_are_named() -> None:
    sources = [source("a", lying()), source("b", lying())]
    observer = Counting()
    with pytest.raises(DigestMismatch) as caught:
        copied(Mirrored(sources, observer=observer), observer=observer)
    assert caught.value.where == "a, b"
    assert str(BLOB.digest) in caught.value.message
    assert caught.value.message.count("sha256:") == 2
    assert len([note for note in observer.notes if "fetched again, from a alone" in note]) == 1
    assert len([each for one in sources for each in ranges(one)]) == 2 * 6


class Registry(MemorySource):
    """Says what a name means, or why not."""

    def __init__(self, name: str, said: Model | PackLlamaError) -> None:
        super().__init__(BLOBS, name=name)
        self._said = said

    def find(self, name: ModelName) -> Model:
        if isinstance(self._said, PackLlamaError):
            raise self._said
        return self._said


OTHER, _ = made("m", b"another")
Expected = Model | type[PackLlamaError]


@pytest.mark.parametrize(
    ("said", "expected", "notes"),
    [
        ([MODEL, OTHER], MODEL, 0),
        ([Unreachable("down"), OTHER], OTHER, 1),
        ([Unreachable("down"), ModelNotFound("m"), OTHER], OTHER, 1),
        ([Unreachable("down"), ModelNotFound("m")], Unreachable, 0),
        ([ModelNotFound("m"), OTHER], ModelNotFound, 0),
        ([BadAnswer("a page"), OTHER], BadAnswer, 0),
    ],
)
def test_what_a_name_means_says_the_first(said: list[Model | PackLlamaError], expected: Expected, notes: int) -> None:
    observer = Counting()
    mirrored = Mirrored([Registry(f"r{number}", each) for number, each in enumerate(said)], observer=observer)
    find: Callable[[], Model] = lambda: mirrored.find(MODEL.name)  # noqa: E731
    if isinstance(expected, Model):
        assert find() is expected
    else:
        with pytest.raises(expected):
            find()
    assert len(observer.notes) == notes
