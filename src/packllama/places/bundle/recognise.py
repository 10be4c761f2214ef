"""Tell a bundle from other files by its first block."""

import os
from pathlib import Path

from packllama.base.errors import from_os_error
from packllama.base.reading import open_plain
from packllama.places.bundle.front import BEGINNING


def is_bundle(path: Path) -> bool:
    """Whether the file begins as a bundle does; the rest may still be anything.

    Raises: MissingFile, BadInput, when it is no plain file; MachineError.
    """
    descriptor = open_plain(path, what="a bundle")
    try:
        return os.pread(descriptor, len(BEGINNING), 0) == BEGINNING
    except OSError as error:
        raise from_os_error(error, doing="reading", where=path) from error
    finally:
        os.close(descriptor)
