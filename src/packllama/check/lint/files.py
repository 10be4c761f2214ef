"""What a Modelfile's FROM, ADAPTER and DRAFT lines lead to: files that can be taken, or models of the store."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packllama.base.errors import Cancelled, MissingFile, ModelNotFound, NotSupported, PackLlamaError
from packllama.base.stop import Stop
from packllama.check.lint.remark import Remark, RemarkKind
from packllama.check.lint.source import Source
from packllama.gguf import GGUF, Kind, kind_of, open_gguf, refuse_shard
from packllama.manifest import LayerKind
from packllama.modelfile import Command, expand_path, looks_like_path
from packllama.name import ModelName, split_source
from packllama.name import Source as Origin
from packllama.places.folder import files_at, is_there
from packllama.places.store import Store, layer_paths, read_parts


@dataclass(frozen=True, slots=True)
class Weights:
    """What is loaded, and by which FROM. ``template`` is the layer of a model of the store, if it has one."""

    command: Command
    path: Path
    gguf: GGUF
    template: str


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    gguf: GGUF
    kind: Kind


@dataclass(frozen=True, slots=True)
class _Found:
    """What an argument leads to. ``named``: a model by its name, in the store or elsewhere."""

    files: tuple[_File, ...]
    named: bool = False
    template: str = ""


def lint_files(
    source: Source, *, base: Path, store: Store | None, stop: Stop
) -> tuple[Sequence[Remark], Weights | None]:
    """What is wrong with the files, and the weights that are loaded.

    Relative paths count from ``base``. Without a store, a model's name is taken to lead somewhere.
    """
    remarks: list[Remark] = []
    found: list[tuple[Command, _Found]] = []

    @cache  # a file that many lines name is read once
    def look(name: str, argument: str) -> _Found:
        return _found(name, argument, base=base, store=store, stop=stop)

    for command in source.all("model", "adapter", "draft"):
        stop.check()
        try:
            found.append((command, look(command.name, command.argument)))
        except Cancelled:
            raise
        except PackLlamaError as error:
            kind = _KINDS.get(type(error), RemarkKind.BAD_FILE)
            remarks.append(source.remark(kind, source.at_value(command), error.sentence, error.hint))
    loaded = _loaded(found)
    if not remarks and not loaded and not any(what.named for _, what in found):
        remarks.append(_no_weights(source))
    remarks += _oddities(source, found, loaded, stop=stop)
    return remarks, loaded


_KINDS: dict[type[PackLlamaError], RemarkKind] = {
    MissingFile: RemarkKind.MISSING_FILE,
    ModelNotFound: RemarkKind.MISSING_MODEL,
}


def _loaded(found: Sequence[tuple[Command, _Found]]) -> Weights | None:
    """A model that is named goes before files, and of several files the last by its path, as Ollama sorts them."""
    froms = [(command, what) for command, what in found if command.name == "model"]
    models = [
        Weights(command, file.path, file.gguf, what.template)
        for command, what in [each for each in froms if each[1].named][-1:] or froms
        for file in what.files
        if file.kind is Kind.MODEL
    ]
    return max(models, key=lambda each: os.fsencode(each.path), default=None)


def _no_weights(source: Source) -> Remark:
    message = "FROM names no file with weights, so the model cannot answer"
    at = source.at_value(source.all("model")[0])
    return source.remark(RemarkKind.NO_WEIGHTS, at, message, "Name the GGUF of the model itself, too.")


def _oddities(
    source: Source, found: Sequence[tuple[Command, _Found]], loaded: Weights | None, *, stop: Stop
) -> Iterator[Remark]:
    """What is taken, and is hardly meant."""
    parent = next((command.argument for command, what in reversed(found) if what.named), "")
    named = {file.path for command, what in found if command.name == "model" for file in what.files}
    models = {path.resolve() for path in named}
    for command, what in found:
        stop.check()
        for file in what.files:
            if words := _oddity(command, what, file, parent=parent, models=models, loaded=loaded):
                kind, message, hint = words
                yield source.remark(kind, source.at_value(command), f"{file.path}: {message}", hint)


def _oddity(
    command: Command, what: _Found, file: _File, *, parent: str, models: set[Path], loaded: Weights | None
) -> tuple[RemarkKind, str, str] | None:
    if command.name == "adapter":
        message = f"this is no adapter but a {file.kind.value}, and counts as one"
        return (RemarkKind.BAD_FILE, message, "Name it in FROM.") if file.kind is not Kind.ADAPTER else None
    if command.name == "draft":
        message = "FROM names the same file, and a draft is another, smaller model"
        return (RemarkKind.BAD_FILE, message, "") if file.path.resolve() in models else None
    if what.named:
        return None
    if parent:
        return RemarkKind.UNUSED_FILE, f"beside FROM {parent} Ollama ignores files", "Leave one of the two out."
    if loaded and file.kind is Kind.MODEL and file.path != loaded.path:
        message = f"of several files with weights only the last by name is loaded, {loaded.path}"
        return RemarkKind.UNUSED_FILE, message, "Leave one FROM with weights."
    return None


def _found(name: str, argument: str, *, base: Path, store: Store | None, stop: Stop) -> _Found:
    path = expand_path(argument, base=base)
    if is_there(path):
        return _Found(tuple(_file(file, stop=stop) for file in files_at(path)))
    if name != "model" or looks_like_path(argument) or path.is_symlink():
        hint = "Check the spelling; relative paths count from the Modelfile's folder."
        raise MissingFile("no such file", where=str(path), hint=hint)
    return _of_store(argument, store, stop=stop)


def _file(path: Path, *, stop: Stop) -> _File:
    gguf = open_gguf(path, stop=stop)
    refuse_shard(gguf, where=str(path))
    return _File(path, gguf, kind_of(gguf))


def _of_store(reference: str, store: Store | None, *, stop: Stop) -> _Found:
    text, origin = split_source(reference)
    if store is None or origin is Origin.CLOUD:
        return _Found((), named=True)
    name = ModelName.parse(text)
    model = store.find(name)
    if model.name != name:
        error = ModelNotFound(name.short)
        error.hint = f"There is {model.name.short}; FROM minds letter case."
        raise error
    parts = read_parts(store, model)
    if parts.config.is_stub:
        raise NotSupported("this is a stub of a remote model; nothing can be built on it", where=name.short)
    files = tuple(_file(path, stop=stop) for path in layer_paths(store, model, LayerKind.MODEL)[-1:])
    return _Found(files, named=True, template=parts.template or "")
