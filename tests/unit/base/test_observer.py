"""The observer that nobody listens to."""

import pytest

from packllama.base.observer import SILENT


def test_silence(capfd: pytest.CaptureFixture[str]) -> None:
    SILENT.planned(10)
    SILENT.advanced(5)
    SILENT.waiting("process 1")
    SILENT.noted("a line")
    assert capfd.readouterr() == ("", "")
