"""How far a load is: told when it takes long, and never more than there is."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.observer import SilentObserver
from packllama.base.stop import Stop
from packllama.engine import LoadOptions, progress, start
from packllama.engine.progress import LoadProgress
from packllama.manifest import LayerKind
from tests.program import packllama
from tests.unit.engine.conftest import Scripted
from tests.unit.stores import put_model


class Heard(SilentObserver):
    def __init__(self) -> None:
        self.plans: list[int] = []
        self.steps: list[int] = []

    def planned(self, total: int) -> None:
        self.plans.append(total)

    def advanced(self, count: int) -> None:
        assert self.plans, "the plan comes first"
        self.steps.append(count)


def load(double: Scripted, size: int) -> Heard:
    os.truncate(double.model, size)
    heard = Heard()
    start(LoadOptions(double.model), engine=double.program, stop=Stop(), observer=heard).close()
    return heard


def test_a_long_load(scripted: Callable[..., Scripted]) -> None:
    # The double, being Python, holds some megabytes.
    heard = load(scripted(load_seconds=1.0), 1024**4)
    assert heard.plans == [1024**4]
    assert all(step > 0 for step in heard.steps)
    assert 1024**2 < sum(heard.steps) < 1024**3


def test_never_more_than_there_is(scripted: Callable[..., Scripted]) -> None:
    heard = load(scripted(load_seconds=1.0), 1000)
    assert (heard.plans, heard.steps) == ([1000], [1000])


def test_a_fast_load_says_nothing(scripted: Callable[..., Scripted], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "QUIET_SECONDS", 60)
    heard = load(scripted(), 1000)
    assert (heard.plans, heard.steps) == ([], [])


def test_an_engine_that_is_gone_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0)
    (tmp_path / "m").write_bytes(b"GGUF")
    heard = Heard()
    LoadProgress([tmp_path / "m"], heard).look(2**22 + 1)  # more than Linux gives
    assert (heard.plans, heard.steps) == ([4], [])


def test_nothing_is_said_off_a_terminal(scripted: Callable[..., Scripted], tmp_path: Path) -> None:
    put_model(tmp_path / "store", "m", (LayerKind.TEMPLATE, b"{{ .Prompt }}"))
    double = scripted(load_seconds=1.0)
    done = packllama("run", "m", "Hi", "--engine", str(double.program), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Hello there\n\n", "")
