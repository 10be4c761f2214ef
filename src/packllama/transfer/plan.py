"""Say what a copy would do, without doing it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from packllama.model import Blob, Move
from packllama.name import ModelName
from packllama.transfer.shipment import check_moves


@dataclass(frozen=True, slots=True)
class PlannedMove:
    """One model: its name over there, and its bytes that would move and those that are there already.

    A blob that several models need counts for the first of them alone.
    """

    name: ModelName
    bytes_to_move: int
    bytes_present: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a copy would do."""

    moves: tuple[PlannedMove, ...]

    @property
    def bytes_to_move(self) -> int:
        return sum(move.bytes_to_move for move in self.moves)

    @property
    def bytes_present(self) -> int:
        return sum(move.bytes_present for move in self.moves)


def _nothing(_: Blob) -> int:
    return 0


def plan(moves: Sequence[Move], *, present: Callable[[Blob], bool], begun: Callable[[Blob], int] = _nothing) -> Plan:
    """What copying these models would move to a place of which ``present`` says whether it holds a blob.

    ``begun``: how many bytes an earlier run left there of one that it does not hold.

    Raises: UsageError, BadInput, as `copy` does.
    """
    check_moves(moves)
    there: set[Blob] = set()
    planned = []
    for move in moves:
        blobs = move.model.blobs
        new = [blob for blob in blobs if blob not in there]
        size = sum(blob.size for blob in new)
        to_move = sum(blob.size - begun(blob) for blob in new if not present(blob))
        planned.append(PlannedMove(move.name, to_move, size - to_move))
        there.update(blobs)
    return Plan(tuple(planned))
