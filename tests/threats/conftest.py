"""What the tests of all threats share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.threats.refusal import Program, Scene


@pytest.fixture(scope="session")
def program() -> Iterator[Program]:
    with Program() as found:
        yield found


@pytest.fixture
def scene(tmp_path: Path, program: Program) -> Scene:
    """A store with a model, a folder to work in, and a canary beside it."""
    return Scene.make(tmp_path, program)
