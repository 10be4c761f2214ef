"""Every kept input stays within its bounds, and so do some seconds' worth of new ones."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fuzz.bounds import run_within_bounds
from tests.fuzz.search import CORPUS
from tests.fuzz.targets import NAMES, PLAIN, opened

ROOT = Path(__file__).parents[2]
SECONDS = 3

_PLANTED = """
import sys
from tests.fuzz.bounds import limit_memory, run_within_bounds
def hang(data):
    while True:
        pass
def hoard(data):
    return bytearray(300 << 20)
def crash(data):
    return {}[data]
limit_memory()
run_within_bounds(globals()[sys.argv[1]], b"x")
"""


# Some answers of a registry end only when nobody waits for more.
@pytest.mark.parametrize("name", [pytest.param("registry", marks=pytest.mark.slow), *PLAIN])
def test_kept_inputs(name: str) -> None:
    kept = sorted((CORPUS / name).iterdir())
    assert kept
    with opened(name) as target:
        for path in kept:
            print(path)
            run_within_bounds(target, path.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_new_inputs(name: str, tmp_path: Path) -> None:
    seed = str(time.time_ns() % 1_000_000)
    done = _run(tmp_path, "-m", "tests.fuzz", name, "--seconds", str(SECONDS), "--seed", seed)
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    assert "inputs" in done.stdout


@pytest.mark.parametrize(("what", "error"), [("hang", "TooSlow"), ("hoard", "MemoryError"), ("crash", "KeyError")])
def test_what_breaks_a_bound_is_seen(what: str, error: str, tmp_path: Path) -> None:
    done = _run(tmp_path, "-c", _PLANTED, what)
    assert done.returncode == 1
    assert error in done.stderr


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
