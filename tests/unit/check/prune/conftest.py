"""A store with two models."""

from pathlib import Path

import pytest

from tests.unit.check.leavings import two_models


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir()
    two_models(tmp_path / "store")
    return tmp_path / "store"
