"""Extents: what they have is not read from the source; whatever they tell, what has a good name is right."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packllama.base.errors import DigestMismatch, MachineError, MissingFile, PackLlamaError
from packllama.digest import Digest
from packllama.model import Blob, Move
from packllama.places.place import Reader
from packllama.transfer import CopyOptions, CopyReport, copy
from packllama.transfer.window import PART_BYTES
from tests.unit.transfer.memory import BytesReader, MemorySource, MemoryTarget
from tests.unit.transfer.test_copy import LARGE, LARGE_BLOB, LARGE_BLOBS, LARGE_MODEL, Counting
from tests.unit.transfer.test_liars import BLOBS, LIES, MOVES, leftovers, liar, told

OTHERS = LARGE_MODEL.manifest.total_size - len(LARGE)


class MemoryExtents:
    """Ranges of blobs; what is told of them are lies, one per question, and the truth from then on."""

    def __init__(
        self,
        blobs: Mapping[Digest, bytes],
        extents: Mapping[Digest, Sequence[range]],
        lies: Sequence[str] = (),
        *,
        most: int = 1 << 30,
    ) -> None:
        self.asked: list[tuple[int, int]] = []
        self._blobs = blobs
        self._extents = extents
        self._lies = list(lies)
        self._most = most

    def extents(self, blob: Blob) -> Sequence[range]:
        return self._extents.get(blob.digest, ())

    @contextlib.contextmanager
    def read(self, blob: Blob, *, start: int, stop: int) -> Iterator[Reader]:
        self.asked.append((start, stop))
        lie = LIES[self._lies.pop(0) if self._lies else "the truth"]
        yield BytesReader(lie(self._blobs[blob.digest], start, stop), most=self._most)


def of_large(*ranges: range, data: bytes = LARGE) -> MemoryExtents:
    return MemoryExtents({LARGE_BLOB.digest: data}, {LARGE_BLOB.digest: ranges})


def copied(
    extents: MemoryExtents, source: MemorySource, target: MemoryTarget, observer: Counting | None = None
) -> CopyReport:
    report = copy(
        [Move(LARGE_MODEL)], sources=[source], target=target, extents=extents, observer=observer or Counting()
    )
    assert target.blobs == LARGE_BLOBS
    return report


def asked_of_large(source: MemorySource) -> list[tuple[int, int]]:
    return [(start, stop) for blob, start, stop in source.asked if blob == LARGE_BLOB]


END = len(LARGE)


@pytest.mark.parametrize("streams", [1, 3])
@pytest.mark.parametrize(
    ("ranges", "rest"),
    [
        ([], [(0, END)]),
        ([range(END)], []),
        ([range(1)], [(1, END)]),
        ([range(END - 1, END)], [(0, END - 1)]),
        ([range(PART_BYTES - 5, PART_BYTES + 7)], [(0, PART_BYTES - 5), (PART_BYTES + 7, END)]),
        ([range(100), range(200, 2 * PART_BYTES)], [(100, 200), (2 * PART_BYTES, END)]),
        ([range(END + 9)], []),
    ],
)
def test_what_extents_have_is_not_read_from_the_source(
    streams: int, ranges: list[range], rest: list[tuple[int, int]]
) -> None:
    source, observer = MemorySource(LARGE_BLOBS, streams=streams), Counting()
    report = copied(of_large(*ranges), source, MemoryTarget(), observer)
    assert (report.bytes_sent, report.bytes_found + report.bytes_sent) == (
        OTHERS + sum(stop - start for start, stop in rest),
        LARGE_MODEL.manifest.total_size,
    )
    asked = asked_of_large(source)
    assert sum(stop - start for start, stop in asked) == report.bytes_sent - OTHERS
    assert all(any(first <= start and stop <= last for first, last in rest) for start, stop in asked)
    assert streams > 1 or asked == rest
    assert observer.passed == observer.total
    assert observer.notes == []


@pytest.mark.parametrize("rereads", [True, False])
def test_what_an_earlier_run_left_does_not_count_as_found(rereads: bool) -> None:
    target = MemoryTarget(rereads=rereads, parts={LARGE_BLOB.digest: LARGE[:1000]})
    report = copied(of_large(range(2000)), MemorySource(LARGE_BLOBS), target)
    assert (report.bytes_found, report.bytes_sent) == (1000, OTHERS + END - 2000)


def test_a_blob_that_only_extents_have_whole() -> None:
    """Here the source has not one byte of it."""
    source = MemorySource({digest: data for digest, data in LARGE_BLOBS.items() if data != LARGE})
    assert copied(of_large(range(END)), source, MemoryTarget()).bytes_found == END


@pytest.mark.parametrize("kept", [0, 1000])
def test_wrong_extents_are_used_once(kept: int) -> None:
    wrong = LARGE[:1500] + b"!" + LARGE[1501:]
    extents, source, observer = of_large(range(2000), data=wrong), MemorySource(LARGE_BLOBS), Counting()
    target = MemoryTarget(parts={LARGE_BLOB.digest: LARGE[:kept]} if kept else {})
    report = copied(extents, source, target, observer)
    assert (report.bytes_found, report.bytes_sent) == (0, OTHERS + END)
    assert extents.asked == [(kept, 2000)]
    assert asked_of_large(source) == [(2000, END), (0, END)]
    assert observer.notes == [f"{LARGE_BLOB.digest}: an unfinished download has wrong bytes; it is left aside"]


def test_wrong_extents_and_a_wrong_source() -> None:
    target = MemoryTarget()
    source = MemorySource(LARGE_BLOBS | {LARGE_BLOB.digest: bytes(END)})
    with pytest.raises(DigestMismatch):
        copy([Move(LARGE_MODEL)], sources=[source], target=target, extents=of_large(range(9), data=b"?" * END))
    assert LARGE_BLOB.digest not in target.blobs
    target.check()


class _Breaking:
    """Gives some bytes, then what a disk says whose sector is bad; or only ends."""

    def __init__(self, data: bytes, error: PackLlamaError | None) -> None:
        self._reader = BytesReader(data)
        self._error = error

    def readinto(self, buffer: memoryview, /) -> int:
        count = self._reader.readinto(buffer)
        if not count and self._error:
            raise self._error
        return count


class BreakingExtents(MemoryExtents):
    """Every range breaks off after 100 bytes; None: it cannot even be opened."""

    def __init__(self, error: PackLlamaError | None, *, opens: bool = True) -> None:
        super().__init__({LARGE_BLOB.digest: LARGE}, {LARGE_BLOB.digest: [range(1000), range(2000, END)]})
        self._error = error
        self._opens = opens

    @contextlib.contextmanager
    def read(self, blob: Blob, *, start: int, stop: int) -> Iterator[Reader]:
        self.asked.append((start, stop))
        if not self._opens and self._error:
            raise self._error
        yield _Breaking(LARGE[start : start + 100], self._error)


@pytest.mark.parametrize("streams", [1, 4])
@pytest.mark.parametrize(
    ("extents", "found", "note"),
    [
        (BreakingExtents(MachineError("a bad sector")), 100, "a bad sector"),
        (BreakingExtents(None), 100, "an unfinished download ends early"),
        (BreakingExtents(MissingFile("no such file"), opens=False), 0, "no such file"),
    ],
    ids=["a bad sector", "short", "gone"],
)
def test_extents_that_break_off(extents: BreakingExtents, found: int, note: str, streams: int) -> None:
    source, observer = MemorySource(LARGE_BLOBS, streams=streams), Counting()
    report = copied(extents, source, MemoryTarget(), observer)
    assert report.bytes_sent + report.bytes_found == LARGE_MODEL.manifest.total_size
    assert observer.notes == [f"{note}; the rest of that blob is not taken from the unfinished download"]
    if streams == 1:
        assert (report.bytes_found, extents.asked[-1:]) == (found, [(0, 1000)])
        assert asked_of_large(source) == [(found, END)]


def test_a_source_that_breaks_off_beside_extents() -> None:
    """The range is asked for again, and what extents had of it before does not count twice."""
    left = ["dead"]

    def answer(blob: Blob, start: int, stop: int) -> Reader:
        if blob == LARGE_BLOB and left:
            left.clear()
            raise MachineError("the line is dead")
        return BytesReader(LARGE_BLOBS[blob.digest][start:stop])

    report = copied(of_large(range(1000), range(2000, 3000)), MemorySource({}, answer=answer), MemoryTarget())
    assert (report.bytes_found, report.bytes_sent) == (2000, OTHERS + END - 2000)


def ranges_of(blob: bytes) -> st.SearchStrategy[list[range]]:
    """Ranges in order that do not touch; the last one may reach beyond the end."""
    ends = st.lists(st.integers(0, len(blob) + 9), unique=True, max_size=8).map(sorted)
    return ends.map(lambda found: [range(*pair) for pair in zip(found[::2], found[1::2], strict=False)])


def check_copy(
    extents: MemoryExtents, source: MemorySource, *, honest: bool, parts: dict[Digest, bytes], rereads: bool
) -> None:
    target = MemoryTarget(parts={digest: data for digest, data in parts.items() if data}, rereads=rereads)
    try:
        report = copy(MOVES, sources=[source], target=target, extents=extents, options=CopyOptions(retry=0))
    except PackLlamaError:
        # Extents alone never make a copy fail; a target that cannot look at what an earlier run left may.
        assert not honest or (parts and not rereads)
        assert len(target.published) < len(MOVES)
    else:
        assert set(report.published) == {move.name for move in MOVES}
        assert min(report.bytes_found, report.bytes_sent) >= 0
        assert report.bytes_found + report.bytes_sent <= sum(map(len, BLOBS.values()))
    target.check()


COPIES = given(
    extents=st.fixed_dictionaries({digest: ranges_of(data) for digest, data in BLOBS.items()}),
    lies=told,
    source_lies=told,
    streams=st.sampled_from([1, 1, 3]),
    most=st.sampled_from([7, 100, 1 << 20]),
    parts=leftovers,
    rereads=st.booleans(),
)
Ranges = dict[Digest, list[range]]
Parts = dict[Digest, bytes]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@COPIES
def test_any_extents_and_any_lies(
    extents: Ranges, lies: list[str], source_lies: list[str], streams: int, most: int, parts: Parts, rereads: bool
) -> None:
    found = MemoryExtents(BLOBS, extents, lies, most=most)
    check_copy(found, liar(source_lies, streams, most), honest=not source_lies, parts=parts, rereads=rereads)


@pytest.mark.slow
@settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))
@COPIES
def test_any_extents_and_any_lies_at_length(
    extents: Ranges, lies: list[str], source_lies: list[str], streams: int, most: int, parts: Parts, rereads: bool
) -> None:
    found = MemoryExtents(BLOBS, extents, lies, most=most)
    check_copy(found, liar(source_lies, streams, most), honest=not source_lies, parts=parts, rereads=rereads)
