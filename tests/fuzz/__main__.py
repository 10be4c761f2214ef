"""Look for inputs that break a bound, for as long as one likes."""

import argparse
import sys
import time
from pathlib import Path

from tests.fuzz.search import CORPUS, Search


def main() -> int:
    """The exit status is 0 when no input broke a bound."""
    names = sorted(folder.name for folder in CORPUS.iterdir())
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=names)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--engine", choices=("hypothesis", "atheris"), default="hypothesis")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="a folder with one for each target")
    given = parser.parse_args()
    search = Search(given.target, given.corpus / given.target, seconds=given.seconds, seed=given.seed)
    print(f"{search.name}: {given.engine}, {search.seconds} s, seed {search.seed}", flush=True)
    # One is imported, not both: the other engine need not be there, and marks what is imported after it.
    if given.engine == "atheris":
        from tests.fuzz.by_lines import run
    else:
        from tests.fuzz.by_changes import run
    return run(search)


if __name__ == "__main__":
    sys.exit(main())
