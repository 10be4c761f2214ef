"""A model loaded for a person who waits."""

from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.cli.door import Door
from packllama.cli.loading import loaded_for
from packllama.name import ModelName
from packllama.places.store import Store
from tests.unit.engine.conftest import Scripted, scripted
from tests.unit.stores import put_model

__all__ = ["scripted"]  # a fixture of the engine's own tests

NO_TEMPLATE = "this model has no template"


def test_what_is_said_of_a_model_is_said_once(
    tmp_path: Path, scripted: Callable[..., Scripted], capsys: pytest.CaptureFixture[str]
) -> None:
    """A conversation loads it again when an option asks for that."""
    put_model(tmp_path, "a")
    put_model(tmp_path, "b")
    door, engine = Door(Settings(), Stop()), scripted().program
    for name in ("a", "a", "b"):
        with loaded_for(door, Store(tmp_path), ModelName.parse(name), engine=engine, stop=Stop()) as model:
            pass
    assert capsys.readouterr().err.count(NO_TEMPLATE) == 2
    for _ in range(2):
        model.observer.noted("the question is too long")
    assert capsys.readouterr().err.count("too long") == 2
