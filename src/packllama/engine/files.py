"""The files of a model, in the form that the engine reads: as they are, or translated."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from packllama.base.errors import DigestMismatch, EngineFailed, MachineError, NotSupported
from packllama.base.fs import translated
from packllama.base.observer import Observer
from packllama.base.reading import opened_plain
from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.dialect import (
    Derived,
    Dialect,
    Pair,
    Reader,
    Translation,
    dialect_of,
    left_out,
    translate,
    translation_sees,
)
from packllama.digest import Digest
from packllama.engine import command
from packllama.engine.options import LoadOptions
from packllama.engine.trial import try_out
from packllama.gguf import GGUF, has_inline_vision, is_embedding_model, open_gguf
from packllama.manifest import Layer, LayerKind
from packllama.model import Blob, Model
from packllama.places.store import ModelParts, Store, has_valid_record, layer_paths
from packllama.places.store.ingest import check_unchanged, ingest
from packllama.places.store.layout import Layout

# Enough for the one prompt of a trial.
_TRIAL_CONTEXT = 512


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """What an engine is to load. ``gguf`` is the header of the model's own weights, translated or not.

    ``draft`` is the model that guesses what this one will say.
    """

    weights: Path
    gguf: GGUF
    projectors: tuple[Path, ...]
    draft: Path | None


def derived_for(settings: Settings, store: Store) -> Derived | None:
    """Where translations are kept, as the settings want it; None when there is no place."""
    if settings.derived_in_store:
        return Derived(store.layout.derived, limit=settings.derived_limit, below=store.layout.root)
    return Derived(settings.derived_cache, limit=settings.derived_limit) if settings.derived_cache else None


def has_eyes(store: Store, model: Model, *, engine: Path | None, gguf: GGUF | None = None) -> bool:
    """Whether the model will take pictures, with this engine. ``gguf`` is the header of its weights, if it was read.

    Raises: IntegrityError, GGUFError.
    """
    if any(model.manifest.of_kind(LayerKind.PROJECTOR)):
        return True
    weights = layer_paths(store, model, LayerKind.MODEL)
    if not weights:
        return False
    gguf = gguf or open_gguf(weights[-1])
    if engine is not None:
        return has_inline_vision(gguf)
    dialect = dialect_of(gguf, weights[-1])
    return dialect is not None and translation_sees(gguf, dialect)


@dataclass(frozen=True, slots=True)
class Translating:
    """How the files of the model ``where`` are translated, when they have to be."""

    layout: Layout
    derived: Derived | None
    load_timeout: float
    environ: Mapping[str, str] | None
    observer: Observer
    where: str
    stop: Stop

    def pair(self, dialect: Dialect, path: Path, layer: Layer, trial: LoadOptions) -> AbstractContextManager[Pair]:
        """The translation of a blob for the block. ``trial``: how to try a new one, with the files that it replaces.

        Raises: NotSupported; IntegrityError, when the blob is damaged or changes meanwhile; MachineError, when there is
        no place for it; what `Derived.pair` does.
        """
        if not dialect.translated:
            raise NotSupported(dialect.message, where=self.where, hint=dialect.elsewhere)
        if self.derived is None:
            hint = f"Set HOME, or PACKLLAMA_DERIVED=store. {dialect.elsewhere}"
            raise MachineError("there is no folder for its translation", where=self.where, hint=hint)
        command.check_package()
        with translated("looking at a blob", path):
            before = path.stat()
        return self.derived.pair(
            layer.digest,
            partial(self._translate, dialect, path, layer.digest, before),
            trial=partial(self._try, dialect, trial, path, before),
            engine=command.package_version,
            observer=self.observer,
            stop=self.stop,
        )

    def _translate(self, dialect: Dialect, path: Path, digest: Digest, before: os.stat_result) -> Translation:
        """Of the bytes that the digest stands for, and of no others: the result is kept by that digest."""
        if not has_valid_record(self.layout, digest):
            self.observer.began(f"checking {dialect.title}")
            self.observer.planned(before.st_size)
            with opened_plain(path, what="a blob") as file:
                found = ingest(file, before=before, where=str(path), out=None, observer=self.observer, stop=self.stop)
            if found.digest != digest:
                raise DigestMismatch(expected=str(digest), actual=str(found.digest), where=str(path))
        return translate(path, stop=self.stop)

    def _try(self, dialect: Dialect, load: LoadOptions, path: Path, before: os.stat_result, pair: Pair) -> None:
        with opened_plain(path, what="a blob") as file:
            check_unchanged(file, before=before, where=str(path))
        trial = LoadOptions(
            pair.text or load.model,
            projectors=(pair.projector,) if pair.projector else (),
            embedding=load.embedding,
            num_ctx=_TRIAL_CONTEXT,
        )
        try_out(
            trial,
            dialect,
            load_timeout=self.load_timeout,
            environ=self.environ,
            where=self.where,
            observer=self.observer,
            stop=self.stop,
        )


def original_files(store: Store, parts: ModelParts) -> ModelFiles:
    """A model's files as they are, for an engine that reads Ollama's own form.

    Raises: NotSupported, when there are none.
    """
    weights, gguf = _weights(store, parts)
    projectors = layer_paths(store, parts.model, LayerKind.PROJECTOR)
    # Ollama's llama-server takes the eyes out of the same file.
    eyes = projectors or ((weights,) if has_inline_vision(gguf) else ())
    return ModelFiles(weights, gguf, eyes, next(iter(layer_paths(store, parts.model, LayerKind.DRAFT)), None))


@contextlib.contextmanager
def stock_files(store: Store, parts: ModelParts, translating: Translating) -> Iterator[ModelFiles]:
    """A model's files as stock llama.cpp loads them, for the block. What is translated stays until the block ends.

    Raises: NotSupported, when there are none, or one can be neither loaded nor translated; what translating raises.
    """
    weights, gguf = _weights(store, parts)
    observer, layers = translating.observer, parts.model.manifest.of_kind
    with contextlib.ExitStack() as stack:
        text, eyes = weights, list[Path]()
        if dialect := dialect_of(gguf, weights, stop=translating.stop):
            load = LoadOptions(weights, embedding=is_embedding_model(gguf))
            try:
                pair = stack.enter_context(translating.pair(dialect, weights, [*layers(LayerKind.MODEL)][-1], load))
            except (MachineError, EngineFailed) as error:
                if dialect.reader is not Reader.ANY:
                    raise
                observer.noted(f"{dialect.message}; it is not translated: {error.sentence}")
            else:
                text, eyes = pair.text or weights, [pair.projector] if pair.projector else []
                _say(dialect, left_out(gguf, dialect), observer)
        given = [_beside(store, layer, text, translating, stack) for layer in layers(LayerKind.PROJECTOR)]
        drafts = [_beside(store, layer, None, translating, stack) for layer in list(layers(LayerKind.DRAFT))[:1]]
        yield ModelFiles(text, gguf, tuple(given or eyes), drafts[0] if drafts else None)


def _beside(
    store: Store, layer: Layer, text: Path | None, translating: Translating, stack: contextlib.ExitStack
) -> Path:
    """A further file of a model as stock llama.cpp loads it: a projector for ``text``, or else a model of its own."""
    path = store.path(Blob(layer.digest, layer.size))
    dialect = dialect_of(open_gguf(path), path, stop=translating.stop)
    if dialect is None:
        return path
    pair = stack.enter_context(translating.pair(dialect, path, layer, LoadOptions(text or path)))
    _say(dialect, "", translating.observer)
    return (pair.projector if text else pair.text) or path


def _say(dialect: Dialect, loss: str, observer: Observer) -> None:
    for text in (dialect.doubt if dialect.experimental else "", loss):
        if text:
            observer.noted(text)


def _weights(store: Store, parts: ModelParts) -> tuple[Path, GGUF]:
    weights = layer_paths(store, parts.model, LayerKind.MODEL)
    if parts.config.is_stub or not weights:
        raise NotSupported("the model has no weights on this machine", where=parts.model.name.short)
    return weights[-1], open_gguf(weights[-1])
