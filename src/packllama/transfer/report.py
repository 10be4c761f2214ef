"""What may be asked of a copy, and what it says afterwards."""

from dataclasses import dataclass

from packllama.name import ModelName


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """``retry``: how often a range of bytes is asked for again. ``limit_rate``: bytes per second, None: no limit.

    ``parallel``: ranges that are read at once, None: as many as the source gains from.
    """

    retry: int = 3
    limit_rate: float | None = None
    parallel: int | None = None


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What was done. ``published`` are the names over there, in the order in which they came into being.

    Blobs were either sent, or taken over as local files without sending, or present before; each counts once, however
    many models need it. ``bytes_sent`` are those that crossed: not those that an earlier run had left, nor the
    ``bytes_found`` in another program's unfinished downloads.
    """

    published: tuple[ModelName, ...]
    blobs_sent: int
    bytes_sent: int
    bytes_found: int
    blobs_taken: int
    bytes_taken: int
    blobs_present: int
    bytes_present: int
