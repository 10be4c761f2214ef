"""aria2's control file: one that it wrote, and all that can be wrong with one."""

import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.base.errors import BadInput
from packllama.places.aria2 import Control, decode

GOLDEN = (Path(__file__).parents[2] / "data" / "partial" / "data.aria2").read_bytes()
GOLDEN_SIZE = 9_449_529
BLOCK = 16 << 10
PIECE = 1 << 20


def control(
    size: int,
    bits: bytes,
    begun: tuple[tuple[int, int, bytes], ...] = (),
    *,
    piece: int = PIECE,
    version: int = 1,
    info_hash: bytes = b"",
    order: str = ">",
) -> bytes:
    """A control file. ``begun``: index, length and map of each piece that is being fetched."""
    head = struct.pack(f"{order}H4xI", version, len(info_hash)) + info_hash
    head += struct.pack(f"{order}IQQI", piece, size, 0, len(bits)) + bits + struct.pack(f"{order}I", len(begun))
    return head + b"".join(struct.pack(f"{order}III", index, size, len(bits)) + bits for index, size, bits in begun)


def said(raw: bytes) -> tuple[int, list[tuple[int, int]]]:
    control = decode(raw, where="file")
    return control.size, [(found.start, found.stop) for found in control.extents]


def test_what_aria2_wrote() -> None:
    blocks = [(0, 91), (192, 283), (320, 411)]
    assert said(GOLDEN) == (GOLDEN_SIZE, [(start * BLOCK, stop * BLOCK) for start, stop in blocks])


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (control(0, b""), (0, [])),
        (control(1, b"\x80"), (1, [(0, 1)])),
        (control(1, b"\x7f"), (1, [])),
        (control(3 * PIECE - 5, b"\xff"), (3 * PIECE - 5, [(0, 3 * PIECE - 5)])),
        (control(3 * PIECE, b"\xa0"), (3 * PIECE, [(0, PIECE), (2 * PIECE, 3 * PIECE)])),
        (control(3 * PIECE, b"\x80", info_hash=b"h" * 20), (3 * PIECE, [(0, PIECE)])),
        (control(PIECE + 9, b"\x80", ((1, 9, b"\x80"),)), (PIECE + 9, [(0, PIECE + 9)])),
        (
            control(2 * PIECE, b"\x40", ((0, PIECE, b"\0\x01" + bytes(6)),)),
            (2 * PIECE, [(15 * BLOCK, 16 * BLOCK), (PIECE, 2 * PIECE)]),
        ),
        (
            control(3 * PIECE, b"\xa0", version=0, order="<" if sys.byteorder == "little" else ">"),
            (3 * PIECE, [(0, PIECE), (2 * PIECE, 3 * PIECE)]),
        ),
    ],
)
def test_what_a_control_file_says(raw: bytes, expected: tuple[int, list[tuple[int, int]]]) -> None:
    assert said(raw) == expected


HUGE = 2**32 - 1


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "cut short"),
        (GOLDEN[:-1], "cut short"),
        (control(1, b"\x80", version=2), "expected version 0 or 1, found 2"),
        (control(1, b"\x80", version=0, order=">" if sys.byteorder == "little" else "<"), "a map of"),
        (control(1, b"\x80", piece=0), "a map of 1 bytes for 1 bytes in pieces of 0"),
        (control(9 * PIECE, b"\x80"), "a map of 1 bytes for 9,437,184 bytes"),
        (control(2**64 - 1, b"\x80", piece=1), "a map of"),
        (control(PIECE, b"\x80\x80"), "a map of"),
        (struct.pack(">H4xI", 1, HUGE), "cut short"),
        (control(PIECE, b"\0")[:-4] + struct.pack(">I", HUGE), "cut short"),
        (control(PIECE, b"\0", ((1, 9, b"\x80"),)), "a piece beyond the end"),
        (control(PIECE, b"\0", ((0, PIECE + 1, bytes(9)),)), "a piece beyond the end"),
        (control(2 * PIECE, b"\0", ((0, PIECE + 1, bytes(9)),)), "a piece beyond the end"),
        (control(PIECE, b"\0", ((0, 0, b""),)), "a piece beyond the end"),
        (control(PIECE, b"\0", ((HUGE, HUGE, b""),)), "a piece beyond the end"),
        (control(PIECE, b"\0", ((0, PIECE, b"\0"),)), "a map of 1 bytes"),
        (control(8 << 20, b"\xaa" * (1 << 20), piece=1), "more than 16,384 ranges"),
    ],
)
def test_what_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        decode(raw, where="file")


def check(raw: bytes) -> None:
    """Whatever is in it: an error, or ranges in order that touch neither each other nor the end."""
    try:
        found = decode(raw, where="file")
    except BadInput:
        return
    ends = [end for extent in found.extents for end in (extent.start, extent.stop)]
    assert isinstance(found, Control)
    assert ends == sorted(set(ends))
    assert all(0 <= end <= found.size for end in ends)


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    check(b"\0\1" + raw)


@given(st.lists(st.tuples(st.integers(0, len(GOLDEN) - 1), st.integers(0, 255)), max_size=6))
def test_any_change(changes: list[tuple[int, int]]) -> None:
    raw = bytearray(GOLDEN)
    for place, value in changes:
        raw[place] = value
    check(bytes(raw))
