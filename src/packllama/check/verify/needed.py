"""What is wrong with blobs that models name."""

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence

from packllama.base.errors import MissingFile, NoRights, PackLlamaError
from packllama.check.finding import Finding, FindingKind
from packllama.check.reading import Reading
from packllama.check.survey.command import command
from packllama.check.survey.shut import ASK_ANOTHER
from packllama.check.verify.pieces import first_bad
from packllama.digest import Digest
from packllama.manifest import Layer
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.places.store import Store

_Problem = tuple[FindingKind, str]
_Use = tuple[ModelName, str]


def wrong_blobs(store: Store, models: Sequence[Model], readings: Mapping[Digest, Reading]) -> Iterator[Finding]:
    """One finding for each that is not what a manifest says, whatever the number of models that need it."""
    # Models share layers: by identity they are told apart ten times as fast as by value.
    layers = {id(layer): layer for model in models for layer in model.manifest.layers_and_config}
    blobs = {Blob(layer.digest, layer.size) for layer in layers.values()}
    problems = {blob: problem for blob in blobs if (problem := _problem(blob, readings[blob.digest]))}
    for blob, uses in _uses(models, problems).items():
        yield _finding(store, blob, problems[blob], uses, readings[blob.digest])


def unreadable(error: PackLlamaError) -> tuple[FindingKind, str]:
    """What it is called that a blob cannot be read, and why that is."""
    kind = FindingKind.FORBIDDEN if isinstance(error, NoRights) else FindingKind.UNREADABLE
    return kind, f"cannot be read: {error.message}"


def changed(store: Store, models: Sequence[Model], suspects: Collection[ModelName]) -> Iterator[Finding]:
    """The suspects whose manifest is no longer the one that was checked: somebody works in this store."""
    for model in models:
        if model.name in suspects and _raw(store, model.name) != model.manifest.raw:
            yield Finding(
                FindingKind.CHANGED,
                store.layout.manifest(model.name),
                "was replaced or removed while it was checked",
                "Verify it again when nothing else works in this store.",
                models=(model.name,),
            )


def _raw(store: Store, name: ModelName) -> bytes | None:
    try:
        return store.model(name).manifest.raw
    except PackLlamaError:
        return None


def _problem(blob: Blob, reading: Reading) -> _Problem | None:
    if isinstance(reading.error, MissingFile):
        return FindingKind.MISSING, f"it should have {blob.size:,} bytes"
    if reading.error is not None:
        return unreadable(reading.error)
    if reading.size != blob.size:
        truncated = "truncated: " if reading.size < blob.size and reading.digest != blob.digest else ""
        right = " (its digest is right, so the manifest is wrong)" if reading.digest == blob.digest else ""
        return FindingKind.WRONG_SIZE, f"{truncated}expected {blob.size:,} bytes, found {reading.size:,}{right}"
    if not reading.may_be(blob.digest):
        return FindingKind.DAMAGED, f"its bytes are those of {reading.digest}"
    return None


def _uses(models: Sequence[Model], wanted: Collection[Blob]) -> dict[Blob, list[_Use]]:
    uses: dict[Blob, list[_Use]] = {}
    for model in models if wanted else ():
        for layer in model.manifest.layers_and_config:
            blob = Blob(layer.digest, layer.size)
            if blob in wanted:
                uses.setdefault(blob, []).append((model.name, _role(layer, model)))
    return uses


def _role(layer: Layer, model: Model) -> str:
    return "config" if layer is model.manifest.config else str(layer.kind or layer.media_type)


def _finding(store: Store, blob: Blob, problem: _Problem, uses: Sequence[_Use], reading: Reading) -> Finding:
    (kind, message), path = problem, store.layout.blob(blob.digest)
    bad = first_bad(store, blob, reading) if kind is FindingKind.DAMAGED else None
    if kind is FindingKind.MISSING:
        message = f"{'a link that leads nowhere' if path.is_symlink() else 'not there'}; {message}"
    if bad:
        message = f"{message}; the first wrong one is in bytes {bad.start:,} to {bad.stop - 1:,}"
    return Finding(
        kind,
        path,
        message,
        _cure(store, kind, blob, reading, uses[0][0]),
        digest=blob.digest,
        models=tuple(dict.fromkeys(name for name, _ in uses)),
        roles=tuple(dict.fromkeys(role for _, role in uses)),
        first_bad=bad,
    )


def _cure(store: Store, kind: FindingKind, blob: Blob, reading: Reading, name: ModelName) -> str:
    if kind is FindingKind.FORBIDDEN:
        return ASK_ANOTHER
    if reading.digest == blob.digest:  # the manifest is wrong
        return "Pull, create or copy the model again."
    again = command(store.layout, "repair", name.short, "--from", "PLACE")
    path = store.layout.blob(blob.digest)
    if path.is_symlink():  # nothing is written through it
        return f"Put right what it leads to, or fetch it again: rm {shlex.quote(str(path))} && {again}"
    return f"Fetch it again: {again}"
