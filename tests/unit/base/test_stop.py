"""The flag that ends work."""

import threading

import pytest

from packllama.base.errors import Cancelled
from packllama.base.stop import Stop


def test_check() -> None:
    stop = Stop()
    stop.check()
    assert not stop.is_set()
    stop.set()
    assert stop.is_set()
    with pytest.raises(Cancelled):
        stop.check()


def test_a_wait_ends_with_the_time_or_the_flag() -> None:
    stop = Stop()
    stop.wait(0)
    setter = threading.Timer(0, stop.set)
    setter.start()
    with pytest.raises(Cancelled):
        stop.wait(60)
    setter.join()
