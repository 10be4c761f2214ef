"""Progress of work that has several parts."""

import sys
import threading

import pytest

from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.cli.door import Door, Progress
from tests.unit.engine.waiting import until


def test_a_second_part_ends_the_bar_of_the_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    before = threading.active_count()
    with Progress(Door(Settings(), Stop()), "working") as progress:
        progress.planned(10)
        progress.advanced(10)
        progress.planned(5)
        until(lambda: threading.active_count() == before + 1)
        progress.advanced(5)
        progress.began("resting")
        until(lambda: threading.active_count() == before)
        progress.planned(5)
        until(lambda: threading.active_count() == before + 1)
    until(lambda: threading.active_count() == before)
    drawn = capsys.readouterr().err
    assert "working" in drawn
    assert "resting" in drawn
