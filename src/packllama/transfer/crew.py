"""Threads that do what they are given. One that waits for a far side that says nothing is not waited for."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue

# Who was told to stop does so when some bytes have come, or at its next look at the stop.
_LEAVING_SECONDS = 1.0


class Crew:
    """So many threads. What they are given is begun in the order in which it was given."""

    def __init__(self, size: int, *, name: str) -> None:
        self._jobs: SimpleQueue[tuple[Future[None], Callable[[], object]] | None] = SimpleQueue()
        # Daemons: the interpreter does not wait for them at its end either.
        self._threads = [threading.Thread(target=self._work, name=f"{name} {n}", daemon=True) for n in range(size)]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Callable[[], object]) -> Future[None]:
        future: Future[None] = Future()
        self._jobs.put((future, job))
        return future

    def leave(self) -> None:
        """After the last job: the threads end after what they have been given."""
        for _ in self._threads:
            self._jobs.put(None)
        until = time.monotonic() + _LEAVING_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while given := self._jobs.get():
            future, job = given
            try:
                job()
            except BaseException as error:  # noqa: BLE001 - for whoever asks the future
                future.set_exception(error)
            else:
                future.set_result(None)
