"""What a person typed, remembered across conversations in a small file that only they may read.

A line holds one entry as a JSON text, so that an entry may have several lines. A history that cannot be read or
written is no reason not to talk: it is left out.
"""

import contextlib
import json
from pathlib import Path

from packllama.base import fs
from packllama.base.errors import MissingFile, PackLlamaError
from packllama.base.reading import read_small

# As many as Ollama keeps. A longer entry is a pasted document, which nobody looks for with the arrow keys.
_ENTRIES = 100
_LONGEST = 16 << 10
# Each character is at most four bytes, or an escape of six.
_LIMIT = _ENTRIES * (6 * _LONGEST + 3)


def entries(path: Path) -> list[str]:
    """What was typed, oldest first."""
    with contextlib.suppress(PackLlamaError):
        return _read(path)
    return []


def remember(path: Path, text: str) -> None:
    """Add an entry. What another conversation has added in between stays."""
    if len(text) > _LONGEST:
        return
    with contextlib.suppress(PackLlamaError):
        kept = [*_read(path), text][-_ENTRIES:]
        data = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in kept)
        fs.make_directory(path.parent, below=path.parent)
        fs.write_file(path, data.encode("utf-8", "replace"), staging=path.parent, mode=0o600)


def _read(path: Path) -> list[str]:
    try:
        data = read_small(path, limit=_LIMIT, what="a history")
    except MissingFile:
        return []
    return [_entry(line) for line in data.decode("utf-8", "replace").split("\n") if line][-_ENTRIES:]


def _entry(line: str) -> str:
    """A line that is no JSON text is an entry as it stands, as in Ollama's history."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return line
    return found if isinstance(found, str) else line
