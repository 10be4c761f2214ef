"""Hypothesis changes what is kept, batch after batch, until the time is over."""

import time
from random import Random

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import randoms

from tests.fuzz.bounds import TooSlow, limit_memory, run_within_bounds
from tests.fuzz.changes import changed
from tests.fuzz.search import Search
from tests.fuzz.targets import WORDS, opened

_BATCH = 200


def run(search: Search) -> int:
    """The exit status: 1 when something was found."""
    end, seeds = time.monotonic() + search.seconds, search.seeds()
    count, data = 0, b""
    with opened(search.name) as target:
        # No shrinking: what is kept is small already, and a draw for each byte would cost most of the time.
        @settings(
            max_examples=_BATCH,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(randoms(use_true_random=True))
        def batch(random: Random) -> None:
            nonlocal count, data
            if time.monotonic() < end:
                count, data = count + 1, changed(random, seeds, WORDS[search.name])
                run_within_bounds(target, data)

        limit_memory()
        number = search.seed
        while time.monotonic() < end:
            try:
                seed(number)(batch)()
            except (Exception, TooSlow) as error:  # noqa: BLE001  whatever it is, it is a finding
                search.keep(data, error)
                return 1
            number += 1
    print(f"{search.name}: {count:,} inputs", flush=True)
    return 0
