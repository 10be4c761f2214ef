"""Tell a bundle from other files by its first bytes."""

import os
from pathlib import Path

from packllama.base.fs import translated
from packllama.base.reading import opened_plain
from packllama.places.bundle.front import BEGINNING


def is_bundle(path: Path) -> bool:
    """Whether the file begins as a bundle does; the rest may still be anything.

    Raises: MissingFile, BadInput, when it is no plain file; MachineError.
    """
    with opened_plain(path, what="a bundle") as descriptor, translated("reading", path):
        return os.pread(descriptor, len(BEGINNING), 0) == BEGINNING
