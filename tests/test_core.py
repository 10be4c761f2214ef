"""The core works with nothing installed but its own pure-Python dependencies, and starts without drawing libraries."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import IN_CI
from tests.program import environment


@pytest.fixture
def core_python() -> str:
    """An interpreter that has packllama's wheel and no extra; ``make test`` makes it."""
    found = os.environ.get("PACKLLAMA_CORE_PYTHON")
    if not found:
        if IN_CI:
            pytest.fail("PACKLLAMA_CORE_PYTHON is not set")
        pytest.skip("needs the environment that `make test` makes")
    return found


def test_without_extras(core_python: str, tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    """Build, list, show and remove work; run says what is missing; no compiled package is there."""

    def core(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [core_python, *args], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False
        )

    (tmp_path / "model.gguf").write_bytes(gguf("tiny.gguf").read_bytes())
    (tmp_path / "Modelfile").write_text("FROM model.gguf\nSYSTEM Be brief.\n")
    assert core("-m", "packllama", "create", "m").returncode == 0
    assert "m:latest" in core("-m", "packllama", "list").stdout
    assert core("-m", "packllama", "show", "--system", "m").stdout == "Be brief."
    ran = core("-m", "packllama", "run", "m", "hello")
    assert ran.returncode == 9
    assert "packllama[engine]" in ran.stderr
    assert "--engine" in ran.stderr
    assert core("-m", "packllama", "rm", "m").stdout == "deleted 'm'\n"
    listed = (
        "import sysconfig, pathlib; [print(p.name) for p in pathlib.Path(sysconfig.get_path('purelib')).rglob('*.so')]"
    )
    # A package may bring a faster half in C, as long as it does without.
    assert set(core("-c", listed).stdout.split()) <= {"_wcwidth_c.abi3.so"}
    without = (
        "import sys; sys.modules['wcwidth._wcwidth_c'] = None; import prompt_toolkit, rich.console; print('works')"
    )
    assert core("-c", without).stdout == "works\n"
    imported = (
        "import pkgutil, importlib, packllama\nfor m in pkgutil.walk_packages(packllama.__path__, 'packllama.'):\n"
    )
    imported += "    m.name in {'packllama.__main__'} or importlib.import_module(m.name)\nprint('all')"
    assert core("-c", imported).stdout == "all\n"


@pytest.mark.parametrize("args", [["list"], ["--help"], ["show", "nope"], ["create", "m", "-f", "nope"]])
def test_starting_imports_no_drawing_library(args: list[str], tmp_path: Path) -> None:
    code = "import sys; from packllama.cli.main import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    (tmp_path / "store").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, *args],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    modules = {name.partition(".")[0] for name in done.stderr.split()}
    assert "click" in modules
    assert not modules & {"rich", "prompt_toolkit", "urllib3", "xllamacpp", "PIL"}
