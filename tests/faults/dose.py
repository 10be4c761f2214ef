"""How much is tried: a sample in `make test`, all of it in `make faults`."""

import os
from collections.abc import Sequence
from random import SystemRandom
from typing import TypeVar

# Of so many points one is tried.
STEP = 12

T = TypeVar("T")


def full() -> bool:
    """Whether everything is wanted, however long it takes."""
    return _wanted() == "all"


def sample(points: Sequence[T]) -> Sequence[T]:
    """All of them, or every so-many-th. It begins anywhere, or where the variable says."""
    if full() or not points:
        return points
    start = int(_wanted()) if _wanted().isdecimal() else SystemRandom().randrange(STEP)
    start %= min(STEP, len(points))
    print(f"every {STEP}th of {len(points)} points; PACKLLAMA_FAULTS={start} takes the same again")
    return points[start::STEP]


def _wanted() -> str:
    return os.environ.get("PACKLLAMA_FAULTS", "")
