"""A range that breaks off is asked for again, where that can help."""

import contextlib
from collections.abc import Iterator

import pytest

from packllama.base.errors import (
    BadAnswer,
    Cancelled,
    IntegrityError,
    MachineError,
    ModelNotFound,
    NoRights,
    NoSpace,
    Overloaded,
    PackLlamaError,
)
from packllama.base.stop import Stop
from packllama.places.place import Reader
from packllama.transfer.ranges import Patience, PatientReader, SourceFailed
from tests.unit.transfer.memory import BytesReader
from tests.unit.transfer.test_rate import Waiting

DATA = bytes(range(200))


class Breaking:
    """Gives ``portion`` bytes of each range, then raises the next of these errors; without one it goes on."""

    def __init__(self, *errors: PackLlamaError, portion: int = 50) -> None:
        self.errors = list(errors)
        self.asked: list[tuple[int, int]] = []
        self.closed = 0
        self._portion = portion

    @contextlib.contextmanager
    def read(self, start: int, end: int) -> Iterator[Reader]:
        self.asked.append((start, end))
        try:
            yield _BreakingReader(self, BytesReader(DATA[start:end], most=self._portion))
        finally:
            self.closed += 1


class _BreakingReader:
    def __init__(self, line: Breaking, reader: Reader) -> None:
        self._line = line
        self._reader = reader
        self._given = 0

    def readinto(self, buffer: memoryview, /) -> int:
        if self._given and self._line.errors:
            raise self._line.errors.pop(0)
        self._given += 1
        return self._reader.readinto(buffer)


def drain(line: Breaking, stop: Stop, *, times: int) -> bytes:
    found, buffer = b"", memoryview(bytearray(64))
    with PatientReader(line.read, 10, 200, patience=Patience(times, chance=lambda: 0.5), stop=stop) as reader:
        while count := reader.readinto(buffer):
            found += buffer[:count]
    return found


def test_it_goes_on_where_it_broke_off() -> None:
    line, stop = Breaking(MachineError("cut"), MachineError("cut again")), Waiting()
    assert drain(line, stop, times=2) == DATA[10:]
    assert line.asked == [(10, 200), (60, 200), (110, 200)]
    assert line.closed == 3
    assert stop.waits == [0.5, 1.0]


def test_who_brings_much_may_break_off_often() -> None:
    """Each answer ends after as much as gives all patience back."""
    data, asked = bytes(4 << 20), []

    def read(start: int, end: int) -> contextlib.AbstractContextManager[Reader]:
        asked.append(start)
        return contextlib.nullcontext(_Cut(BytesReader(data[start : start + (1 << 20)])))

    with PatientReader(read, 0, len(data), patience=Patience(1), stop=Waiting()) as reader:
        buffer, left = memoryview(bytearray(1 << 19)), len(data)
        while left:
            left -= reader.readinto(buffer)
    assert asked == [0, 1 << 20, 2 << 20, 3 << 20]


class _Cut:
    """Raises where another reader ends."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def readinto(self, buffer: memoryview, /) -> int:
        if count := self._reader.readinto(buffer):
            return count
        raise MachineError("cut")


def test_not_for_ever() -> None:
    line, stop = Breaking(*(MachineError(f"cut {number}") for number in range(5))), Waiting()
    with pytest.raises(SourceFailed) as caught:
        drain(line, stop, times=2)
    assert caught.value.error.message == "cut 2"
    assert line.closed == 3


@pytest.mark.parametrize(
    "error",
    [NoSpace("full"), NoRights("forbidden"), ModelNotFound("m"), IntegrityError("missing"), BadAnswer("a web page")],
    ids=lambda e: e.kind,
)
def test_what_does_not_pass_is_not_asked_for_again(error: PackLlamaError) -> None:
    line, stop = Breaking(error), Waiting()
    with pytest.raises(SourceFailed) as caught:
        drain(line, stop, times=9)
    assert caught.value.error is error
    assert stop.waits == []


def test_a_far_side_that_says_when_to_come_again() -> None:
    line, stop = Breaking(Overloaded("busy", retry_after=7), Overloaded("busy", retry_after=0.1)), Waiting()
    assert drain(line, stop, times=2) == DATA[10:]
    assert stop.waits == [7, 1.0]


def test_a_range_that_ends_early() -> None:
    with PatientReader(
        lambda start, end: contextlib.nullcontext(BytesReader(b"short")), 0, 9, patience=Patience(3), stop=Stop()
    ) as reader:
        assert reader.readinto(memoryview(bytearray(99))) == 5
        with pytest.raises(SourceFailed, match="ends 4 bytes early"):
            reader.readinto(memoryview(bytearray(99)))


def test_a_stop_is_not_a_failure() -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Cancelled):
        drain(Breaking(), stop, times=3)


def test_pauses_grow_to_half_a_minute_and_differ() -> None:
    assert [Patience(9, chance=lambda: 0.5).pause(count) for count in (1, 2, 3, 7, 60)] == [0.5, 1, 2, 30, 30]
    assert Patience(9, chance=lambda: 0.0).pause(1) == 0.25
    pauses = {Patience(9).pause(1) for _ in range(50)}
    assert len(pauses) > 40
    assert all(0.25 <= seconds < 0.75 for seconds in pauses)
