"""Good bundles changed at random: each is refused, or what comes in is what went out. Memory stays small."""

import io
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packllama.base.errors import PackLlamaError
from packllama.places.bundle.entry import BLOCK
from tests.unit.places.bundle.bundles import BOTH, TWO, TWO_BYTES, Opened, consume, entries, packed

GOOD = packed(entries())
BLOCKS = len(GOOD) // BLOCK

# The reader's own limits allow 16 MB for the manifests; these bundles have no reason to come near.
MOST_MEMORY = 2 << 20

Change = Callable[[bytearray], None]


def _headers() -> list[int]:
    """Where the headers begin."""
    with tarfile.open(fileobj=io.BytesIO(GOOD)) as archive:
        return [member.offset for member in archive]


# Fields of a header: name, mode, size, checksum, kind, target, magic.
FIELDS = [(0, 100), (100, 8), (124, 12), (148, 8), (156, 1), (157, 100), (257, 8)]
VALUES = [
    b"\0",
    b"\xff" * 12,
    b"\x80" + b"\xff" * 11,
    b"77777777777\0",
    b"../../x\0",
    b"/etc/x\0",
    b"x",
    b"S",
    b"L",
    b"1",
    b"2",
]


def _sealed(data: bytearray, start: int) -> None:
    """Give a header the checksum that fits."""
    data[start + 148 : start + 156] = b" " * 8
    data[start + 148 : start + 156] = b"%06o\0 " % sum(data[start : start + BLOCK])


@st.composite
def field(draw: st.DrawFn) -> Change:
    """Another value in one field of one header, whose checksum fits again."""
    start, (offset, length) = draw(st.sampled_from(_headers())), draw(st.sampled_from(FIELDS))
    value = draw(st.one_of(st.sampled_from(VALUES), st.binary(min_size=1, max_size=12)))[:length]

    def change(data: bytearray) -> None:
        if start + BLOCK <= len(data):
            data[start + offset : start + offset + len(value)] = value
            _sealed(data, start)

    return change


@st.composite
def blocks(draw: st.DrawFn) -> Change:
    """A run of blocks cut out, doubled, turned to zeros, or moved to the end."""
    first, count = draw(st.integers(0, BLOCKS - 1)), draw(st.integers(1, 8))
    how = draw(st.sampled_from(["out", "twice", "zeros", "last"]))
    start, end = first * BLOCK, (first + count) * BLOCK

    def change(data: bytearray) -> None:
        run = bytes(data[start:end])
        data[start:end] = {"out": b"", "twice": run * 2, "zeros": bytes(len(run)), "last": b""}[how]
        if how == "last":
            data += run

    return change


@st.composite
def some_bytes(draw: st.DrawFn) -> Change:
    """Other bytes, more or fewer of them, somewhere."""
    start, gone = draw(st.integers(0, len(GOOD))), draw(st.integers(0, 600))
    new = draw(st.one_of(st.binary(max_size=20), st.just(b"x" * gone)))

    def change(data: bytearray) -> None:
        data[start : start + gone] = new

    return change


def cut(length: int) -> Change:
    def change(data: bytearray) -> None:
        del data[length:]

    return change


changes = st.lists(
    st.one_of(field(), blocks(), some_bytes(), st.integers(0, len(GOOD)).map(cut)), min_size=1, max_size=3
)


@pytest.mark.slow
@pytest.mark.parametrize("opened", BOTH)
@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(changes=changes)
def test_refused_or_identical(opened: Opened, changes: list[Change], tmp_path: Path) -> None:
    data = bytearray(GOOD)
    for change in changes:
        change(data)
    with opened(bytes(data), tmp_path) as descriptor:
        tracemalloc.start()
        try:
            found = consume(descriptor)
        except PackLlamaError as error:
            assert error.exit_status in {4, 5}
            assert error.where
        else:
            assert found == (list(TWO), TWO_BYTES)
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    assert peak < MOST_MEMORY
