"""A scripted llama-server in a folder of its own."""

import contextlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from packllama.base.stop import Stop
from packllama.engine import LoadedModel, loaded
from packllama.manifest import LayerKind
from packllama.name import ModelName
from packllama.places.store import Store
from tests.unit.stores import TINY_GGUF, put_model

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


Ask = Callable[..., AbstractContextManager[tuple[LoadedModel, Scripted]]]


@pytest.fixture
def asking(scripted: Callable[..., Scripted], tmp_path: Path) -> Ask:
    """Load a stored model, whose TEMPLATE and parameters are given, into a double of these keys."""

    @contextlib.contextmanager
    def load(
        template: str = "{{ .Prompt }}", *, parameters: str = "{}", weights: bytes = TINY_GGUF, **config: object
    ) -> Iterator[tuple[LoadedModel, Scripted]]:
        double = scripted(**config)
        layers = (LayerKind.TEMPLATE, template.encode()), (LayerKind.PARAMS, parameters.encode())
        put_model(tmp_path / "store", "m", *layers, weights=weights)
        store, name = Store(tmp_path / "store"), ModelName.parse("m")
        with loaded(store, name, engine=double.program, stop=Stop()) as model:
            yield model, double

    return load
