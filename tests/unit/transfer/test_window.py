"""Ranges arrive in any order, and are read in one."""

import random
import threading
from collections.abc import Callable

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
