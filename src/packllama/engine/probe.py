"""Start an engine without a model, to learn which it is and for which processors it was built."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from packllama.base.errors import EngineFailed
from packllama.base.stop import Stop
from packllama.base.units import human_bytes
from packllama.engine import command
from packllama.engine.failures import explain
from packllama.engine.launch import check_build

# From a slow disk a library of 50 MB takes its time.
_SECONDS = 60.0
_POLL_SECONDS = 0.05

# A version takes a line or two.
_MOST_BYTES = 10**6

# It is given the search path: what was installed beside a .pyz counts, too.
_TELL = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])
import xllamacpp
print("version:", xllamacpp.__version__, xllamacpp.get_system_info())
"""
_VERSION = re.compile(r"\bversion: ([\w.]{1,40})")
_FEATURE = re.compile(r"(\w+) = 1\b")


@dataclass(frozen=True, slots=True)
class Probed:
    """``features``: what llama.cpp was built to use, in its own words; empty where it does not tell."""

    version: str
    features: frozenset[str]


def probe(engine: Path | None, *, environ: Mapping[str, str], stop: Stop) -> Probed:
    """Have a llama-server program, or for None the xllamacpp package, say what it is.

    Raises:
        EngineMissing: there is no such engine.
        EngineFailed: it does not start here, or is too old.
        Cancelled.
    """
    words: tuple[str, ...]
    if engine is None:
        command.check_package()
        entries = json.dumps([str(Path(entry).absolute()) for entry in sys.path])
        words = (sys.executable, "-I", "-S", "-c", _TELL, entries)
    else:
        command.check_program(engine)
        words = (str(engine.absolute()), "--version")
    said = _said(words, environ, stop=stop, program=str(engine or ""))
    found = _VERSION.search(said)
    if found is None:
        raise EngineFailed("it does not say its version", where=words[0], hint="Is that a llama-server program?")
    if engine is None:
        return Probed(f"xllamacpp {found[1]}", frozenset(_FEATURE.findall(said)))
    check_build(f"b{found[1]}", engine)
    return Probed(f"llama-server b{found[1]}", frozenset())


def _said(words: tuple[str, ...], environ: Mapping[str, str], *, stop: Stop, program: str) -> str:
    """What a program prints that ends by itself."""
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=command.allowed(environ),
            start_new_session=True,
        )
    except OSError as error:
        hint = "Is it a program for this machine?"
        raise EngineFailed(f"it cannot be started: {error.strerror}", where=words[0], hint=hint) from error
    with process:
        try:
            said = _heard(process, words[0], stop)
        except BaseException:
            # With what it has started, which would keep the pipe.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        raise explain(said, process.returncode, where=program or "xllamacpp", program=program)
    return said


def _heard(process: subprocess.Popen[bytes], where: str, stop: Stop) -> str:
    """All that it prints before it ends."""
    out = cast("IO[bytes]", process.stdout).fileno()
    said, until = bytearray(), time.monotonic() + _SECONDS
    while time.monotonic() < until and len(said) < _MOST_BYTES:
        stop.check()
        if select.select([out], [], [], _POLL_SECONDS)[0]:
            more = os.read(out, _MOST_BYTES - len(said))
            said += more
            if not more and _has_ended(process):
                return said.decode(errors="replace")
    how = f"within {_SECONDS:.0f} s" if len(said) < _MOST_BYTES else f"in its first {human_bytes(_MOST_BYTES)}"
    raise EngineFailed(f"it did not say its version {how}", where=where, hint="Is that a llama-server program?")


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """After a moment: who has closed its output is about to end."""
    try:
        process.wait(_POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True
