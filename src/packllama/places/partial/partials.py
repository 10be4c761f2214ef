"""The unfinished downloads in a folder, as a place of extents."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from packllama.base.reading import FileRange, open_range
from packllama.digest import Digest
from packllama.model import Blob
from packllama.places.partial import aria2, ollama
from packllama.places.partial.partial import Partial


class Partials:
    """At most one file for each blob. May be shared between threads."""

    def __init__(self, partials: Iterable[Partial]) -> None:
        """Of several for one blob the one counts that has most of it."""
        ordered = sorted(partials, key=lambda partial: partial.held)
        self._partials: dict[Digest, Partial] = {partial.blob.digest: partial for partial in ordered if partial.held}

    def extents(self, blob: Blob) -> tuple[range, ...]:
        """Which ranges of a blob are there, in order, none touching the next."""
        partial = self._partials.get(blob.digest)
        return partial.extents if partial else ()

    def read(self, blob: Blob, *, start: int, stop: int) -> AbstractContextManager[FileRange]:
        """The bytes of one of those ranges, or of a part of it.

        Raises: MissingFile, BadInput, MachineError: the other program may have done anything with its file meanwhile.
        """
        return open_range(self._partials[blob.digest].path, what="a partial download", start=start, stop=stop)


def partials_in(*folders: Path, wanted: Iterable[Blob]) -> Partials:
    """What unfinished downloads in some folders have of these blobs, as far as their own books tell.

    Downloads that cannot be read, or whose books make no sense, are as if they were not there.
    """
    blobs = frozenset(wanted)
    return Partials(partial for folder in folders for partial in _downloads(folder, blobs))


def _downloads(folder: Path, wanted: Collection[Blob]) -> Iterator[Partial]:
    try:
        names = frozenset(path.name for path in folder.iterdir())
    except OSError:
        return
    yield from ollama.downloads(folder, names, wanted=wanted)
    yield from aria2.downloads(folder, names, wanted=wanted)
