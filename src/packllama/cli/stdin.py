"""What is piped in, read so that Ctrl-C ends it."""

import os
import select
import sys

from packllama.base.errors import BadInput
from packllama.base.stop import Stop

_POLL_SECONDS = 0.2
_PART = 1 << 16


def read_stdin(limit: int, *, stop: Stop) -> bytes:
    """Everything up to the end of stdin.

    Raises:
        BadInput: it is more than ``limit`` bytes.
        Cancelled: ``stop`` was set.
    """
    descriptor, left = sys.stdin.fileno(), limit
    parts: list[bytes] = []
    while True:
        stop.check()
        if not select.select([descriptor], [], [], _POLL_SECONDS)[0]:
            continue
        part = os.read(descriptor, min(_PART, left + 1))
        if not part:
            return b"".join(parts)
        left -= len(part)
        if left < 0:
            raise BadInput(f"more than {limit:,} bytes", where="<stdin>")
        parts.append(part)
