"""A scripted llama-server in a folder of its own."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "fixtures" / "scripted_engine.py"


@dataclass(frozen=True)
class Scripted:
    """A double of llama-server: the program to name, a model to load, what it recorded."""

    program: Path
    model: Path

    @property
    def records(self) -> list[dict[str, Any]]:
        path = self.program.with_suffix(".jsonl")
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def starts(self) -> list[dict[str, Any]]:
        return [entry for entry in self.records if "argv" in entry]

    def bodies(self, path: str) -> list[dict[str, Any]]:
        return [entry["body"] for entry in self.records if entry.get("path") == path]


@pytest.fixture
def scripted(tmp_path: Path) -> Callable[..., Scripted]:
    """Make a double that behaves as told; the keys are those of ``scripted_engine.py``."""

    def make(**config: object) -> Scripted:
        folder = tmp_path / "engine"
        folder.mkdir()
        program = folder / "llama-server"
        shutil.copy(SCRIPT, program)
        source = program.read_text().removeprefix("#!/usr/bin/env python3\n")
        program.write_text(f"#!{sys.executable}\n{source}")
        program.chmod(0o755)
        program.with_suffix(".json").write_text(json.dumps(config))
        model = folder / "model.gguf"
        model.write_bytes(b"GGUF")
        return Scripted(program, model)

    return make
