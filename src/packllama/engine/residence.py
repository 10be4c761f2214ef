"""A model that stays loaded between questions, for as long as somebody may come back."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Protocol

from packllama.base.errors import EngineFailed, EngineRefused
from packllama.base.stop import Stop
from packllama.engine.ask import LoadedModel
from packllama.engine.options import LOAD_OPTIONS
from packllama.name import ModelName

# How late one who waits for another's answer notices a Stop.
_WAIT_SECONDS = 0.1


class Load(Protocol):
    """Loads a model for a block, as :func:`packllama.engine.loaded` does."""

    def __call__(
        self, name: ModelName, *, options: Mapping[str, object], stop: Stop
    ) -> AbstractContextManager[LoadedModel]: ...


class Residence(AbstractContextManager["Residence"]):
    """Holds at most one model. One that nobody has asked for ``keep_alive`` seconds is unloaded; below 0: never.

    May be used from several threads; one waits for the other, unless it is stopped.
    """

    def __init__(self, load: Load, *, keep_alive: float) -> None:
        self._load = load
        self._keep_alive = keep_alive
        self._lock = threading.Lock()
        self._held: tuple[object, LoadedModel, ExitStack] | None = None
        self._timer: threading.Timer | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._unload()

    @contextlib.contextmanager
    def model(self, name: ModelName, options: Mapping[str, object], *, stop: Stop) -> Iterator[LoadedModel]:
        """The model, for the block: the one that is loaded if it is the same and loaded with the same options.

        An engine that fails within the block is ended, so that the next question starts another; one that only refuses
        stays.

        Raises: as ``load`` does; Cancelled, while another's answer is waited for.
        """
        with self._alone(stop):
            try:
                yield self._ready(name, options, stop)
            except EngineFailed as error:
                if not isinstance(error, EngineRefused):
                    self._unload()
                raise
            finally:
                self._leave()

    @contextlib.contextmanager
    def _alone(self, stop: Stop) -> Iterator[None]:
        while not self._lock.acquire(timeout=_WAIT_SECONDS):
            stop.check()
        try:
            yield
        finally:
            self._lock.release()

    def _ready(self, name: ModelName, options: Mapping[str, object], stop: Stop) -> LoadedModel:
        if self._timer is not None:
            self._timer.cancel()
        wanted = (name, {key: options[key] for key in sorted(LOAD_OPTIONS & options.keys())})
        if self._held is not None and self._held[0] == wanted:
            return self._held[1]
        self._unload()
        with ExitStack() as stack:
            model = stack.enter_context(self._load(name, options=options, stop=stop))
            self._held = (wanted, model, stack.pop_all())
        return model

    def _leave(self) -> None:
        if self._held is None or self._keep_alive < 0:
            return
        if self._keep_alive == 0:
            self._unload()
            return
        self._timer = threading.Timer(self._keep_alive, self._unload_idle, [self._held])
        self._timer.daemon = True
        self._timer.start()

    def _unload_idle(self, held: object) -> None:
        with self._lock:
            # Somebody may have come between the timer's end and the lock.
            if self._held is held and self._timer is threading.current_thread():
                self._unload()

    def _unload(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._held is not None:
            stack, self._held = self._held[2], None
            stack.close()
