"""Threads that do what they are given, and of whom nobody waits for one that does not come back."""

import threading
import time
from functools import partial

import pytest

from packllama.transfer.crew import Crew

DEADLINE_SECONDS = 20


def test_all_of_it_is_done_in_order() -> None:
    done: list[int] = []
    crew = Crew(1, name="test")
    futures = [crew.submit(partial(done.append, number)) for number in range(9)]
    crew.leave()
    assert done == list(range(9))
    assert all(future.done() for future in futures)


def test_several_at_once() -> None:
    barrier = threading.Barrier(3, timeout=DEADLINE_SECONDS)
    crew = Crew(3, name="test")
    futures = [crew.submit(barrier.wait) for _ in range(3)]
    assert [future.result(DEADLINE_SECONDS) for future in futures] == [None] * 3
    crew.leave()


def test_what_goes_wrong_is_told_by_the_future() -> None:
    crew = Crew(1, name="test")

    def fail() -> None:
        raise KeyError("here")

    failed, after = crew.submit(fail), crew.submit(lambda: None)
    with pytest.raises(KeyError, match="here"):
        failed.result(DEADLINE_SECONDS)
    assert after.result(DEADLINE_SECONDS) is None
    crew.leave()


def test_nobody_waits_for_one_that_hangs() -> None:
    before, forever = threading.active_count(), threading.Event()
    crew = Crew(2, name="test")
    crew.submit(forever.wait)
    began = time.monotonic()
    crew.leave()
    assert time.monotonic() - began < 5
    assert threading.active_count() == before + 1
    forever.set()
