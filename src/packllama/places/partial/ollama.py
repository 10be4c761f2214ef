"""Ollama's unfinished downloads: a data file as long as the blob, and a small JSON file for each part of it.

``sha256-<hex>-partial`` has holes where nothing came yet. ``sha256-<hex>-partial-<N>`` says of a part where it begins,
how long it is, and how many bytes from its beginning were there when an attempt to fetch it last ended.
"""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from packllama.base.errors import PackLlamaError
from packllama.base.reading import read_small
from packllama.model import Blob
from packllama.places.extents import joined
from packllama.places.partial.partial import Partial

_STATE = re.compile(r"(sha256-[0-9a-f]{64}-partial)-[0-9]{1,9}")
_STATE_LIMIT = 1000


def downloads(folder: Path, names: Collection[str], *, wanted: Iterable[Blob]) -> Iterator[Partial]:
    """Those of wanted blobs, among the entries ``names`` of a folder."""
    states: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if match := _STATE.fullmatch(name):
            states[match[1]].append(name)
    for blob in wanted:
        name = f"{blob.digest.file_name}-partial"
        if name in names:
            parts = (_completed(folder / state) for state in states[name])
            yield Partial(blob, folder / name, joined(parts, size=blob.size))


def _completed(path: Path) -> range:
    """The bytes that a part has; none, when its file cannot be read or makes no sense."""
    try:
        state = json.loads(read_small(path, limit=_STATE_LIMIT, what="the state of a download"))
        offset, size, completed = (_whole_number(state[key]) for key in ("Offset", "Size", "Completed"))
    except (PackLlamaError, ValueError, LookupError, TypeError, RecursionError):
        return range(0)
    return range(offset, offset + completed) if completed <= size else range(0)


def _whole_number(value: object) -> int:
    """Raises: ValueError, when it is anything but 0 or more."""
    if type(value) is not int or value < 0:
        raise ValueError(value)
    return value
