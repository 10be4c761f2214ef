"""What would be repaired. Nobody is asked, and nothing is written."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.places.store import Store
from tests.unit.check.repairing import (
    BLOB,
    WEIGHTS,
    P,
    append,
    flip,
    honest,
    make_store,
    repaired,
    weights,
)
from tests.unit.stores import snapshot


@pytest.mark.parametrize(
    ("damage", "bad", "behind"),
    [
        (lambda store: flip(store, P + 1), range(P, 2 * P), True),
        (lambda store: flip(store, 3 * P), range(3 * P, len(WEIGHTS)), False),
        (lambda store: os.truncate(weights(store), 2 * P + 1), range(2 * P, len(WEIGHTS)), False),
        (lambda store: append(store, b"!"), range(len(WEIGHTS), len(WEIGHTS)), False),
        (lambda store: weights(store).unlink(), range(len(WEIGHTS)), False),
    ],
)
def test_a_dry_run(store: Store, damage: Callable[[Store], object], bad: range, behind: bool) -> None:
    damage(store)
    before, source = snapshot(store.layout.root), honest()
    (found,) = repaired(store, source, dry_run=True).damages
    assert (found.blob, found.bad, found.behind) == (BLOB, bad, behind)
    assert source.asked == []
    assert snapshot(store.layout.root) == before


def test_a_dry_run_without_pieces(tmp_path: Path) -> None:
    store = make_store(tmp_path, pieces=None)
    flip(store, P + 1)
    (found,) = repaired(store, honest(), dry_run=True).damages
    assert (found.bad, found.behind) == (range(len(WEIGHTS)), False)
