"""Pipes: made wide, and waited for in a way that hears a stop."""

import contextlib
import fcntl
import select

from packllama.base.stop import Stop

# How long a silent pipe is waited for before the stop is looked at again.
_WAIT_MILLISECONDS = 200

# The most that anybody may give a pipe by default. With the usual 64 KiB both ends wait for each other all the time:
# the same export took half as long again.
_PIPE_BYTES = 1 << 20


class Waiting:
    """Waits until a descriptor can be read, or written."""

    def __init__(self, descriptor: int, *, to_write: bool = False) -> None:
        with contextlib.suppress(OSError):  # it is no pipe, or the system allows no more
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT if to_write else select.POLLIN)

    def wait(self, *, stop: Stop) -> None:
        """Returns at the end of a pipe too. Raises: Cancelled."""
        stop.check()
        while not self._poll.poll(_WAIT_MILLISECONDS):
            stop.check()
