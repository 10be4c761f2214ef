"""What is known of blobs that are not read: their sizes, or that they are the files that were read before."""

import os
from collections.abc import Iterable, Mapping

from packllama.base.errors import PackLlamaError
from packllama.base.reading import opened_plain
from packllama.check.reading import Reading
from packllama.check.survey.entries import Entry
from packllama.digest import Digest
from packllama.places.store.hash_record import Hashed, recorded
from packllama.places.store.layout import Layout

# Of what need not be read again, this part is read nevertheless, by its bytes.
_READ_AGAIN = 1 / 10


def by_size(layout: Layout, digests: Iterable[Digest], *, seen: Mapping[Digest, Entry]) -> dict[Digest, Reading]:
    """The size of each. ``seen``: what was looked at already."""
    return {digest: _sized(layout, digest, seen.get(digest)) for digest in digests}


def _sized(layout: Layout, digest: Digest, entry: Entry | None) -> Reading:
    if entry is not None and entry.is_plain:
        return Reading(entry.status.st_size, unread=True)
    try:
        with opened_plain(layout.blob(digest), what="a blob") as descriptor:
            return Reading(os.fstat(descriptor).st_size, unread=True)
    except PackLlamaError as error:
        return Reading(error=error)


def since_last(layout: Layout, digests: Iterable[Digest], *, now: float) -> dict[Digest, Reading]:
    """A reading of each that is the file it was when its bytes were right, but for those read longest ago.

    ``now``: seconds since the epoch.
    """
    known = {digest: record for digest in digests if (record := recorded(layout, digest))}
    due = _longest_ago(known, now)
    return {digest: Reading(record.size, digest) for digest, record in known.items() if digest not in due}


def _longest_ago(known: Mapping[Digest, Hashed], now: float) -> set[Digest]:
    """At least one. A time to come is that of a clock that was wrong, and may be any."""
    ages = {digest: record.at if record.at <= now else 0.0 for digest, record in known.items()}
    due, left = set(), _READ_AGAIN * sum(record.size for record in known.values())
    for digest in sorted(known, key=lambda digest: (ages[digest], digest.hex)):
        due.add(digest)
        left -= known[digest].size
        if left <= 0:
            break
    return due
