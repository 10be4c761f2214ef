"""A store with two models and a large blob whose pieces are known."""

from pathlib import Path

import pytest

from packllama.places.store import Store
from tests.unit.check.repairing import make_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path / "store")
