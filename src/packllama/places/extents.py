"""Ranges of bytes of which somebody says that they are there."""

from collections.abc import Iterable


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
