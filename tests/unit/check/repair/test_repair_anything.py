"""Whatever is damaged, and whatever is known: the blob is right afterwards, and no more is fetched than has to be."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packllama.pieces import Pieces
from tests.unit.check.repairing import KNOWN, WEIGHTS, P, flip, honest, is_whole, liar, make_store, repaired, weights
from tests.unit.transfer.memory import BytesReader

OFFSETS = st.lists(st.integers(0, len(WEIGHTS) - 1), max_size=6, unique=True)
LENGTHS = st.none() | st.integers(0, len(WEIGHTS) + 1000)


def touched(offsets: list[int], length: int | None) -> set[int]:
    """The pieces that are bad."""
    short = range(length if length is not None else len(WEIGHTS), len(WEIGHTS))
    return {offset // P for offset in offsets} | {offset // P for offset in (*short[::P], *short[-1:])}


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    offsets=OFFSETS,
    length=LENGTHS,
    pieces=st.sampled_from([None, KNOWN]),
    lies=st.booleans(),
    most=st.sampled_from([1 << 30, 100_003]),
)
def test_repair_anything(offsets: list[int], length: int | None, pieces: Pieces | None, lies: bool, most: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = make_store(Path(folder), pieces=pieces)
        flip(store, *offsets)
        if length is not None:
            os.truncate(weights(store), length)
        source = honest(answer=lambda _, start, stop: BytesReader(WEIGHTS[start:stop], most=most))
        report = repaired(store, *([liar()] if lies else []), source)
        assert is_whole(store)
        assert report.problems == ()
        bad = touched(offsets, length)
        allowed = len(bad) * P if pieces else len(WEIGHTS) if bad else 0
        assert report.bytes_fetched <= allowed * (2 if lies else 1)
