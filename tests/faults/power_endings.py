"""In which ways the changes that nobody synced may end, when the power goes.

All of them, while they are no more than ``bound``. Otherwise: nothing was kept, all was; each change by itself ended in
each of its ways, all others lost, and all others done; all up to a point done and the rest lost, and the other way
round; and ``bound`` more by chance.
"""

import itertools
import math
import random
from collections.abc import Iterator, Sequence

from tests.faults.power_disk import DONE

Ending = tuple[int, ...]


def endings(outcomes: Sequence[Sequence[int]], *, bound: int, random_: random.Random) -> Iterator[Ending]:
    """``outcomes``: those that each change may have, the mildest first. Some come twice."""
    if math.prod(len(ways) for ways in outcomes) <= bound:
        yield from itertools.product(*outcomes)
        return
    least, most = tuple(ways[0] for ways in outcomes), (DONE,) * len(outcomes)
    for position, ways in enumerate(outcomes):
        yield least[:position] + most[position:]
        yield most[:position] + least[position:]
        for way, rest in itertools.product(ways, (least, most)):
            yield (*rest[:position], way, *rest[position + 1 :])
    for _ in range(bound):
        yield tuple(random_.choice(ways) for ways in outcomes)
