"""The program, stopped (``SIGSTOP``) right before it opens, removes or renames something at a path like PATTERN, once.

For a ``prune`` it is a day later.

python -m tests.faults.company_paused PATTERN ARGS...
"""

import os
import re
import signal
import sys

from packllama.cli.main import main as packllama
from tests.later import later

STEPS = {"open", "os.remove", "os.rename"}


def stop_at(pattern: re.Pattern[str]) -> None:
    stopped = False

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal stopped
        if not stopped and event in STEPS and pattern.search(str(args[0])):
            stopped = True
            os.kill(os.getpid(), signal.SIGSTOP)

    sys.addaudithook(hook)


if __name__ == "__main__":
    with later():
        stop_at(re.compile(sys.argv[1]))
        sys.exit(packllama(sys.argv[2:]))
