"""One of several programs at work in a store, with an Ollama that cleans up between every two of its steps.

    company_worker.py STORE TOKEN COMMANDS.json

runs the commands one after the other and prints their exit statuses as JSON. A step is whatever changes or opens a
file; an audit hook sees each one before it happens. Only who holds the token file's lock takes a step, so steps of
several workers interleave one by one, and the clean-up between them is never itself cut in two.
"""

import fcntl
import json
import os
import re
import sys
from pathlib import Path

STEPS = {"open", "os.rename", "os.link", "os.mkdir", "os.rmdir", "os.remove", "os.truncate"}
BLOB = re.compile(r"sha256-[0-9a-f]{64}\Z")


def clean_up(store: Path) -> None:
    """Ollama's start-up clean-up with a clock two hours ahead: no blob is young enough to be spared."""
    used = set()
    for path in (store / "manifests").glob("*/*/*/*"):
        try:
            manifest = json.loads(path.read_bytes())
        except FileNotFoundError:
            continue
        used |= {layer["digest"].replace(":", "-") for layer in [manifest["config"], *(manifest["layers"] or [])]}
    for path in (store / "blobs").glob("*"):
        if not BLOB.match(path.name) or path.name not in used:
            path.unlink()
    for folder in sorted((store / "manifests").glob("**/"), reverse=True):
        if folder != store / "manifests" and not any(folder.iterdir()):
            folder.rmdir()


def install(store: Path, token: Path) -> None:
    """Interleave from now on."""
    descriptor = os.open(token, os.O_RDWR)
    busy = False

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal busy
        if busy or event not in STEPS or not any(str(store) in str(argument) for argument in args):
            return
        busy = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.sched_yield()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            clean_up(store)
        finally:
            busy = False

    sys.addaudithook(hook)


def main() -> None:
    from packllama.cli.main import main as packllama

    store, token, commands = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    for name in ("blobs", "manifests"):
        (store / name).mkdir(exist_ok=True)
    output = os.dup(1)
    os.dup2(2, 1)
    install(store, token)
    statuses = [packllama(["--store", str(store), *command]) for command in commands]
    os.write(output, json.dumps(statuses).encode())


main()
