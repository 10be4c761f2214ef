"""``verify``: read every byte of a store's models and say what is wrong."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packllama.base.errors import MissingFile, NoRights, PackLlamaError
from packllama.base.observer import SILENT, Observer
from packllama.base.stop import Stop
from packllama.base.units import human_bytes
from packllama.check.finding import Finding, FindingKind
from packllama.check.pieces import first_bad, keep_pieces
from packllama.check.reading import Reading, read_all
from packllama.check.survey import Survey, survey
from packllama.digest import Digest
from packllama.manifest import Layer
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.places.store import Store
from packllama.places.store.references import referenced

_AGAIN = "Create or copy the model again."
_MAY_READ = "Verify it as a user who may read it."


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was checked and what was found. ``blobs`` were read, ``bytes_read`` in all."""

    models: tuple[ModelName, ...]
    findings: tuple[Finding, ...]
    blobs: int
    bytes_read: int

    @property
    def whole(self) -> bool:
        """Every listed model has every byte it should have."""
        return not self.broken and not self.forbidden

    @property
    def broken(self) -> frozenset[ModelName]:
        """Models of which a byte is wrong or missing."""
        fine = FindingKind.CHANGED, FindingKind.FORBIDDEN
        return frozenset(name for finding in self.findings if finding.kind not in fine for name in finding.models)

    @property
    def forbidden(self) -> frozenset[ModelName]:
        """Models of which not every byte may be read; what may is right."""
        found = (finding for finding in self.findings if finding.kind is FindingKind.FORBIDDEN)
        return frozenset(name for finding in found for name in finding.models) - self.broken

    @property
    def clean(self) -> bool:
        """Nothing at all was found."""
        return not self.findings

    def about(self, name: ModelName) -> tuple[Finding, ...]:
        """What is wrong with one model."""
        return tuple(finding for finding in self.findings if name in finding.models)


def verify(
    store: Store, names: Sequence[ModelName] = (), *, observer: Observer = SILENT, stop: Stop | None = None
) -> VerifyReport:
    """Read and hash every blob of the models of these names; without names, everything in the store.

    Each blob is read once, however many models share it. Nothing is written but, where that may be, the pieces of large
    blobs that are right: with them a later run can say where damage is.

    Raises:
        ModelNotFound: one of the names is not there. Nothing was read.
        Cancelled: ``stop`` was set.
    """
    stop = stop or Stop()
    found = survey(store, names)
    digests = found.digests()
    paths = [store.layout.blob(digest) for digest in digests]
    readings = dict(zip(digests, read_all(paths, observer=observer, stop=stop), strict=True))
    keep_pieces(store, readings, stop=stop)
    wrong = list(_wrong_blobs(store, found.models, readings))
    if wrong:
        changed = _changed(store, found.models, {name for finding in wrong for name in finding.models})
        still = [model for model in found.models if model.name not in changed]
        wrong = [*_wrong_blobs(store, still, readings), *(_as_finding(store, name) for name in sorted(changed))]
    broken = [finding for finding in found.findings if finding.models]
    others = [finding for finding in found.findings if not finding.models]
    return VerifyReport(
        models=tuple(sorted({model.name for model in found.models} | {f.models[0] for f in broken})),
        findings=(*broken, *wrong, *others, *_unnamed(store, found, readings)),
        blobs=sum(reading.digest is not None for reading in readings.values()),
        bytes_read=sum(reading.size for reading in readings.values()),
    )


def _wrong_blobs(store: Store, models: Sequence[Model], readings: Mapping[Digest, Reading]) -> Iterator[Finding]:
    """What is wrong with blobs that a model names; one finding per blob, whatever the number of models."""
    uses: dict[Blob, list[tuple[ModelName, str]]] = {}
    for model in models:
        for layer in model.manifest.layers_and_config:
            use = model.name, _role(layer, model)
            uses.setdefault(Blob(layer.digest, layer.size), []).append(use)
    for blob, users in uses.items():
        reading = readings[blob.digest]
        if problem := _problem(blob, reading):
            kind, message = problem
            bad = first_bad(store, blob, reading) if kind is FindingKind.DAMAGED else None
            yield Finding(
                kind,
                store.layout.blob(blob.digest),
                f"{message}; the first wrong one is in bytes {bad.start:,} to {bad.stop - 1:,}" if bad else message,
                _MAY_READ if kind is FindingKind.FORBIDDEN else _AGAIN,
                digest=blob.digest,
                models=tuple(dict.fromkeys(name for name, _ in users)),
                roles=tuple(dict.fromkeys(role for _, role in users)),
                first_bad=bad,
            )


def _role(layer: Layer, model: Model) -> str:
    return "config" if layer is model.manifest.config else str(layer.kind or layer.media_type)


def _problem(blob: Blob, reading: Reading) -> tuple[FindingKind, str] | None:
    if isinstance(reading.error, MissingFile):
        return FindingKind.MISSING, f"not there; it should have {blob.size:,} bytes"
    if reading.error is not None:
        return _unreadable(reading.error)
    if reading.size != blob.size:
        right = " (its digest is right, so the manifest is wrong)" if reading.digest == blob.digest else ""
        return FindingKind.WRONG_SIZE, f"expected {blob.size:,} bytes, found {reading.size:,}{right}"
    if reading.digest != blob.digest:
        return FindingKind.DAMAGED, f"its bytes are those of {reading.digest}"
    return None


def _unreadable(error: PackLlamaError) -> tuple[FindingKind, str]:
    kind = FindingKind.FORBIDDEN if isinstance(error, NoRights) else FindingKind.UNREADABLE
    return kind, f"cannot be read: {error.message}"


def _changed(store: Store, models: Sequence[Model], suspects: Collection[ModelName]) -> set[ModelName]:
    """The suspects whose manifest is no longer the one that was checked: somebody works in this store."""
    return {model.name for model in models if model.name in suspects and _raw(store, model.name) != model.manifest.raw}


def _raw(store: Store, name: ModelName) -> bytes | None:
    try:
        return store.model(name).manifest.raw
    except PackLlamaError:
        return None


def _as_finding(store: Store, name: ModelName) -> Finding:
    return Finding(
        FindingKind.CHANGED,
        store.layout.manifest(name),
        "was replaced or removed while it was checked",
        "Verify it again when nothing else works in this store.",
        models=(name,),
    )


def _unnamed(store: Store, found: Survey, readings: Mapping[Digest, Reading]) -> Iterator[Finding]:
    """Blobs that are there and that no checked model names."""
    unnamed = found.present.difference(*(model.manifest.digests() for model in found.models))
    if not unnamed:
        return
    # Asked after the reading, which may have taken an hour: one may have found its model meanwhile.
    unclear = ""
    try:
        unnamed -= referenced(store)
    except PackLlamaError as error:
        unclear = f"{error.where}: {error.message}"
    for digest in sorted(unnamed):
        if finding := _unused(store, digest, readings[digest], unclear):
            yield finding


def _unused(store: Store, digest: Digest, reading: Reading, unclear: str) -> Finding | None:
    """None when the file is gone by now."""
    path = store.layout.blob(digest)
    hint = "Remove it, unless a download or a build is at work on its model."
    if isinstance(reading.error, MissingFile) and not os.path.lexists(path):
        return None
    if reading.error is not None:
        kind, message = _unreadable(reading.error)
    elif reading.digest != digest:
        kind, message = FindingKind.DAMAGED, f"named by no model, and its bytes are those of {reading.digest}"
    elif unclear:
        kind, message = FindingKind.CANNOT_TELL, f"named by no model that can be read, but {unclear}"
        hint = "Leave it until that is in order."
    else:
        kind, message = FindingKind.ORPHAN, f"{human_bytes(reading.size)} that no model names"
    return Finding(kind, path, message, hint, digest=digest)
