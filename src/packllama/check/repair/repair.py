"""``repair``: fetch again what is damaged in a store, and only that."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from packllama.base.errors import (
    Cancelled,
    FileChanged,
    IntegrityError,
    InvalidManifest,
    ModelNotFound,
    PackLlamaError,
)
from packllama.base.observer import SILENT, Observer
from packllama.base.stop import Stop
from packllama.check.repair.look import Look, look_at_all
from packllama.check.repair.renew import Renewing
from packllama.check.repair.suppliers import Origin, Suppliers
from packllama.check.repair.track import Marks
from packllama.model import Blob, Model, Move
from packllama.name import ModelName
from packllama.places.store import Store, StoreTarget
from packllama.places.store.kept_pieces import read_pieces
from packllama.places.store.session import Session
from packllama.transfer import CopyOptions, copy
from packllama.transfer.pump import Flow

_AGAIN = "Run the same command again when nothing else works in this store."


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

    ``taken``: models whose manifest could not be read, and came from an origin. ``damages``: what would be fetched.
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
    right. A damaged file stays until what replaces it is durable. Manifests stay as they are, but for those that cannot
    be read. ``dry_run``: nothing is fetched or written.

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
        self._repaired: list[Repaired] = []
        self._problems: list[Problem] = []

    def run(self, names: Sequence[ModelName], *, dry_run: bool) -> RepairReport:
        unread = self._read_manifests(names)
        if not dry_run:
            self._take_manifests(unread)
        for model in [*self._models, *self._taken]:
            for blob in model.blobs:
                self._users.setdefault(blob, []).append(model)
        looks = look_at_all(
            self._layout, map(self._marks, self._users), observer=self._flow.observer, stop=self._flow.stop
        )
        if not dry_run:
            self._renew(looks)
            self._publish_taken()
        self._check_unchanged()
        return RepairReport(
            models=tuple(sorted([*self._models, *self._taken], key=lambda model: model.name)),
            repaired=tuple(self._repaired),
            taken=tuple(unread if dry_run else [model.name for model in self._taken]),
            damages=tuple(self._damages(looks)) if dry_run else (),
            problems=tuple(self._problems),
            blobs=len(looks),
            bytes_fetched=self._suppliers.sent,
        )

    def _read_manifests(self, names: Sequence[ModelName]) -> dict[ModelName, PackLlamaError]:
        """Returns what is wrong with those that cannot be read."""
        unread: dict[ModelName, PackLlamaError] = {}
        for name in dict.fromkeys(map(self._store.canonical, names)) if names else sorted(self._store.scan().names):
            try:
                self._models.append(self._store.model(name))
            except PackLlamaError as error:
                if os.path.lexists(self._layout.manifest(name)):
                    unread[name] = error
                elif names:
                    raise ModelNotFound(name.short) from error
        return unread

    def _take_manifests(self, unread: dict[ModelName, PackLlamaError]) -> None:
        """Those that cannot be read, from the first origin that has a model of the name."""
        for name, error in unread.items():
            if found := self._suppliers.find(name):
                model, supplier = found
                self._taken.append(Model(name, model.manifest))
                self._flow.observer.noted(f"{name.short}: its manifest cannot be read; it is taken from {supplier}")
            else:
                problem = IntegrityError(
                    f"the manifest cannot be read, and nobody who was asked has that model: {error.message}",
                    where=str(self._layout.manifest(name)),
                    hint="Name a place that has it with --from, pull or create the model again, or remove it.",
                )
                self._problems.append(Problem(problem, (name,)))

    def _marks(self, blob: Blob) -> Marks:
        known = (origin.pieces(blob) for origin in self._origins)
        return Marks(blob, read_pieces(self._layout, blob) or next(filter(None, known), None))

    def _renew(self, looks: Sequence[Look]) -> None:
        bad = sorted((seen for seen in looks if not seen.whole), key=lambda seen: (seen.blob.size, seen.blob.digest))
        left = [seen for seen in looks if seen.whole and os.path.lexists(self._layout.quarantined(seen.blob.digest))]
        if not bad and not left:
            return
        flow, folders = self._flow, (self._layout.finished,)
        with Session(
            self._store, holder="repairing", observer=flow.observer, stop=flow.stop, folders=folders
        ) as session:
            renewing = Renewing(session, self._suppliers, self._users, options=self._options, flow=flow)
            for seen in left:
                renewing.clear(seen.blob)
            for seen in bad:
                self._renew_one(renewing, seen)

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
                self._problems.append(Problem(error, (model.name,)))

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
            if seen.error:
                self._problems.append(Problem(seen.error, self._names(seen.blob), seen.blob))
            elif not seen.whole:
                yield Damage(seen.blob, seen.bad, behind=seen.bad.stop < seen.blob.size)

    def _names(self, blob: Blob) -> tuple[ModelName, ...]:
        return tuple(model.name for model in self._users[blob])
