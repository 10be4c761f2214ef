"""Twenty read-only requests to the public registries, and what came of them, as one JSON document.

For whoever has a network: what stands in the tests was recorded, and registries change. No weights are fetched, only
the first KiB of some. ``scripts/live.py HOST[:PORT] [--insecure]`` asks another registry for the same names.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from packllama.base.errors import PackLlamaError
from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.links.huggingface import repository_links
from packllama.manifest import Layer
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.places.place import Source
from packllama.places.registry import open_registry

NAMES = ("gemma3:270m", "qwen3:0.6b", "llama3.2:1b", "all-minilm", "smollm2:135m", "mistral:7b")
REPOSITORY = "hf.co/bartowski/SmolLM2-135M-Instruct-GGUF"
BEGINNING = 1 << 10

Step = tuple[str, str, Callable[[], str]]


def main(arguments: list[str]) -> int:
    """Ask, and print the report. Returns 0 when everything was answered as it should be."""
    hosts = [word for word in arguments if not word.startswith("--")]
    insecure = "--insecure" in arguments
    names = [ModelName.parse(name) for name in NAMES]
    if hosts:
        names = [replace(name, host=hosts[0]) for name in names]
    report = [_taken(*step) for step in _steps(names, insecure=insecure, public=not hosts)]
    failed = sum(not entry["ok"] for entry in report)
    sys.stdout.write(json.dumps({"requests": report, "failed": failed}, indent=1) + "\n")
    return 1 if failed else 0


def _steps(names: list[ModelName], *, insecure: bool, public: bool) -> Iterator[Step]:
    settings, stop = Settings.read(os.environ), Stop()
    repository = ModelName.parse(REPOSITORY)
    for name in [*names, repository] if public else names:
        source = open_registry(name.host, settings, insecure=insecure, stop=stop)
        found: list[Model] = []
        yield name.short, "manifest", partial(_find, source, name, found)
        if found and name is not repository:
            config, largest = found[0].manifest.config, max(found[0].manifest.layers, key=lambda layer: layer.size)
            yield name.short, "config", partial(_read, source, config, found[0], config.size)
            yield name.short, "weights", partial(_read, source, largest, found[0], BEGINNING)
    if public:
        yield REPOSITORY, "files", partial(_count_files, repository, settings, stop)


def _find(source: Source, name: ModelName, found: list[Model]) -> str:
    found.append(source.find(name))
    return str(found[0].manifest.digest)


def _count_files(repository: ModelName, settings: Settings, stop: Stop) -> str:
    return f"{len(repository_links(repository, settings=settings, stop=stop).links)} files"


def _read(source: Source, layer: Layer, model: Model, count: int) -> str:
    """The first bytes of a blob; where that is all of it, its digest has to be right."""
    blob, count = Blob(layer.digest, layer.size), min(count, layer.size)
    data = memoryview(bytearray(count))
    filled = 0
    with source.read(blob, of=model, start=0, stop=count) as reader:
        while filled < count and (got := reader.readinto(data[filled:])):
            filled += got
    if filled < count or (count == blob.size and Digest.of(data) != blob.digest):
        raise ValueError("other bytes than the manifest says")
    return f"{filled} bytes"


def _taken(name: str, what: str, ask: Callable[[], str]) -> dict[str, object]:
    began = time.monotonic()
    try:
        found, ok = ask(), True
    except (PackLlamaError, ValueError) as error:
        found, ok = str(error), False
    return {"name": name, "what": what, "ok": ok, "found": found, "seconds": round(time.monotonic() - began, 3)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
