"""Pieces say where damage begins, and nothing that they do not know."""

import hashlib

import pytest

from packllama.base.errors import BadInput
from packllama.pieces import PIECE_BYTES, Pieces, count

P = PIECE_BYTES


def pieces(*letters: str) -> Pieces:
    """Digests of beginnings whose pieces are these letters: from the first other one on, all differ."""
    return Pieces.of(
        [hashlib.sha256("".join(letters[:end]).encode()).hexdigest() for end in range(1, len(letters) + 1)]
    )


@pytest.mark.parametrize(("size", "pieces"), [(0, 0), (1, 1), (P, 1), (P + 1, 2), (3 * P, 3)])
def test_how_many(size: int, pieces: int) -> None:
    assert count(size) == pieces


@pytest.mark.parametrize(
    ("found", "first_bad"),
    [
        ("abc", None),
        ("xbc", range(P)),
        ("axx", range(P, 2 * P)),
        ("abx", range(2 * P, 2 * P + 7)),
        ("ab", None),
    ],
)
def test_the_first_bad_one(found: str, first_bad: range | None) -> None:
    assert pieces(*"abc").first_bad(pieces(*found), size=2 * P + 7) == first_bad


@pytest.mark.parametrize("value", [None, [], ["a" * 32], ["a" * 31] * 2, ["A" * 32] * 2, ["a" * 32, 1], {"a": 1}])
def test_what_is_no_list_of_them(value: object) -> None:
    with pytest.raises(BadInput, match="expected 2 digests"):
        Pieces.decode(value, size=P + 1, where="f")  # type: ignore[arg-type]
