"""Folders as downloads leave them."""

import random
from pathlib import Path

from packllama.base.observer import SilentObserver
from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, compose
from packllama.model import Blob
from tests.unit.stores import TINY_CONFIG

# Above the size up to which candidates are hashed at once.
WEIGHTS = random.Random(7).randbytes((1 << 20) + 1)
OTHER_WEIGHTS = bytes(len(WEIGHTS))

BLOB = Blob(Digest.of(WEIGHTS), len(WEIGHTS))
CONFIG = Blob(Digest.of(TINY_CONFIG), len(TINY_CONFIG))


def manifest(weights: bytes = WEIGHTS, *, size: int | None = None) -> bytes:
    """Of a model with these weights, and perhaps a lie about their size."""
    layer = Layer(LayerKind.MODEL.media_type, Digest.of(weights), len(weights) if size is None else size)
    return compose(Layer(CONFIG_TYPE, CONFIG.digest, CONFIG.size), [layer])


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


class Counting(SilentObserver):
    """How many bytes were read."""

    def __init__(self) -> None:
        self.count = 0

    def advanced(self, count: int) -> None:
        self.count += count
