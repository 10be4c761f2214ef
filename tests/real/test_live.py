"""The report on the public registries, made of a registry of ours."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import environment
from tests.registry.listener import reply
from tests.registry.registry import Registry, says

pytestmark = pytest.mark.slow

LIVE = Path(__file__).parents[2] / "scripts" / "live.py"
NAMES = ("gemma3:270m", "qwen3:0.6b", "llama3.2:1b", "all-minilm:latest", "smollm2:135m", "mistral:7b")


def live(registry: Registry, home: Path) -> tuple[int, list[dict[str, object]]]:
    for name in NAMES:
        model, _, tag = name.partition(":")
        registry.put(f"library/{model}", tag, weights=b"w" * 5000)
    words = [sys.executable, str(LIVE), registry.host, "--insecure"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment(home), timeout=60)
    return done.returncode, json.loads(done.stdout)["requests"]


def test_everything_is_answered(tmp_path: Path) -> None:
    with Registry() as registry:
        status, report = live(registry, tmp_path)
    assert status == 0
    assert [entry["what"] for entry in report] == ["manifest", "config", "weights"] * len(NAMES)
    assert len(registry.requests) == len(report)
    assert {entry["found"] for entry in report if entry["what"] == "weights"} == {"1024 bytes"}


def test_what_fails_is_told(tmp_path: Path) -> None:
    with Registry() as registry:
        registry.tricks.append(says(reply(403), to="/smollm2/blobs/"))
        status, report = live(registry, tmp_path)
    assert status == 1
    assert [entry["name"] for entry in report if not entry["ok"]] == [f"{registry.host}/library/smollm2:135m"] * 2
