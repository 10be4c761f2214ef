"""What reading every byte teaches, kept in the store for the next time: which files were right, and their pieces.

A store that cannot be written gets nothing, and one in which all is known already is not written to.
"""

import contextlib
import os
import time
from collections.abc import Mapping

from packllama.base.errors import PackLlamaError
from packllama.base.fs import remove
from packllama.base.observer import SILENT, Observer
from packllama.base.stop import Stop
from packllama.check.reading import Reading
from packllama.check.verify.pieces import new_pieces
from packllama.digest import Digest
from packllama.places.store import Session, Store
from packllama.places.store.hash_record import note_right, recorded
from packllama.places.store.kept_pieces import write_pieces
from packllama.places.store.layout import Layout

# What is smaller is read in less time than its record is made durable.
LEAST_NOTED = 1 << 20

# A record of today says as much as one of this minute, and need not be written anew.
_FRESH_SECONDS = 86_400.0


def note(
    store: Store, readings: Mapping[Digest, Reading], *, again: bool, observer: Observer = SILENT, stop: Stop
) -> None:
    """Note what these readings teach. ``again``: also of blobs whose record is fresh, so that others come next.

    Raises: Cancelled.
    """
    layout, now = store.layout, time.time()
    pieces = {digest: new for digest, reading in readings.items() if (new := new_pieces(store, digest, reading))}
    right = {
        digest: reading.status
        for digest, reading in readings.items()
        if reading.digest == digest and reading.status and _is_news(layout, digest, reading.status, now, again)
    }
    wrong = [digest for digest, reading in readings.items() if _disproves(layout, digest, reading)]
    if pieces or right or wrong:
        with (
            contextlib.suppress(PackLlamaError),
            Session(store, holder="verify", observer=observer, stop=stop) as session,
        ):
            for digest in wrong:
                remove(layout.hash_record(digest))
            for digest, status in right.items():
                note_right(layout, digest, status, at=now, staging=session.folder)
            for digest, new in pieces.items():
                write_pieces(layout, digest, new, staging=session.folder)
        stop.check()


def _is_news(layout: Layout, digest: Digest, status: os.stat_result, now: float, again: bool) -> bool:
    if status.st_size < LEAST_NOTED:
        return False
    known = recorded(layout, digest)
    return again or known is None or not 0 <= now - known.at < _FRESH_SECONDS


def _disproves(layout: Layout, digest: Digest, reading: Reading) -> bool:
    """Whether there is a record of a blob whose bytes are wrong."""
    return reading.digest not in (None, digest) and layout.hash_record(digest).exists()
