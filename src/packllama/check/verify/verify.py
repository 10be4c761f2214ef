"""``verify``: read every byte of a store's models and say what is wrong."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from packllama.base.errors import UsageError
from packllama.base.observer import SILENT, Observer
from packllama.base.stop import Stop
from packllama.check.finding import Finding, FindingKind
from packllama.check.reading import Reading, read_all
from packllama.check.survey.survey import Survey, survey
from packllama.check.verify.needed import changed, wrong_blobs
from packllama.check.verify.noting import note
from packllama.check.verify.unnamed import unnamed_blobs
from packllama.check.verify.unread import by_size, since_last
from packllama.digest import Digest
from packllama.name import ModelName
from packllama.places.store import Store


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was checked and what was found. ``blobs`` were read, ``bytes_read`` in all.

    ``quick``: sizes only. ``skipped`` blobs of ``bytes_skipped`` in all were there and were not read.
    """

    models: tuple[ModelName, ...]
    findings: tuple[Finding, ...]
    blobs: int
    bytes_read: int
    quick: bool = False
    skipped: int = 0
    bytes_skipped: int = 0

    @property
    def whole(self) -> bool:
        """Every listed model has every byte it should have."""
        return not self.broken and not self.forbidden

    @property
    def broken(self) -> frozenset[ModelName]:
        """Models of which a byte is wrong or missing."""
        return frozenset(name for finding in self.findings if finding.kind.breaks for name in finding.models)

    @property
    def forbidden(self) -> frozenset[ModelName]:
        """Models of which not every byte may be read; what may is right."""
        return self._of(FindingKind.FORBIDDEN) - self.broken

    @property
    def changed(self) -> frozenset[ModelName]:
        """Models that were replaced or removed meanwhile, so that nothing is known of them."""
        return self._of(FindingKind.CHANGED)

    def _of(self, kind: FindingKind) -> frozenset[ModelName]:
        return frozenset(name for finding in self.findings if finding.kind is kind for name in finding.models)

    @property
    def clean(self) -> bool:
        """Nothing at all was found."""
        return not self.findings

    def about(self, name: ModelName) -> tuple[Finding, ...]:
        """What is wrong with one model."""
        return tuple(finding for finding in self.findings if name in finding.models)


def verify(
    store: Store,
    names: Sequence[ModelName] = (),
    *,
    quick: bool = False,
    since_last_time: bool = False,
    observer: Observer = SILENT,
    stop: Stop | None = None,
) -> VerifyReport:
    """Read and hash every blob of the models of these names; without names, everything in the store.

    Each blob is read once, however many models share it. No model is changed. Where the store may be written, it is
    noted which large blobs were right, and their pieces: with them a later run can say where damage is.

    ``quick``: no byte of a blob is read, only sizes are compared. ``since_last_time``: a blob that is by all signs the
    file whose bytes were right is not read again, but for a tenth of them. Neither finds what a disk has lost since.

    Raises:
        UsageError: both of them.
        ModelNotFound: one of the names is not there. Nothing was read.
        MachineError: the store cannot be looked at. Cancelled: ``stop`` was set.
    """
    if quick and since_last_time:
        raise UsageError("--quick reads no byte, --since last some of them: choose one")
    stop = stop or Stop()
    found = survey(store, names, stop=stop)
    digests = found.digests()
    trusted: dict[Digest, Reading] = {}
    if quick:
        trusted = by_size(store.layout, digests, seen=found.present)
    elif since_last_time:
        trusted = since_last(store.layout, digests, now=time.time())
    read = _read(store, [digest for digest in digests if digest not in trusted], observer, stop)
    note(store, read, again=since_last_time, observer=observer, stop=stop)
    findings = tuple(_findings(store, found, {**trusted, **read}))
    return VerifyReport(
        models=found.names,
        findings=findings,
        blobs=sum(reading.digest is not None for reading in read.values()),
        bytes_read=sum(reading.size for reading in read.values()),
        quick=quick,
        skipped=sum(reading.error is None for reading in trusted.values()),
        bytes_skipped=sum(reading.size for reading in trusted.values()),
    )


def _read(store: Store, digests: Sequence[Digest], observer: Observer, stop: Stop) -> dict[Digest, Reading]:
    paths = [store.layout.blob(digest) for digest in digests]
    return dict(zip(digests, read_all(paths, observer=observer, stop=stop), strict=True)) if paths else {}


def _findings(store: Store, found: Survey, readings: Mapping[Digest, Reading]) -> Iterator[Finding]:
    """Those first that say why a model is not whole."""
    wrong = list(wrong_blobs(store, found.models, readings))
    if wrong:
        moved = list(changed(store, found.models, {name for finding in wrong for name in finding.models}))
        gone = {name for finding in moved for name in finding.models}
        wrong = [*wrong_blobs(store, [model for model in found.models if model.name not in gone], readings), *moved]
    yield from (finding for finding in found.findings if finding.kind.breaks)
    yield from wrong
    yield from (finding for finding in found.findings if not finding.kind.breaks)
    yield from unnamed_blobs(store, found, readings)
