"""A file that a verb writes because it was told to, where nothing is."""

import os
from pathlib import Path

from packllama.base.errors import UsageError
from packllama.base.fs import write_file
from packllama.cli.door import Door


def check_new(path: Path) -> None:
    """Raises: UsageError, when something is there."""
    if os.path.lexists(path):
        raise UsageError("this file is there already", where=str(path), hint="Name another one with -o.")


def write_new(path: Path, data: bytes, door: Door) -> None:
    """Write it, and say so."""
    write_file(path, data, staging=path.absolute().parent, mode=None)
    door.say(f"wrote {path}")
