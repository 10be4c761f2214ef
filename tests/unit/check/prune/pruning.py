"""How these tests prune."""

from pathlib import Path

from packllama.check.prune.leftover import Leftover
from packllama.check.prune.prune import PruneReport, prune
from packllama.places.store import Store
from tests.unit.check.leavings import (
    DAY,
    HOUR,
    NOW,
    ORPHAN,
    make_old,
)
from tests.unit.stores import put_blob


def pruned(root: Path, *, older_than: float = DAY, dry_run: bool = False, cache: Path | None = None) -> PruneReport:
    return prune(Store(root), cache=cache, older_than=older_than, dry_run=dry_run, clock=lambda: NOW)


def old_orphan(root: Path) -> Path:
    path = put_blob(root, ORPHAN)
    make_old(path, 2 * HOUR)
    return path


def paths(leftovers: tuple[Leftover, ...]) -> list[Path]:
    return [each.path for each in leftovers]
