"""The program, for which a ``prune`` takes place later: when a file came to a disk is a time that nobody can set.

python -m tests.later ARGS...
"""

import sys
import time
from contextlib import AbstractContextManager
from functools import partial
from unittest.mock import patch

from packllama.check.prune.prune import prune
from packllama.cli.main import main

DAY = 86400.0


def later(seconds: float = DAY) -> AbstractContextManager[object]:
    """In the block, and in this process, the clock that ``packllama prune`` looks at is so much ahead."""
    return patch("packllama.cli.prune.prune", partial(prune, clock=lambda: time.time() + seconds))


if __name__ == "__main__":
    with later():
        sys.exit(main(sys.argv[1:]))
