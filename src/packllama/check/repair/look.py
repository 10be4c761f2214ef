"""Read blobs up to the first piece that is bad. Nothing is written."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import IntegrityError, MachineError, MissingFile, NoRights, PackLlamaError
from packllama.base.observer import Observer
from packllama.base.reading import FileRange, open_plain, page_buffer
from packllama.base.stop import Stop
from packllama.check.reading import MOST_THREADS
from packllama.check.repair.track import READ_BYTES, Marks, Track
from packllama.model import Blob
from packllama.places.store.ingest import is_unchanged
from packllama.places.store.layout import Layout
from packllama.places.store.replace import is_plain


@dataclass(frozen=True, slots=True)
class Look:
    """What became of reading the file ``path``, which is the blob or what a stopped repair left of it.

    ``track`` is as far as its bytes are right, ``status`` what file it was; None: there is none. ``error``: why it can
    neither be used nor replaced. ``judged``: by sha256; else pieces alone say that it is damaged, which proves nothing.
    """

    path: Path
    track: Track
    status: os.stat_result | None = None
    whole: bool = False
    error: PackLlamaError | None = None
    judged: bool = True

    @property
    def blob(self) -> Blob:
        return self.track.marks.blob

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return self.status.st_size if self.status else 0

    @property
    def mendable(self) -> bool:
        """Whether it is known what of the file can be used."""
        return self.status is not None and (self.track.marks.tell or self.track.whole)

    @property
    def bad(self) -> range:
        """Which bytes have to be fetched. What follows a bad piece can be judged only when that is right."""
        if not self.mendable:
            return range(self.blob.size)
        piece = self.track.piece
        return range(piece.start, piece.stop if piece.stop <= self.size else self.blob.size)


def look_at_all(
    layout: Layout, marks: Iterable[Marks], *, sure: bool = False, observer: Observer, stop: Stop
) -> list[Look]:
    """`look` at these blobs, several at a time, largest first so that the threads end together.

    Raises: Cancelled.
    """
    order = sorted(marks, key=lambda marks: -marks.blob.size)
    observer.planned(sum(each.blob.size for each in order))
    threads = max(1, min(MOST_THREADS, os.cpu_count() or 1, len(order)))
    with ThreadPoolExecutor(threads, thread_name_prefix="look") as pool:
        running = [pool.submit(look, layout, each, sure=sure, observer=observer, stop=stop) for each in order]
        try:
            return [future.result() for future in running]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def look(layout: Layout, marks: Marks, *, sure: bool = False, observer: Observer, stop: Stop) -> Look:
    """Read one blob. What a disk cannot read counts as bad, as what is wrong does.

    ``sure``: where a piece is bad, also all that follows is read, since only the whole sha256 proves anything.

    Raises: Cancelled.
    """
    path, track = _path(layout, marks.blob), Track(marks)
    try:
        descriptor = open_plain(path, what="a blob")
    except MissingFile:
        return Look(path, track, error=_obstacle(path))
    except NoRights as error:
        return Look(path, track, error=error)
    except PackLlamaError as error:
        return Look(path, track, error=_obstacle(path) or error)
    try:
        status = os.fstat(descriptor)
        right = _is_right(track, descriptor, path, status.st_size, sure=sure, observer=observer, stop=stop)
    finally:
        os.close(descriptor)
    if right and status.st_size != marks.blob.size:
        return Look(path, track, status, error=_wrong_manifest(marks.blob, path, status.st_size))
    whole = bool(right) and path == layout.blob(marks.blob.digest)
    return Look(path, track, status, whole, None if whole else _obstacle(path), judged=right is not None)


def is_right_after_all(seen: Look, layout: Layout, *, observer: Observer, stop: Stop) -> bool:
    """Whether only pieces spoke against a blob, and they lied. Raises: Cancelled."""
    if seen.judged:
        return False
    observer.planned(seen.blob.size)
    return look(layout, seen.track.marks, sure=True, observer=observer, stop=stop).whole


def is_still(seen: Look, layout: Layout) -> bool:
    """Whether the file that was read is still there and was not written to."""
    path = _path(layout, seen.blob)
    try:
        now = path.lstat()
    except OSError:
        return seen.status is None
    return path == seen.path and seen.status is not None and is_unchanged(now, seen.status)


def _path(layout: Layout, blob: Blob) -> Path:
    path, left = layout.blob(blob.digest), layout.quarantined(blob.digest)
    return left if left.is_file() and not left.is_symlink() and not os.path.lexists(path) else path


def _obstacle(path: Path) -> PackLlamaError | None:
    """Why what is there is not replaced."""
    try:
        is_plain(path)
    except PackLlamaError as error:
        return error
    return None


def _wrong_manifest(blob: Blob, path: Path, size: int) -> IntegrityError:
    return IntegrityError(
        f"expected {blob.size:,} bytes, found {size:,} (its digest is right, so the manifest is wrong)",
        where=str(path),
        hint="Pull, create or copy the model again.",
    )


def _is_right(
    track: Track, descriptor: int, path: Path, size: int, *, sure: bool, observer: Observer, stop: Stop
) -> bool | None:
    """Whether a file of so many bytes has the blob's sha256; None: it was not read to its end."""
    blob, buffer = track.marks.blob, page_buffer(READ_BYTES)
    try:
        reader = FileRange(descriptor, start=0, stop=blob.size, where=str(path))
        while (piece := track.piece) and track.take(reader, buffer, stop=stop):
            observer.advanced(len(piece))
        if track.whole:
            return size == blob.size
        if not sure and size == blob.size and track.piece.stop < size:
            return None
        rest = FileRange(descriptor, start=track.position, stop=max(size, track.position), where=str(path))
        return track.ends_right(rest, buffer, stop=stop)
    except MachineError:
        return False
