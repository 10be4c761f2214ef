"""Two stores: one with a model, and an empty one to move it to."""

from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.manifest import LayerKind
from packllama.model import Move
from packllama.name import ModelName
from packllama.places.store import Store
from packllama.places.store import publish as room
from packllama.places.store.layout import Layout
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


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Have something done right after the manifest was written, once."""

    def arrange(action: Callable[[], None]) -> None:
        pending, write = [action], room._write_manifest

        def write_and_act(layout: Layout, name: ModelName, manifest: bytes, work: Path) -> None:
            write(layout, name, manifest, work)
            if pending:
                pending.pop()()

        monkeypatch.setattr(room, "_write_manifest", write_and_act)

    return arrange
