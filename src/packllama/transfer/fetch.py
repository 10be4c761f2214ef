"""A blob's bytes from one source: from a disk in one go, from afar in several ranges at once."""

from contextlib import AbstractContextManager

from packllama.base.stop import Stop
from packllama.model import Blob, Model
from packllama.places.place import Ranges, Reader
from packllama.transfer.ranges import Patience, PatientReader

# How far the window reaches, in parts; the second where the user wants more than so many ranges at once.
_PARTS, _MORE_PARTS, _MANY_RANGES = 16, 64, 8


class Fetching:
    """One source, asked with patience. ``parallel``: ranges at once; None: as many as the source gains from."""

    def __init__(self, source: Ranges, *, parallel: int | None, patience: Patience, stop: Stop) -> None:
        self._source = source
        self._parallel = parallel or source.streams
        self._parts = _MORE_PARTS if parallel and parallel > _MANY_RANGES else _PARTS
        self._patience = patience
        self._stop = stop

    def reader(self, blob: Blob, of: Model, start: int, end: int | None = None) -> AbstractContextManager[Reader]:
        """The blob's bytes from ``start`` up to ``end``, or to its own. Reading raises SourceFailed, Cancelled."""
        end = blob.size if end is None else end
        if self._source.streams == 1:
            return self._range(blob, of, start, end, self._stop)
        from packllama.transfer.window import Window  # noqa: PLC0415  a copy between disks needs no threads to start

        def fetch(offset: int, part: memoryview, stop: Stop) -> None:
            with self._range(blob, of, offset, offset + len(part), stop) as reader:
                while part and (count := reader.readinto(part)):
                    part = part[count:]

        return Window(fetch, start, end, threads=self._parallel, parts=self._parts, stop=self._stop)

    def _range(self, blob: Blob, of: Model, start: int, end: int, stop: Stop) -> PatientReader:
        return PatientReader(
            lambda start, stop: self._source.read(blob, of=of, start=start, stop=stop),
            start,
            end,
            patience=self._patience,
            stop=stop,
        )
