"""``prune``: remove what nobody names, shown before it goes."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import Busy, PackLlamaError
from packllama.base.fs import clear
from packllama.base.locks import FileLock
from packllama.base.observer import SILENT, Observer
from packllama.base.stop import Stop
from packllama.check.prune.leftover import Leftover, LeftoverKind
from packllama.check.prune.leftovers import leftovers
from packllama.dialect import Derived
from packllama.places.store import Store
from packllama.places.store.layout import Layout
from packllama.places.store.workspace import hold_store, prepare

# What a download of some days, on a line that comes and goes, must survive.
WEEK = 7 * 24 * 3600.0

Show = Callable[[Sequence[Leftover]], None]


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What went, or would go, and what stays, with its reason. ``problems``: what could not be removed.

    ``kept_because``: why no blob was called unnamed; empty when that could be told.
    """

    removed: tuple[Leftover, ...]
    kept: tuple[Leftover, ...]
    kept_because: str
    problems: tuple[PackLlamaError, ...] = ()

    @property
    def freed(self) -> int:
        """Bytes."""
        return sum(each.size for each in self.removed)


def prune(
    store: Store,
    *,
    cache: Path | None = None,
    older_than: float = WEEK,
    dry_run: bool = False,
    show: Show = lambda _: None,
    clock: Callable[[], float] = time.time,
    observer: Observer = SILENT,
    stop: Stop | None = None,
) -> PruneReport:
    """Remove blobs that no model names and that are older than an hour, and what was left behind.

    ``show`` is told all of it before anything goes. What is not finished must have been left alone for ``older_than``
    seconds. ``cache`` is the folder of the translations that the user has of any store's blobs.

    A blob goes only if every manifest could be read, and all only while nobody writes into the store. It is looked at
    once more when that is so: what somebody has begun to use meanwhile stays.

    Raises:
        MachineError: one of the store's folders is a link or cannot be read or written. Nothing was removed.
        Cancelled: ``stop`` was set. What went by then is gone.
    """
    stop = stop or Stop()
    found = leftovers(store, cache=cache, older_than=older_than, now=clock(), stop=stop)
    shown = found.going
    show(shown)
    if dry_run or not shown:
        return PruneReport(shown, found.staying, found.kept_because)
    with _alone(store.layout, shown, observer, stop):
        found = leftovers(store, cache=cache, older_than=older_than, now=clock(), stop=stop)
        known = {each.path for each in shown}
        removed, problems = _remove_all([each for each in found.going if each.path in known], stop)
    return PruneReport(removed, found.staying, found.kept_because, problems)


def _alone(
    layout: Layout, going: Sequence[Leftover], observer: Observer, stop: Stop
) -> contextlib.AbstractContextManager[None]:
    """Wait until nobody writes into the store, if anything is to go there."""
    if not any(layout.root in each.path.parents for each in going):
        return contextlib.nullcontext()
    prepare(layout)
    return hold_store(layout, holder=_holder(), exclusive=True, observer=observer, stop=stop)


def _remove_all(going: Sequence[Leftover], stop: Stop) -> tuple[tuple[Leftover, ...], tuple[PackLlamaError, ...]]:
    """Returns what went, and why the others did not."""
    removed, problems = [], []
    for each in going:
        stop.check()
        try:
            _remove(each)
            removed.append(each)
        except PackLlamaError as problem:
            problems.append(problem)
    return tuple(removed), tuple(problems)


def _remove(leftover: Leftover) -> None:
    if leftover.kind is LeftoverKind.TRANSLATION:
        if not Derived(leftover.path.parent, limit=0).remove(leftover.path):
            raise Busy("somebody uses it", where=str(leftover.path))
        return
    with _unheld(leftover.lock):
        for path in (*leftover.more, leftover.path):
            if path != leftover.lock:
                clear(path)


@contextlib.contextmanager
def _unheld(path: Path | None) -> Iterator[None]:
    """Take a lock that nobody may hold; its file goes with it."""
    if path is None:
        yield
        return
    lock = FileLock(path, holder=_holder())
    if not lock.try_acquire(exclusive=True):
        raise Busy(f"{lock.read_holder()} is at work on it", where=str(path))
    try:
        yield
    finally:
        lock.release(remove=True)


def _holder() -> str:
    return f"process {os.getpid()} (prune)"
