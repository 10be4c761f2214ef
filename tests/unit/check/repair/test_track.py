"""How far a blob's bytes are right."""

import pytest

from packllama.base.stop import Stop
from packllama.check.repair.track import Marks, Track
from packllama.digest import Digest
from packllama.model import Blob
from packllama.pieces import Pieces
from tests.unit.check.repairing import BLOB, KNOWN, WEIGHTS, P
from tests.unit.transfer.memory import BytesReader

BUFFER = memoryview(bytearray(P))


def take(track: Track, data: bytes, *, most: int = 1 << 30, buffer: memoryview = BUFFER) -> bool:
    return track.take(BytesReader(data, most=most), buffer, stop=Stop())


@pytest.mark.parametrize("most", [1 << 30, 1_000_003])
@pytest.mark.parametrize("size", [P, 1 << 20])
def test_all_is_right(most: int, size: int) -> None:
    """Also through a buffer that is smaller than a piece."""
    track = Track(Marks(BLOB, KNOWN))
    while piece := track.piece:
        assert not track.whole
        assert take(track, WEIGHTS[piece.start : piece.stop], most=most, buffer=BUFFER[:size])
    assert track.whole
    assert track.position == len(WEIGHTS)


def test_a_piece_is_in_the_buffer() -> None:
    track = Track(Marks(BLOB, KNOWN))
    assert take(track, WEIGHTS, most=999_999)
    assert WEIGHTS[:P] == BUFFER


@pytest.mark.parametrize("bad", [b"x" * P, WEIGHTS[P : 2 * P - 1], b"", WEIGHTS[:P]])
def test_what_is_wrong_has_not_passed(bad: bytes) -> None:
    track = Track(Marks(BLOB, KNOWN))
    assert take(track, WEIGHTS[:P])
    assert not take(track, bad)
    assert track.piece == range(P, 2 * P)
    assert take(track, WEIGHTS[P : 2 * P])


def test_the_last_piece_is_judged_by_the_whole_digest() -> None:
    blob = Blob(Digest.of(b"small"), 5)
    track = Track(Marks(blob, None))
    assert not take(track, b"smell")
    assert take(track, b"small")
    assert track.whole


def test_nothing_is_known_but_the_whole() -> None:
    marks = Marks(BLOB, None)
    track = Track(marks)
    assert not marks.tell
    assert take(track, b"x" * P)
    assert marks.expected(P) == ""


@pytest.mark.parametrize(
    ("size", "pieces", "tell"), [(0, None, True), (P, None, True), (P + 1, None, False), (len(WEIGHTS), KNOWN, True)]
)
def test_who_can_tell_pieces(size: int, pieces: Pieces | None, tell: bool) -> None:
    assert Marks(Blob(BLOB.digest, size), pieces).tell is tell
