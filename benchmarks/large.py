"""Large files to measure with."""

import hashlib
import os
import struct
from collections.abc import Sequence
from pathlib import Path

GIB = 1 << 30
LARGE = 2 * GIB


def write_large_gguf(path: Path, size: int) -> None:
    """A sound GGUF with one tensor of ``size`` bytes that no file system can squeeze."""
    text = b"general.architecture"
    key = struct.pack("<Q", len(text)) + text + struct.pack("<IQ", 8, 5) + b"bench"
    tensor = struct.pack("<Q", 1) + b"t" + struct.pack("<IQIQ", 1, size, 24, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + key + tensor
    block = os.urandom(1 << 24)
    with path.open("wb") as file:
        file.write(head + bytes(-len(head) % 32))
        for _ in range(size // len(block)):
            file.write(block)


def write_blocks(path: Path, keys: Sequence[bytes], table: Sequence[bytes], size: int) -> None:
    """A GGUF of these keys and tensors, and ``size`` bytes of data that no file system can squeeze."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(table), len(keys)) + b"".join((*keys, *table))
    block = os.urandom(1 << 24)
    with path.open("wb") as file:
        file.write(head + bytes(-len(head) % 32))
        for start in range(0, size, len(block)):
            file.write(block[: size - start])


def sha256_of(path: Path) -> None:
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
