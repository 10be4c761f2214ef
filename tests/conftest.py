"""What every test may ask for."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures import gguf_files

IN_CI = os.environ.get("CI", "").lower() == "true"


@pytest.fixture
def gguf() -> Callable[[str], Path]:
    """The path of a tiny GGUF by its name in ``fixtures.json``. Shared between tests: not to be changed."""
    return gguf_files.path


@pytest.fixture
def need_program() -> Callable[[str, str], str]:
    """The path of a program; without it the test fails in CI and is skipped elsewhere, naming the package."""

    def find(program: str, package: str) -> str:
        # Debian's users have no sbin in their path, yet what stands there runs for them too.
        found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
        if found is None:
            _lacking(f"{program} is not installed: install the package {package}")
        assert found is not None
        return found

    return find


@pytest.fixture
def need_root() -> None:
    """Demand to be root, who may mount file systems and give files away; fails in CI, is skipped elsewhere."""
    if os.geteuid() != 0:
        _lacking("only root may do this: run the tests as root")


@pytest.fixture
def need_module() -> Callable[[str, str], None]:
    """Demand a Python module; without it the test fails in CI and is skipped elsewhere."""

    def find(module: str, package: str) -> None:
        import importlib.util

        if importlib.util.find_spec(module) is None:
            _lacking(f"{module} is not installed: pip install {package}")

    return find


def _lacking(text: str) -> None:
    if IN_CI:
        pytest.fail(text)
    pytest.skip(text)
