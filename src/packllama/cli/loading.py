"""Loading a model for a person who waits: the settings of this run, and a bar when it takes long."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from packllama.base.stop import Stop
from packllama.cli.door import Door, Progress
from packllama.engine import LoadedModel, derived_for, loaded
from packllama.name import ModelName
from packllama.places.store import Store


class _Loading(Progress):
    """Says what is to be said of a model once, however often a conversation loads it again."""

    def __init__(self, door: Door, model: str) -> None:
        # Elsewhere than on a terminal nobody waits for an answer to come nearer.
        super().__init__(door, f"loading {model}", lines=False)
        self._model = model
        self._loading = True

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._loading = False

    def noted(self, text: str) -> None:
        what = self._model, text
        if not self._loading or what not in self._door.said:
            self._door.said.add(what)
            super().noted(text)


@contextlib.contextmanager
def loaded_for(
    door: Door,
    store: Store,
    name: ModelName,
    *,
    engine: Path | None,
    options: Mapping[str, object] | None = None,
    stop: Stop,
) -> Iterator[LoadedModel]:
    """Load a model for the block, as the door's settings want it. ``engine`` None is the package.

    Raises: as :func:`packllama.engine.loaded` does.
    """
    settings = door.settings
    progress = _Loading(door, name.short)
    with contextlib.ExitStack() as stack:
        with progress:
            model = stack.enter_context(
                loaded(
                    store,
                    name,
                    engine=engine,
                    context=settings.context_length,
                    options=options,
                    load_timeout=settings.load_timeout_seconds,
                    go_template=settings.go_template,
                    derived=derived_for(settings, store),
                    observer=progress,
                    stop=stop,
                )
            )
        yield model
