"""One unfinished download of one blob."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packllama.model import Blob


@dataclass(frozen=True, slots=True)
class Partial:
    """A file of another program's, and the ranges of a blob that it holds: in order, none touching the next."""

    blob: Blob
    path: Path
    extents: tuple[range, ...]

    @property
    def held(self) -> int:
        """How many bytes that are."""
        return sum(map(len, self.extents))


def joined(ranges: Iterable[range], *, size: int) -> tuple[range, ...]:
    """Ranges of offsets, none negative, in order and without overlap, as far as the first ``size`` bytes reach."""
    done: list[range] = []
    for found in sorted(ranges, key=lambda found: found.start):
        stop = min(found.stop, size)
        if found.start >= stop:
            continue
        if done and found.start <= done[-1].stop:
            done[-1] = range(done[-1].start, max(done[-1].stop, stop))
        else:
            done.append(range(found.start, stop))
    return tuple(done)
