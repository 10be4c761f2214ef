"""Two stores: one with a model, and an empty one to move it to."""

from pathlib import Path

import pytest

from packllama.manifest import LayerKind
from packllama.model import Move
from packllama.name import ModelName
from packllama.places.store import Store
from tests.unit.places.store.moving import SYSTEM, WEIGHTS
from tests.unit.stores import put_model


@pytest.fixture
def source(tmp_path: Path) -> Store:
    put_model(tmp_path / "source", "m", (LayerKind.SYSTEM, SYSTEM), weights=WEIGHTS)
    return Store(tmp_path / "source")


@pytest.fixture
def move(source: Store) -> Move:
    return Move(source.find(ModelName.parse("m")))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")
