"""The store that the recorded commands ran on, built again by ``packllama create``."""

import atexit
import json
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from packllama.name import ModelName
from tests.conformance.digests import digest, recorded_digests, with_recorded_templates
from tests.fixtures import gguf_files
from tests.program import called

MODELS = Path(__file__).parent / "data" / "models.jsonl"


@cache
def base_store(models: Path = MODELS) -> Path:
    """The store, made once in this process. Not to be changed: `copied` gives one that may be."""
    folder = Path(tempfile.mkdtemp(prefix="packllama-base-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for line in models.read_text(encoding="utf-8").splitlines():
        _create(json.loads(line), folder)
    return folder / "store"


def copied(store: Path, target: Path) -> Path:
    """A store of one's own, times kept."""
    return shutil.copytree(store, target, symlinks=True)


def _create(model: dict[str, Any], folder: Path) -> None:
    for name in model["fixtures"]:
        if not (folder / name).exists():
            shutil.copyfile(gguf_files.path(name), folder / name)
    done = called("create", model["model"], "-f", "-", cwd=folder, stdin=model["modelfile"])
    if done.returncode != 0:
        raise RuntimeError(f"{model['model']} could not be created: {done.stderr}")
    manifest = folder / "store" / "manifests" / ModelName.parse(model["model"]).relative_path()
    os.utime(manifest, (model["mtime"], model["mtime"]))


def recorded_ids(store: Path) -> dict[str, str]:
    """The short ids of the store's models, ours to those that they have with the recorded digests."""
    table = {}
    for path in (store / "manifests").rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            table[_id(text)] = _id(with_recorded_templates(with_recorded_digests(text)))
    return table


def with_recorded_digests(text: str) -> str:
    """A text with our GGUF digests replaced, in whatever spelling they stand in it."""
    for ours, theirs in recorded_digests().items():
        text = text.replace(ours.removeprefix("sha256:"), theirs.removeprefix("sha256:"))
    return text


def _id(manifest: str) -> str:
    return digest(manifest.encode()).removeprefix("sha256:")[:12]
