"""Ranges arrive in any order, and are read in one."""

import queue
import random
import threading
from collections.abc import Callable
from typing import Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packllama.base.errors import Cancelled, MachineError
from packllama.base.stop import Stop
from packllama.transfer.window import Fetch, Window

PART = 64
DEADLINE_SECONDS = 20


def pattern(size: int) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in range(size // 4 + 1))[:size]


def giving(data: bytes) -> Fetch:
    def fetch(offset: int, part: memoryview, stop: Stop) -> None:
        part[:] = data[offset : offset + len(part)]

    return fetch


def read_all(window: Window, most: int) -> bytes:
    found, buffer = b"", memoryview(bytearray(most))
    while count := window.readinto(buffer):
        found += buffer[:count]
    return found


class Gates:
    """Holds every fetch until the test, or a wish, lets it through; knows how many were asked for."""

    def __init__(self, data: bytes) -> None:
        self._give = giving(data)
        self._changed = threading.Condition()
        self.asked: list[int] = []
        self.open: set[int] = set()

    def fetch(self, offset: int, part: memoryview, stop: Stop) -> None:
        with self._changed:
            self.asked.append(offset)
            self._changed.notify_all()
            while offset not in self.open:
                stop.check()
                self._changed.wait(0.05)
        self._give(offset, part, stop)

    def let(self, offset: int) -> None:
        with self._changed:
            self.open.add(offset)
            self._changed.notify_all()

    def let_in_any_order(self, order: random.Random, count: int) -> None:
        """Of those that are held, one after the other, until so many were let through."""
        for _ in range(count):
            self.wait_for(lambda: len(self.asked) > len(self.open))
            self.let(order.choice([offset for offset in self.asked if offset not in self.open]))

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, DEADLINE_SECONDS)


@settings(deadline=None, max_examples=60)
@given(
    size=st.integers(0, 20 * PART),
    start=st.integers(0, 5 * PART),
    threads=st.integers(1, 5),
    parts=st.integers(1, 7),
    most=st.integers(1, 3 * PART),
    seed=st.integers(0, 1 << 32),
)
def test_in_order_whatever_comes_first(size: int, start: int, threads: int, parts: int, most: int, seed: int) -> None:
    """Of the ranges that are being fetched, any may be the next to arrive."""
    data = pattern(size)
    gates = Gates(data)
    start = min(start, size)
    opener = threading.Thread(target=gates.let_in_any_order, args=(random.Random(seed), -(-(size - start) // PART)))
    opener.start()
    with Window(gates.fetch, start, size, threads=threads, parts=parts, part_bytes=PART, stop=Stop()) as window:
        assert read_all(window, most) == data[start:]
    opener.join()
    assert sorted(gates.asked) == list(range(start, size, PART))


def test_no_further_ahead_than_the_window() -> None:
    data = pattern(40 * PART)
    gates = Gates(data)
    for offset in range(PART, 40 * PART, PART):
        gates.let(offset)
    with Window(gates.fetch, 0, len(data), threads=3, parts=5, part_bytes=PART, stop=Stop()) as window:
        gates.wait_for(lambda: len(gates.asked) == 5)
        gates.let(0)
        buffer = memoryview(bytearray(PART))
        assert window.readinto(buffer) == PART
        assert len(gates.asked) == 5
        assert window.readinto(buffer[:1]) == 1
        gates.wait_for(lambda: len(gates.asked) == 6)
        assert max(gates.asked) == 5 * PART


def test_an_error_is_raised_where_its_part_would_be_read() -> None:
    data = pattern(10 * PART)

    def fetch(offset: int, part: memoryview, stop: Stop) -> None:
        if offset == 3 * PART:
            raise MachineError("the line is dead")
        giving(data)(offset, part, stop)

    before = threading.active_count()
    with Window(fetch, 0, len(data), threads=4, parts=8, part_bytes=PART, stop=Stop()) as window:
        buffer = memoryview(bytearray(PART))
        for number in range(3):
            assert window.readinto(buffer) == PART
            assert bytes(buffer) == data[number * PART : (number + 1) * PART]
        with pytest.raises(MachineError, match="the line is dead"):
            window.readinto(buffer)
    assert threading.active_count() == before


def test_a_fetch_that_times_out_is_an_error_and_not_a_late_one() -> None:
    def fetch(offset: int, part: memoryview, stop: Stop) -> None:
        raise TimeoutError("of its own")

    with Window(fetch, 0, PART, threads=1, parts=1, part_bytes=PART, stop=Stop()) as window:
        with pytest.raises(TimeoutError, match="of its own"):
            window.readinto(memoryview(bytearray(PART)))


def test_a_stop_is_heard_while_the_first_part_is_late() -> None:
    stop = Stop()
    gates = Gates(pattern(9 * PART))
    before = threading.active_count()
    with pytest.raises(Cancelled):
        with Window(gates.fetch, 0, 9 * PART, threads=2, parts=4, part_bytes=PART, stop=stop) as window:
            gates.wait_for(lambda: len(gates.asked) == 2)
            stop.set()
            window.readinto(memoryview(bytearray(PART)))
    assert threading.active_count() == before
    assert len(gates.asked) == 2


def test_leaving_early_ends_the_fetches() -> None:
    gates = Gates(pattern(9 * PART))
    before = threading.active_count()
    with Window(gates.fetch, 0, 9 * PART, threads=3, parts=4, part_bytes=PART, stop=Stop()):
        gates.wait_for(lambda: len(gates.asked) == 3)
    assert threading.active_count() == before


class Counted:
    """So many times something happened."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._times = 0

    def happened(self) -> None:
        with self._changed:
            self._times += 1
            self._changed.notify_all()

    def wait_for_more(self, times: int) -> None:
        with self._changed:
            enough = self._times + times
            assert self._changed.wait_for(lambda: self._times >= enough, DEADLINE_SECONDS)

    def wait_for(self, times: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._times >= times, DEADLINE_SECONDS)


class WatchedStop(Stop):
    """Knows how often the reader looked, which it does each time it has waited in vain."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = Counted()

    def check(self) -> None:
        self.looks.happened()
        super().check()


class Clock:
    """Says what the test says. The threads that fetch ask at the beginning and at the end of each part."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked_by_fetches = Counted()

    def __call__(self) -> float:
        if threading.current_thread().name.startswith("range"):
            self.asked_by_fetches.happened()
        return self.now


class Asked:
    """One call of a fetch, which ends when the test says how, or when it is stopped."""

    def __init__(self, part: memoryview, stop: Stop) -> None:
        self.stop = stop
        self.answers: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
        self._part = part

    def run(self) -> None:
        while self.answers.empty():
            self.stop.wait(0.01)
        answer = self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        self._part[:] = answer


class Late:
    """A window that is read in a thread. All parts but the first have come in no time; the first is awaited."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.stop = WatchedStop()
        self.data = pattern(4 * PART)
        self.calls: queue.SimpleQueue[Asked] = queue.SimpleQueue()
        self._found: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._thread.start()
        self.first = self.calls.get(timeout=DEADLINE_SECONDS)
        self.clock.asked_by_fetches.wait_for(1 + 2 * 3)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(DEADLINE_SECONDS)
        assert not self._thread.is_alive()

    def _read(self) -> None:
        size = len(self.data)
        try:
            with Window(
                self._fetch, 0, size, threads=3, parts=4, part_bytes=PART, stop=self.stop, clock=self.clock
            ) as window:
                self._found.put(read_all(window, PART))
        except (Cancelled, MachineError) as error:
            self._found.put(error)

    def _fetch(self, offset: int, part: memoryview, stop: Stop) -> None:
        if offset:
            part[:] = self.data[offset : offset + len(part)]
            return
        asked = Asked(part, stop)
        self.calls.put(asked)
        asked.run()

    def asked_again(self) -> Asked:
        self.clock.now += 2.1
        return self.calls.get(timeout=DEADLINE_SECONDS)

    def result(self) -> bytes | Exception:
        return self._found.get(timeout=DEADLINE_SECONDS)


@pytest.mark.parametrize("winner", [0, 1])
def test_a_late_part_is_asked_for_again_and_the_first_to_come_is_taken(winner: int) -> None:
    with Late() as late:
        both = late.first, late.asked_again()
        both[winner].answers.put(late.data[:PART])
        assert late.result() == late.data
        assert [asked.stop.is_set() for asked in both] == [winner == 1, winner == 0]


@pytest.mark.parametrize("failing", [0, 1])
def test_one_that_fails_does_not_matter_while_the_other_is_at_work(failing: int) -> None:
    with Late() as late:
        both = late.first, late.asked_again()
        both[failing].answers.put(MachineError("the line is dead"))
        late.stop.looks.wait_for_more(2)
        both[1 - failing].answers.put(late.data[:PART])
        assert late.result() == late.data


def test_both_fail() -> None:
    with Late() as late:
        late.asked_again().answers.put(MachineError("the second"))
        late.first.answers.put(MachineError("the first"))
        assert "the first" in str(late.result())


def test_never_more_than_twice() -> None:
    with Late() as late:
        again = late.asked_again()
        late.clock.now += 1000
        late.stop.looks.wait_for_more(2)
        assert late.calls.empty()
        late.stop.set()
        assert isinstance(late.result(), Cancelled)
        assert late.first.stop.is_set()
        assert again.stop.is_set()


def test_what_is_not_late_is_not_asked_for_again() -> None:
    with Late() as late:
        late.clock.now += 1.9
        late.stop.looks.wait_for_more(2)
        assert late.calls.empty()
        late.first.answers.put(late.data[:PART])
        assert late.result() == late.data
