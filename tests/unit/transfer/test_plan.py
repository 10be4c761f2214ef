"""What a copy would do."""

import pytest

from packllama.base.errors import UsageError
from packllama.model import Move
from packllama.name import ModelName
from packllama.transfer import Plan, PlannedMove, plan
from tests.unit.transfer.test_copy import LARGE_BLOB, LARGE_MODEL, OTHER_MODEL


def test_a_shared_blob_moves_once() -> None:
    shared = sum(blob.size for blob in {*LARGE_MODEL.blobs} & {*OTHER_MODEL.blobs})
    large, other = LARGE_MODEL.manifest.total_size, OTHER_MODEL.manifest.total_size
    planned = plan([Move(LARGE_MODEL), Move(OTHER_MODEL)], present=lambda blob: blob == LARGE_BLOB)
    assert planned == Plan(
        (
            PlannedMove(LARGE_MODEL.name, large - LARGE_BLOB.size, LARGE_BLOB.size),
            PlannedMove(OTHER_MODEL.name, other - shared, 0),
        )
    )
    assert planned.bytes_to_move + planned.bytes_present == large + other - shared


def test_what_was_begun_does_not_move_again() -> None:
    begun = {LARGE_BLOB: 10}
    planned = plan([Move(LARGE_MODEL)], present=lambda _: False, begun=lambda blob: begun.get(blob, 0))
    assert planned.bytes_present == 10


def test_it_refuses_what_a_copy_refuses() -> None:
    name = ModelName.parse("one")
    with pytest.raises(UsageError):
        plan([Move(LARGE_MODEL, name), Move(OTHER_MODEL, name)], present=lambda _: False)
