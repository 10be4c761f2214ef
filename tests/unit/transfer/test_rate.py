"""A common allowance, told by a clock that only the test moves."""

import threading

import pytest

from packllama.base.errors import Cancelled
from packllama.base.stop import Stop
from packllama.transfer.rate import RateLimit


class Waiting(Stop):
    """Time passes while somebody waits, and when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        self.check()
        self.waits.append(seconds)
        self.now += seconds


def test_so_many_bytes_a_second() -> None:
    stop = Waiting()
    limit = RateLimit(1000, clock=lambda: stop.now)
    for _ in range(11):
        limit.spend(250, stop=stop)
    assert stop.now == pytest.approx(102.5)


def test_a_pause_is_not_saved_up() -> None:
    stop = Waiting()
    limit = RateLimit(1000, clock=lambda: stop.now)
    limit.spend(500, stop=stop)
    stop.now += 60
    limit.spend(500, stop=stop)
    assert stop.waits == []
    limit.spend(500, stop=stop)
    assert stop.waits == [pytest.approx(0.5)]


def test_all_callers_share_it() -> None:
    limit = RateLimit(1000, clock=lambda: 100.0)
    stops = [Waiting() for _ in range(8)]
    threads = [threading.Thread(target=lambda stop=stop: limit.spend(100, stop=stop)) for stop in stops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sum(stop.waits) for stop in stops) == pytest.approx([0.1 * turn for turn in range(8)])


def test_a_stop_ends_the_waiting() -> None:
    stop = Stop()
    limit = RateLimit(1)
    limit.spend(1_000_000, stop=stop)
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(Cancelled):
        limit.spend(1, stop=stop)
