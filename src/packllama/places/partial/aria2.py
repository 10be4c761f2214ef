"""aria2's unfinished downloads: ``FILE``, and beside it ``FILE.aria2``, which says what of it is there."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from packllama.base.errors import PackLlamaError
from packllama.model import Blob
from packllama.places.aria2 import SUFFIX, read_control
from packllama.places.partial.partial import Partial

_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", re.IGNORECASE)


def downloads(folder: Path, names: Collection[str], *, wanted: Collection[Blob]) -> Iterator[Partial]:
    """Those that may be wanted blobs, among the entries ``names`` of a folder.

    A digest in the file's name says which blob it is. Otherwise its size does, when only one wanted blob has it.
    """
    for name in sorted(names):
        data = name.removesuffix(SUFFIX)
        if data != name and data in names:
            try:
                control = read_control(folder / name)
            except PackLlamaError:
                continue
            if blob := _meant(data, control.size, wanted):
                yield Partial(blob, folder / data, control.extents)


def _meant(name: str, size: int, wanted: Collection[Blob]) -> Blob | None:
    fitting = [blob for blob in wanted if blob.size == size]
    if digest := _DIGEST.search(name):
        fitting = [blob for blob in fitting if blob.digest.hex == digest[0].lower()]
    return fitting[0] if len(fitting) == 1 else None
