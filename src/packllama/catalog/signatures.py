"""Known templates by their hashes: what Ollama would choose for them, and what our own rule has chosen."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Signatures:
    """By SHA-256 of the template's UTF-8 text, in hex.

    ``ollama``: the name that Ollama gives, or None. ``agree``: formats that render the same, whatever the tokens are.
    """

    ollama: Mapping[str, str | None]
    agree: Mapping[str, str]


@cache
def signatures() -> Signatures:
    """The table that comes with the program."""
    known = json.loads(resources.files(__package__).joinpath("signatures.json").read_bytes())
    entries = {entry["sha256"]: entry["name"] for entry in known["entries"]}
    return Signatures(ollama={**known["variants"], **entries}, agree=known["agree"])


def signature(jinja: str) -> str:
    """The key of a template."""
    return hashlib.sha256(jinja.encode("utf-8", "surrogatepass")).hexdigest()
