"""The digests that the recorded program gave to GGUF files, and to the templates that it chose.

It rewrote a plain GGUF when it stored it; packllama stores the file as it is. Its templates are its own texts;
packllama's write the same in other words.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

from packllama.catalog.formats import FORMATS
from tests.fixtures import gguf_files
from tests.fixtures.make.gguf_copy import copy as rewritten

_KEPT = ("-inline.gguf", "-lora.gguf", "mmproj.gguf", "cut.gguf", "header.gguf", "not.gguf", "only.gguf")


@cache
def recorded_digests() -> dict[str, str]:
    """Ours to the recorded one, for every plain fixture."""
    table = {}
    for name in gguf_files.names():
        if not name.endswith(_KEPT):
            data = gguf_files.path(name).read_bytes()
            table[digest(data)] = digest(rewritten(data))  # type: ignore[no-untyped-call]
    return table


@cache
def recorded_templates() -> dict[str, str]:
    """Digest and size of our own template, as they stand in a manifest, to those of the recorded one of that name."""
    table = {}
    for line in (Path(__file__).parent / "data" / "create.jsonl").read_text(encoding="utf-8").splitlines():
        for layer in (json.loads(line)["result"] or {}).get("layers", ()):
            if "autodetected" in layer:
                ours = FORMATS[layer["autodetected"]].text().encode()
                table[_place(digest(ours), len(ours))] = _place(layer["digest"], layer["size"])
    return table


def with_recorded_templates(manifest: str) -> str:
    """The text of a manifest with our own templates replaced."""
    for ours, theirs in recorded_templates().items():
        manifest = manifest.replace(ours, theirs)
    return manifest


def _place(digest: str, size: int) -> str:
    return f'"digest":"{digest}","size":{size}'


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
