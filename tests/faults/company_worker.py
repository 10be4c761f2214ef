"""One of several programs at work in a store; each of its commands is a process of its own.

    python -m tests.faults.company_worker STORE TOKEN SEED COMMANDS.json

runs the commands one after the other and prints how each ended, as JSON: exit status, what it said, how often it was
killed before. A SEED other than 0 kills some of them, and each of those is run again.

With a TOKEN, a file, an Ollama cleans up between every two steps: a step is whatever changes or opens a file; an audit
hook sees each one before it happens. Only who holds the token's lock takes a step, so steps of several workers
interleave one by one, and the clean-up between them is never itself cut in two. Kills come between two steps.
With `-` for it nobody waits for a turn, and kills come at any moment.
"""

import fcntl
import json
import os
import random
import signal
import sys
import tempfile
import threading
from pathlib import Path

from packllama.cli.main import main as packllama
from tests.faults.company_ollama import clean_up

STEPS = {"open", "os.rename", "os.link", "os.mkdir", "os.rmdir", "os.remove", "os.truncate"}

# What a pull takes, about.
LAST_STEP = 150
LAST_SECONDS = 0.6

MOST_KILLS = 2


def interleave(store: Path, token: Path, last_step: float) -> None:
    """From now on, and die before the step after the last one."""
    # A descriptor of a process's own: a lock belongs to the description, which a child would share.
    descriptor = os.open(token, os.O_RDWR)
    turn = threading.Lock()
    here = threading.local()
    steps = 0

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal steps
        if event not in STEPS or getattr(here, "busy", False) or not any(str(store) in str(arg) for arg in args):
            return
        here.busy = True
        try:
            with turn:
                steps += 1
                if steps > last_step:
                    os.kill(os.getpid(), signal.SIGKILL)
                fcntl.flock(descriptor, fcntl.LOCK_UN)
                os.sched_yield()
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                clean_up(store)
        finally:
            here.busy = False

    sys.addaudithook(hook)


def run(command: list[str], store: Path, token: Path | None, death: float | None) -> tuple[int, str]:
    """In a process of its own: the exit status, below 0 for a signal, and what it said.

    ``death``: the last step it takes or, where nobody waits for a turn, the seconds it lives.
    """
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if child == 0:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            if token:
                interleave(store, token, sys.maxsize if death is None else death)
            status = packllama(["--store", str(store), *command])
            sys.stderr.flush()
            os._exit(status)
        killer = threading.Timer(death or 0, os.kill, (child, signal.SIGKILL))
        if death is not None and not token:
            killer.start()
        # Its number is not given to another process before the killer has stopped.
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        killer.cancel()
        if killer.ident:
            killer.join()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        return status, said.read()


def main() -> None:
    store, token, seed = Path(sys.argv[1]), None if sys.argv[2] == "-" else Path(sys.argv[2]), int(sys.argv[3])
    kills = random.Random(seed)
    ends = []
    for command in json.loads(sys.argv[4]):
        status, said, killed = -signal.SIGKILL, "", 0
        while status == -signal.SIGKILL:
            latest = LAST_STEP if token else LAST_SECONDS
            dies = seed and killed < MOST_KILLS and kills.random() < 0.5
            status, said = run(command, store, token, kills.uniform(0, latest) if dies else None)
            killed += status == -signal.SIGKILL
        ends.append({"status": status, "said": said, "killed": killed})
    print(json.dumps(ends))


if __name__ == "__main__":
    main()
