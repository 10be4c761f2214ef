"""``packllama import`` of folders of downloads: what is whole is taken, what is not is told with its links."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from packllama.base.errors import BadInput, IntegrityError, InvalidManifest, ModelNotFound, PackLlamaError, UsageError
from packllama.base.fs import give_mode_of_blob
from packllama.base.observer import SILENT, Observer
from packllama.cli.address import check_different, check_no_part, is_same
from packllama.cli.door import Door
from packllama.cli.incomplete import Incomplete
from packllama.cli.moved import Moved, move_into_store, plan_store
from packllama.cli.moving import Job
from packllama.model import Blob, Model, Move
from packllama.name import ModelName, check_not_reserved
from packllama.places.loose import Downloads, Memory, Sheet, clear, look
from packllama.places.loose.naming import is_blob_of_store, is_manifest_of_store
from packllama.places.store import Store
from packllama.transfer import Plan
from packllama.transfer.gather import gather

_MOST_NOTES = 10
_NO_MANIFEST = (
    "A model needs its manifest, a small file. That of gemma3:12b is "
    "https://registry.ollama.ai/v2/library/gemma3/manifests/12b"
)
_GGUF = "Of a GGUF 'packllama create' makes a model; 'packllama init FILE.gguf' writes the Modelfile for it."


class How(Enum):
    """What becomes of the files."""

    COPY = "copy"
    LINK = "link"
    MOVE = "move"


@dataclass(slots=True)
class Found:
    """What came of folders."""

    done: list[Moved] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    incomplete: list[Incomplete] = field(default_factory=list)
    problems: list[PackLlamaError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Folders:
    """Folders, and single files, of one import, with one index over all of them.

    ``settled``: those that are stores whose models have been taken already.
    """

    door: Door
    store: Store
    paths: Sequence[Path]
    rename: str | None = None
    settled: Sequence[Path] = ()

    def plan(self) -> Found:
        """What would be taken. Writes nothing."""
        found, whole = Found(), []
        downloads = self._look(self._memory(), SILENT)
        for sheet, move in self._moves(downloads, found):
            if lacks := downloads.lacking(move.model, present=self._present):
                found.incomplete.append(Incomplete(move.name, sheet, lacks))
            else:
                whole.append(move)
        found.plans.append(plan_store(self.store, whole))
        return found

    def take(self, how: How, job: Job) -> Found:
        """Take what is whole, one model after the other: a damaged file shall hold up none but its own.

        Raises: MachineError, Cancelled. Models that were taken by then stay.
        """
        found, memory, taken = Found(), self._memory(), []
        try:
            downloads = self._look(memory, job.observer)
            for sheet, move in self._moves(downloads, found):
                try:
                    if self._take(downloads, sheet, move, how, job, found):
                        taken.append(sheet)
                except (BadInput, IntegrityError) as error:
                    found.problems.append(error)
            if how is How.MOVE:
                for sentence in clear(downloads, taken):
                    job.observer.noted(sentence)
        finally:
            with contextlib.suppress(PackLlamaError):
                memory.save()
        return found

    def _take(self, downloads: Downloads, sheet: Sheet, move: Move, how: How, job: Job, found: Found) -> bool:
        def carry() -> Moved:
            if how is How.MOVE:
                self._let_link(downloads, move.model)
            return move_into_store(self.store, [move], source=downloads, job=job, link=how is not How.COPY)

        carried = gather(move.model, downloads, present=self._present, carry=carry)
        if isinstance(carried, Moved):
            found.done.append(carried)
            return True
        found.incomplete.append(Incomplete(move.name, sheet, carried))
        return False

    def _let_link(self, downloads: Downloads, model: Model) -> None:
        """A file is linked only if nobody else may write to it. These go away, so their mode may change."""
        for blob in model.blobs:
            if not self._present(blob) and (file := downloads.choice(blob)):
                with contextlib.suppress(PackLlamaError):
                    give_mode_of_blob(Path(file.path))

    def _look(self, memory: Memory, observer: Observer) -> Downloads:
        layout = self.store.layout
        root = layout.root
        for path in self.paths:
            check_no_part(path, layout)
        own = [str(path) for path in self.paths if is_same(path, root)]
        settled = [*own, *map(str, self.settled)]
        # The two folders of a store may be links to another disk.
        linked = [path / name for path in self.paths for name in ("blobs", "manifests") if (path / name).is_symlink()]
        return look(
            [*self.paths, *(path for path in linked if path.is_dir())],
            without=() if own else (root, layout.blobs, layout.manifests),
            ignored=lambda path: (
                any(is_manifest_of_store(path, root) for root in settled)
                or any(is_blob_of_store(path, root) for root in own)
            ),
            memory=memory,
            observer=observer,
            stop=self.door.stop,
        )

    def _memory(self) -> Memory:
        state = self.door.settings.state
        return Memory(state / "downloads.json" if state else None)

    def _present(self, blob: Blob) -> bool:
        """In the store, or waiting there for the rest of its model."""
        layout = self.store.layout
        for path in (layout.blob(blob.digest), layout.finished_blob(blob.digest)):
            with contextlib.suppress(OSError):
                if path.stat().st_size == blob.size:
                    return True
        return False

    def _moves(self, downloads: Downloads, found: Found) -> list[tuple[Sheet, Move]]:
        """The models and what they shall be called; what is wrong with others is noted down."""
        papers = downloads.papers
        self._say_what_else(downloads)
        found.problems += papers.refused
        for path, oddity in papers.oddities.items():
            if oddity.surely:
                found.problems.append(InvalidManifest(oddity.what, where=path, hint="Remove it, and fetch it again."))
        if not papers.sheets and not papers.kept and not self.settled:
            found.problems.append(self._nothing(downloads))
        if self.rename is not None:
            return [_renamed(papers.sheets, self.rename)] if papers.sheets else []
        for sheet in papers.sheets:
            if sheet.name is None:
                hint = "Say what it shall be called with --as NAME."
                found.problems.append(
                    UsageError("this is a manifest, and nothing says of which model", where=sheet.path, hint=hint)
                )
        return [(sheet, Move(Model(sheet.name, sheet.manifest))) for sheet in papers.sheets if sheet.name]

    def _nothing(self, downloads: Downloads) -> ModelNotFound:
        """Raises: UsageError, when it was the target that was looked through."""
        for path in self.paths:
            check_different(path, self.store.layout.root)
        where, message = ", ".join(map(str, self.paths)), f"there are no models: {_seen(downloads)}"
        weights = any(file.name.lower().endswith(".gguf") for file in downloads.files)
        return ModelNotFound("", where=where, message=message, hint=_GGUF if weights else _NO_MANIFEST)

    def _say_what_else(self, downloads: Downloads) -> None:
        papers = downloads.papers
        notes = [error.sentence for error in papers.unread]
        notes += [f"{path}: {oddity.what}" for path, oddity in papers.oddities.items() if not oddity.surely]
        notes += [item.sentence() for item in downloads.unfinished if item.digest is None]
        for note in notes[:_MOST_NOTES]:
            self.door.say(note)


def _seen(downloads: Downloads) -> str:
    count = len(downloads.files)
    return f"{count:,} file{'s' if count > 1 else ''}, and no manifest" if count else "there is no file"


def _renamed(sheets: Sequence[Sheet], rename: str) -> tuple[Sheet, Move]:
    """The one model that gets the name: the one that has none, if there is such a one.

    Raises: UsageError, InvalidName.
    """
    meant = [sheet for sheet in sheets if sheet.name is None] or sheets
    if len(meant) != 1:
        names = ", ".join(sheet.name.short if sheet.name else sheet.path for sheet in meant)
        raise UsageError(f"--as is for one model, and these are {len(meant)}: {names}")
    name = ModelName.parse(rename)
    check_not_reserved(name)
    sheet = meant[0]
    return sheet, Move(Model(sheet.name or name, sheet.manifest), name)
