"""Where a receipt is written: two files, the document and the page, under one name with two endings."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from packllama.base.fs import NewFile, write_file
from packllama.prove.document import document
from packllama.prove.page import page
from packllama.prove.receipt import Receipt

_ENDINGS = (".json", ".txt")
# A file system takes 255 bytes; a date and an ending have 24.
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class ReceiptPlace:
    """``stem`` is the files' name without its ending; empty: the model's name and the date."""

    folder: Path
    stem: str

    @classmethod
    def at(cls, output: str) -> Self:
        """What a user means by ``-o``: a folder, or a file with or without one of the two endings.

        Raises:
            MissingFile, MachineError: no file can be made in that folder.
        """
        path = Path(output).absolute()
        if output.endswith(os.sep) or path.is_dir():
            place = cls(path, "")
        else:
            place = cls(path.parent, path.stem if path.suffix in _ENDINGS else path.name)
        with NewFile(place.folder):  # gone at once
            return place

    def write(self, receipt: Receipt) -> tuple[Path, ...]:
        """Both files, durably; what has their names is replaced.

        Raises:
            NoSpace, MachineError.
        """
        stem = self.stem or _stem(receipt)
        texts = json.dumps({"packllama": 1, **document(receipt)}, indent=2) + "\n", page(receipt)
        paths = tuple(self.folder / f"{stem}{ending}" for ending in _ENDINGS)
        for path, text in zip(paths, texts, strict=True):
            write_file(path, text.encode(), staging=self.folder, mode=None)
        return paths


def _stem(receipt: Receipt) -> str:
    """Characters that every file system takes, sticks included."""
    name = re.sub(r"[^\w.-]", "-", receipt.name.short, flags=re.ASCII)[:_LONGEST_NAME]
    return f"{name}-{receipt.date:%Y%m%dT%H%M%SZ}"
