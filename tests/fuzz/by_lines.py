"""Atheris goes where no input was before: it looks which lines an input reaches, and adds to the kept ones."""

import sys

import atheris

from tests.fuzz.bounds import TooSlow, limit_memory, run_within_bounds
from tests.fuzz.changes import LONGEST
from tests.fuzz.search import Search

with atheris.instrument_imports(include=["packllama"]):
    from tests.fuzz.targets import opened


def run(search: Search) -> int:
    """Never comes back: the process exits with a status of atheris's own, 0 when nothing was found."""
    with opened(search.name) as target:

        def once(data: bytes) -> None:
            try:
                run_within_bounds(target, data)
            except (Exception, TooSlow) as error:
                search.keep(data, error)
                raise

        limit_memory()
        options = [f"-max_total_time={search.seconds}", f"-seed={search.seed}", f"-max_len={LONGEST}"]
        # Its own limits would count the instruments as well.
        atheris.Setup([sys.argv[0], str(search.folder), *options, "-rss_limit_mb=0", "-timeout=0"], once)
        atheris.Fuzz()
    return 0
