"""The ring: every buffer is hashed once, in order, and the beginnings are those of the whole."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from packllama.base.hashing import BUFFER_SIZE, Hashes, Hashing


def hashed(data: bytes, step: int, sizes: list[int]) -> Hashes:
    """Put data in, in portions of these sizes, over and over."""
    with Hashing(step=step) as hashing:
        turn = 0
        while data:
            part = data[: sizes[turn % len(sizes)]]
            buffer = hashing.free_buffer()
            buffer[: len(part)] = part
            hashing.put(buffer, buffer[: len(part)])
            data, turn = data[len(part) :], turn + 1
        return hashing.finish()


def expected(data: bytes, step: int) -> Hashes:
    ends = range(step, len(data) + step, step)
    beginnings = tuple(hashlib.sha256(data[:end]).hexdigest() for end in ends)
    return Hashes(hashlib.sha256(data).hexdigest(), beginnings)


@settings(deadline=None)
@given(
    data=st.binary(max_size=2000),
    step=st.integers(1, 700),
    sizes=st.lists(st.integers(1, 900), min_size=1, max_size=5),
)
def test_beginnings(data: bytes, step: int, sizes: list[int]) -> None:
    assert hashed(data, step, sizes) == expected(data, step)


def test_more_buffers_than_there_are() -> None:
    data = bytes(range(256)) * (9 * BUFFER_SIZE // 256)
    assert hashed(data, 3 * BUFFER_SIZE, [BUFFER_SIZE]) == expected(data, 3 * BUFFER_SIZE)
    assert len(hashed(data, 3 * BUFFER_SIZE, [BUFFER_SIZE]).beginnings) == 3


def test_nothing() -> None:
    assert hashed(b"", 5, [1]) == Hashes(hashlib.sha256(b"").hexdigest(), ())
