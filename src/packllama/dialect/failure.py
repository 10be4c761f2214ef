"""What is remembered of a translation that did not work, so that it is not made again at each run.

A note counts for a day, and only for the engine that tried it: what failed may have been the machine, not the files.
"""

import contextlib
import json
import time
from pathlib import Path

from packllama.base.errors import EngineFailed, PackLlamaError
from packllama.base.fs import write_file
from packllama.base.reading import read_small
from packllama.base.units import human_when

SUFFIX = ".failed"

_REMEMBERED_SECONDS = 86_400.0
# An engine's version, and a sentence or two.
_LIMIT = 10_000


def recalled(path: Path, *, engine: str) -> EngineFailed | None:
    """What the trial by this engine has said, if it was today. Any doubt means: nothing."""
    now = time.time()
    with contextlib.suppress(PackLlamaError, OSError, ValueError, RecursionError):
        found = json.loads(read_small(path, limit=_LIMIT, what="a note of a failure"))
        tried = path.stat().st_mtime
        if isinstance(found, dict) and found.get("engine") == engine and 0 <= now - tried < _REMEMBERED_SECONDS:
            message, hint = found.get("message"), found.get("hint")
            if isinstance(message, str) and isinstance(hint, str):
                when = human_when(tried, now=now).lower()
                again = f"After a day, or 'packllama prune', it is tried again. {hint}".rstrip()
                return EngineFailed(f"{message} (tried {when})", where=str(path), hint=again)
    return None


def remember(path: Path, failure: EngineFailed, *, engine: str, staging: Path) -> None:
    """Note it for the next run, where that can be written."""
    note = {"engine": engine, "message": failure.message, "hint": failure.hint}
    with contextlib.suppress(PackLlamaError):
        write_file(path, json.dumps(note).encode(), staging=staging)
