"""``repair``: fetch again what is damaged in a store, and only that."""

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packllama.base.errors import (
    BadInput,
    Cancelled,
    FileChanged,
    IntegrityError,
    InvalidManifest,
    MachineError,
    ModelNotFound,
    PackLlamaError,
)
from packllama.base.observer import SILENT, Observer
from packllama.base.reading import opened_plain, pread_all
from packllama.base.stop import Stop
from packllama.check.repair.look import Look, is_right_after_all, look_at_all
from packllama.check.repair.renew import Renewing
from packllama.check.repair.suppliers import Origin, Suppliers
from packllama.check.repair.track import Marks
from packllama.manifest import MANIFEST_LIMIT
from packllama.model import Blob, Model, Move
from packllama.name import ModelName
from packllama.places.store import Store, StoreTarget
from packllama.places.store.kept_pieces import read_pieces
from packllama.places.store.session import Session
from packllama.transfer import CopyOptions, copy
from packllama.transfer.pump import Flow

_AGAIN = "Run the same command again when nothing else works in this store."
_DIGEST = re.compile(rb"sha256[:-]([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Repaired:
    """A blob that was damaged, and is not any more. ``bytes_fetched`` came ``origins``' way."""

    blob: Blob
    bytes_fetched: int
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Damage:
    """A blob that is damaged or missing. ``bad``: the bytes that have to be fetched, and perhaps more ``behind`` them:
    what follows a bad piece can be judged only when that is right.
    """

    blob: Blob
    bad: range
    behind: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """What is still wrong. ``blob`` None: it is about the model itself."""

    error: PackLlamaError
    models: tuple[ModelName, ...]
    blob: Blob | None = None


@dataclass(frozen=True)
class RepairReport:
    """What was found and done. Of ``models``, those are whole now that no problem names.

    ``taken``: models whose manifest could not be read, and came from an origin. After a dry run: those for which the
    origins would be asked. ``damages``: what would be fetched.
    """

    models: tuple[Model, ...]
    repaired: tuple[Repaired, ...]
    taken: tuple[ModelName, ...]
    damages: tuple[Damage, ...]
    problems: tuple[Problem, ...]
    blobs: int
    bytes_fetched: int

    @cached_property
    def broken(self) -> frozenset[ModelName]:
        """The models that a problem names."""
        return frozenset(name for problem in self.problems for name in problem.models)

    def is_whole(self, model: Model) -> bool:
        """Whether every byte of one of the models is right."""
        return model.name not in self.broken and self._damaged.isdisjoint(model.blobs)

    @cached_property
    def _damaged(self) -> frozenset[Blob]:
        return frozenset(damage.blob for damage in self.damages)

    @property
    def whole(self) -> bool:
        """Every byte of all these models is right."""
        return not self.broken and not self.damages and {*self.taken} <= {model.name for model in self.models}


def repair(
    store: Store,
    origins: Sequence[Origin],
    names: Sequence[ModelName] = (),
    *,
    dry_run: bool = False,
    options: CopyOptions = CopyOptions(),  # noqa: B008 - frozen
    observer: Observer = SILENT,
    stop: Stop | None = None,
) -> RepairReport:
    """Read every blob of the models of these names, or of all, and make right what is not.

    Of a blob whose pieces are known only the bad ones are fetched, else all of it, from the first origin that has them
    right. A damaged file stays until what replaces it is durable. Manifests stay as they are, but for damaged ones,
    where an origin has one that lists all digests they still show. ``dry_run``: nothing is fetched or written.

    Raises:
        ModelNotFound: one of the names is not there. Nothing was read.
        NoRights: there is damage, and the store may not be written.
        Cancelled: ``stop`` was set. What was repaired stays, and what was begun is gone on with by the next run.
    """
    stop = stop or Stop()
    return _Repair(store, origins, options, Flow.of(options, observer, stop)).run(names, dry_run=dry_run)


class _Repair:
    """One run, and what came of it so far."""

    def __init__(self, store: Store, origins: Sequence[Origin], options: CopyOptions, flow: Flow) -> None:
        self._store = store
        self._layout = store.layout
        self._origins = origins
        self._options = options
        self._flow = flow
        self._users: dict[Blob, list[Model]] = {}
        self._suppliers = Suppliers(origins, self._users, options, flow)
        self._models: list[Model] = []
        self._taken: list[Model] = []
        self._published: list[ModelName] = []
        self._repaired: list[Repaired] = []
        self._problems: list[Problem] = []

    def run(self, names: Sequence[ModelName], *, dry_run: bool) -> RepairReport:
        unread = self._read_manifests(names)
        if not dry_run:
            self._take_manifests(unread)
        for model in [*self._models, *self._taken]:
            for blob in model.blobs:
                self._users.setdefault(blob, []).append(model)
        marks = map(self._marks, self._users)
        looks = look_at_all(self._layout, marks, sure=dry_run, observer=self._flow.observer, stop=self._flow.stop)
        self._problems += [Problem(seen.error, self._names(seen.blob), seen.blob) for seen in looks if seen.error]
        looks = [seen for seen in looks if not seen.error]
        if not dry_run:
            self._renew(looks)
            self._publish_taken()
        self._check_unchanged()
        return RepairReport(
            models=tuple(sorted([*self._models, *self._taken], key=lambda model: model.name)),
            repaired=tuple(self._repaired),
            taken=tuple(unread if dry_run else self._published),
            damages=tuple(self._damages(looks)) if dry_run else (),
            problems=tuple(self._problems),
            blobs=len(self._users),
            bytes_fetched=self._suppliers.sent,
        )

    def _read_manifests(self, names: Sequence[ModelName]) -> dict[ModelName, PackLlamaError]:
        """Returns what is wrong with those that make no sense. What may not be read may be right."""
        unread: dict[ModelName, PackLlamaError] = {}
        for name in dict.fromkeys(map(self._store.canonical, names)) if names else sorted(self._store.scan().names):
            try:
                self._models.append(self._store.model(name))
            except BadInput as error:
                unread[name] = error
            except ModelNotFound as error:
                if os.path.lexists(self._layout.manifest(name)):
                    self._problems.append(Problem(_leads_nowhere(self._layout.manifest(name)), (name,)))
                elif names:
                    raise ModelNotFound(name.short) from error
            except PackLlamaError as error:
                self._problems.append(Problem(error, (name,)))
        return unread

    def _take_manifests(self, unread: dict[ModelName, PackLlamaError]) -> None:
        for name, error in unread.items():
            try:
                self._take_manifest(name, error)
            except Cancelled:
                raise
            except PackLlamaError as failure:
                self._problems.append(Problem(failure, (name,)))

    def _take_manifest(self, name: ModelName, error: PackLlamaError) -> None:
        """From the first origin whose model of the name may be this one: else the blobs of this one were nobody's."""
        path = self._layout.manifest(name)
        shown = _digests_shown(path)
        others = []
        for model, supplier in self._suppliers.find(name):
            if shown <= {digest.hex for digest in model.manifest.digests()}:
                self._taken.append(Model(name, model.manifest))
                self._flow.observer.noted(f"{name.short}: its manifest cannot be read; it is taken from {supplier}")
                return
            others.append(str(supplier))
        who = "nobody who was asked has that model"
        hint = "Name a place that has it with --from, pull or create the model again, or remove it."
        if others:
            who = f"{', '.join(others)} has another model of that name"
            hint = f"To replace it by that: packllama pull, or packllama rm {shlex.quote(name.short)} and copy it."
        raise IntegrityError(f"the manifest cannot be read, and {who}: {error.message}", where=str(path), hint=hint)

    def _marks(self, blob: Blob) -> Marks:
        known = (origin.pieces(blob) for origin in self._origins)
        return Marks(blob, read_pieces(self._layout, blob) or next(filter(None, known), None))

    def _renew(self, looks: Sequence[Look]) -> None:
        wrong = [seen for seen in looks if not seen.whole and not self._comes_with_its_model(seen)]
        bad = sorted(wrong, key=lambda seen: (seen.blob.size, seen.blob.digest))
        left = [seen for seen in looks if seen.whole and os.path.lexists(self._layout.quarantined(seen.blob.digest))]
        if not bad and not left:
            return
        flow, folders = self._flow, (self._layout.finished, self._layout.quarantine)
        session = Session(self._store, holder="repairing", observer=flow.observer, stop=flow.stop, folders=folders)
        with ExitStack() as stack:
            try:
                stack.enter_context(session)
            except MachineError:
                if left or not all(self._is_right(seen) for seen in bad):
                    raise
                return
            renewing = Renewing(session, self._suppliers, self._users, options=self._options, flow=flow)
            for seen in left:
                renewing.clear(seen.blob)
            for seen in bad:
                self._renew_one(renewing, seen)

    def _comes_with_its_model(self, seen: Look) -> bool:
        """Whether no model names it yet: it must not be among the blobs before one does."""
        return seen.status is None and {*self._names(seen.blob)} <= {model.name for model in self._taken}

    def _is_right(self, seen: Look) -> bool:
        return is_right_after_all(seen, self._layout, observer=self._flow.observer, stop=self._flow.stop)

    def _renew_one(self, renewing: Renewing, seen: Look) -> None:
        before = {supplier: supplier.sent for supplier in self._suppliers.order}
        self._flow.observer.began(f"repairing {seen.blob.digest.short}")
        try:
            if not renewing.renew(seen):
                return
        except Cancelled:
            raise
        except PackLlamaError as error:
            self._problems.append(Problem(error, self._names(seen.blob), seen.blob))
            return
        came = {supplier: supplier.sent - sent for supplier, sent in before.items() if supplier.sent > sent}
        self._repaired.append(Repaired(seen.blob, sum(came.values()), tuple(map(str, came))))

    def _publish_taken(self) -> None:
        """Write the names whose blobs are all right now."""
        broken = {name for problem in self._problems for name in problem.models}
        for model in [model for model in self._taken if model.name not in broken]:
            target = StoreTarget(self._store, observer=self._flow.observer)
            try:
                copy(
                    [Move(model)],
                    sources=self._suppliers.order,
                    target=target,
                    options=self._options,
                    observer=self._flow.observer,
                    stop=self._flow.stop,
                )
            except Cancelled:
                raise
            except PackLlamaError as error:
                error.message = f"the manifest cannot be read, and the model did not come: {error.sentence}"
                error.where = str(self._layout.manifest(model.name))
                self._problems.append(Problem(error, (model.name,)))
            else:
                self._published.append(model.name)

    def _check_unchanged(self) -> None:
        """What is said of a model holds only while its manifest is the one that was read."""
        for model in self._models:
            if error := self._change(model):
                self._problems.append(Problem(error, (model.name,)))

    def _change(self, model: Model) -> PackLlamaError | None:
        try:
            if self._store.model(model.name).manifest.raw == model.manifest.raw:
                return None
        except (ModelNotFound, InvalidManifest):
            pass
        except PackLlamaError as error:
            return error
        where = str(self._layout.manifest(model.name))
        return FileChanged("the model was replaced or removed meanwhile", where=where, hint=_AGAIN)

    def _damages(self, looks: Sequence[Look]) -> Iterator[Damage]:
        for seen in looks:
            if not seen.whole:
                yield Damage(seen.blob, seen.bad, behind=seen.bad.stop < seen.blob.size)

    def _names(self, blob: Blob) -> tuple[ModelName, ...]:
        return tuple(model.name for model in self._users[blob])


def _leads_nowhere(path: Path) -> IntegrityError:
    hint = "Mount the disk it leads to, or remove the link."
    return IntegrityError("the manifest is a link that leads nowhere", where=str(path), hint=hint)


def _digests_shown(path: Path) -> set[str]:
    """The digests, in hexadecimal digits, that can still be read in a damaged manifest.

    Raises: BadInput, MachineError.
    """
    with opened_plain(path, what="a manifest") as descriptor:
        raw = pread_all(descriptor, MANIFEST_LIMIT, 0, where=path)
    return {digest.decode() for digest in _DIGEST.findall(raw)}
