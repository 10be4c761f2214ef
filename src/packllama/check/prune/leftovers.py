"""Find what nobody names. Nothing is changed, and nobody is waited for."""

import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from packllama.base.errors import Cancelled, InvalidDigest, PackLlamaError, from_os_error
from packllama.base.fs import check_directory
from packllama.base.locks import FileLock, is_held
from packllama.base.stop import Stop
from packllama.check.prune.leftover import Leftover, LeftoverKind
from packllama.check.prune.measure import measure, too_young
from packllama.check.survey.entries import Entry, entries
from packllama.check.survey.in_manifests import look_into_manifests
from packllama.check.survey.unfinished import CONVERSION, DOWNLOAD, is_temporary
from packllama.dialect import Derived
from packllama.digest import Digest
from packllama.places.store import Store
from packllama.places.store.layout import Layout
from packllama.places.store.references import referenced

# What is younger in `blobs/` may belong to a model that Ollama is about to write. Its own clean-up spares it, too.
OLLAMAS_HOUR = 3600.0

_ARIA2, _SYNCED = ".aria2", ".synced"
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TOKEN = re.compile(r"[0-9a-f]{16}", re.ASCII)
_WAITING = re.compile(rf"{_HEX.pattern}(?:\.part(?:{re.escape(_SYNCED)})?)?", re.ASCII)
_LOCK = re.compile(rf"blob-{_HEX.pattern}|work-{_TOKEN.pattern}", re.ASCII)
# Also what a look at the disk makes of such a name.
_OWN_TEMPORARY = re.compile(rf"tmp{_TOKEN.pattern}\S{{0,8}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What was found. ``kept_because``: why it cannot be told which blobs are unnamed; empty when it can."""

    found: tuple[Leftover, ...]
    kept_because: str = ""

    @property
    def going(self) -> tuple[Leftover, ...]:
        """What may be removed."""
        return tuple(each for each in self.found if not each.stays)

    @property
    def staying(self) -> tuple[Leftover, ...]:
        """What may not, each with its reason."""
        return tuple(each for each in self.found if each.stays)


def leftovers(store: Store, *, cache: Path | None, older_than: float, now: float, stop: Stop) -> Leftovers:
    """Look through a store, and through the folder ``cache`` of translations of any store's blobs.

    What is not finished must have been left alone for ``older_than`` seconds, at the time ``now``.

    Raises:
        MachineError: one of the store's folders is a link or cannot be read: nothing is removed through a link.
        Cancelled: ``stop`` was set.
    """
    layout = store.layout
    for folder in _folders(layout):
        if os.path.lexists(folder):
            check_directory(folder, below=layout.root)
    # Before the manifests: what is published in between is not taken for an orphan.
    in_blobs = entries(layout.blobs)
    behind_links = frozenset(Path(os.path.realpath(entry.path)) for entry in in_blobs if entry.is_link)
    search = _Search(layout, older_than, now, behind_links, stop)
    used, kept_because = _named(store, stop)
    # Their limit matters only to those who make some.
    own, others = Derived(layout.derived, limit=0), [Derived(cache, limit=0)] if cache else []
    found = [
        *(() if used is None else search.orphans(in_blobs, used)),
        *search.quarantined(used),
        *search.waiting(),
        *search.downloads(in_blobs),
        *search.temporary(in_blobs),
        *search.work(),
        *search.locks(own, *others),
    ]
    going = {path for each in found if each and not each.stays for path in (each.path, *each.more)}
    found += search.records(going)
    found += search.failures(own, *others)
    for derived, least in ((own, None), *((each, older_than) for each in others)):
        found += search.translations(derived, going, least=least)
    return Leftovers(tuple(each for each in found if each), kept_because)


def _named(store: Store, stop: Stop) -> tuple[frozenset[Digest] | None, str]:
    """The blobs that models name; None when that cannot be told, with the reason."""
    try:
        used = referenced(store, stop=stop)
        misplaced = look_into_manifests(store.layout).misplaced
    except Cancelled:
        raise
    except PackLlamaError as error:
        return None, error.sentence
    if misplaced:
        return None, f"{misplaced[0]}: may name blobs where Ollama does not see it: 'packllama verify' says what to do"
    return used, ""


def _folders(layout: Layout) -> tuple[Path, ...]:
    """Those in which something is removed, or which say what may be."""
    own = layout.own, layout.work, layout.locks, layout.hashes, layout.pieces, layout.finished, layout.quarantine
    return layout.blobs, layout.manifests, *own, layout.derived, layout.derived / "locks"


@dataclass(frozen=True, slots=True)
class _Search:
    """One search; each method finds a kind. None stands for what is gone by now."""

    layout: Layout
    older_than: float
    now: float
    behind_links: frozenset[Path]
    stop: Stop

    def orphans(self, in_blobs: Sequence[Entry], used: frozenset[Digest]) -> Iterator[Leftover | None]:
        begun = {entry.name.removesuffix(_ARIA2) for entry in in_blobs if entry.name.endswith(_ARIA2)}
        for entry in in_blobs:
            self.stop.check()
            digest = _digest(entry.name)
            if digest and digest not in used and (entry.is_plain or entry.is_link):
                yield self._leftover(
                    LeftoverKind.ORPHAN,
                    Path(entry.path),
                    notes=(self.layout.hash_record(digest), self.layout.pieces_record(digest)),
                    least=OLLAMAS_HOUR,
                    lock=self.layout.blob_lock(digest),
                    stays="aria2 has not finished it" if entry.name in begun else "",
                )

    def quarantined(self, used: frozenset[Digest] | None) -> Iterator[Leftover | None]:
        """Also what no model names any more. ``used`` None: nobody knows."""
        for path in self._matching(_HEX, self.layout.quarantine):
            digest = Digest(path.name)
            settled = self.layout.blob(digest).is_file() or (used is not None and digest not in used)
            yield self._leftover(
                LeftoverKind.QUARANTINED,
                path,
                lock=self.layout.blob_lock(digest),
                stays="" if settled else "what replaces it is not there: 'packllama repair --from PLACE' fetches it",
            )

    def waiting(self) -> Iterator[Leftover | None]:
        """A whole blob may be the first of a model that takes longer to come than anything is kept."""
        paths = list(self._matching(_WAITING, self.layout.finished))
        begun = [self._begun(path) for path in paths if path.suffix]
        yield from begun
        goes_on = any(each and each.stays for each in begun)
        for path in paths:
            if not path.suffix:
                yield self._leftover(
                    LeftoverKind.WAITING,
                    path,
                    least=self.older_than,
                    lock=self.layout.blob_lock(Digest(path.name)),
                    stays="another blob is still on its way" if goes_on else "",
                )

    def _begun(self, path: Path) -> Leftover | None:
        """One for each beginning, or for the record of one that is gone."""
        if path.suffix == _SYNCED and path.with_suffix("").exists():
            return None
        return self._leftover(
            LeftoverKind.BEGINNING,
            path,
            path.with_name(path.name + _SYNCED),
            least=self.older_than,
            lock=self.layout.blob_lock(Digest(path.name.partition(".")[0])),
        )

    def downloads(self, in_blobs: Sequence[Entry]) -> Iterator[Leftover | None]:
        """One for each download, however many files it has; it is as young as the youngest."""
        files: dict[str, list[Path]] = {}
        for entry in in_blobs:
            if not entry.is_folder and (match := DOWNLOAD.fullmatch(entry.name)):
                files.setdefault(match[1], []).append(Path(entry.path))
        for first, *more in files.values():
            yield self._leftover(LeftoverKind.OLLAMA_DOWNLOAD, first, *more, least=self._ollamas)

    def temporary(self, in_blobs: Sequence[Entry]) -> Iterator[Leftover | None]:
        found = (
            *(each for each in in_blobs if is_temporary(each)),
            *(each for each in entries(self.layout.root) if each.is_folder and CONVERSION.fullmatch(each.name)),
            *(each for each in entries(self.layout.own) if not each.is_folder and _OWN_TEMPORARY.fullmatch(each.name)),
        )
        for each in found:
            yield self._leftover(LeftoverKind.TEMPORARY, Path(each.path), least=self._ollamas)

    @property
    def _ollamas(self) -> float:
        return max(self.older_than, OLLAMAS_HOUR)

    def work(self) -> Iterator[Leftover | None]:
        for path in self._matching(_TOKEN, self.layout.work):
            yield self._leftover(LeftoverKind.WORK, path, lock=self.layout.locks / f"work-{path.name}")

    def locks(self, *folders: Derived) -> Iterator[Leftover | None]:
        """Those that nobody holds, but for those that go with what they are for."""
        work = {path.name for path in self._matching(_TOKEN, self.layout.work)}
        own = (path for path in self._matching(_LOCK, self.layout.locks) if path.name.removeprefix("work-") not in work)
        for path in chain(own, *(each.idle_locks() for each in folders)):
            if not is_held(path, shared=True):
                yield self._leftover(LeftoverKind.LOCK, path, lock=path)

    def records(self, going: Collection[Path]) -> Iterator[Leftover | None]:
        for path in chain(self._matching(_HEX, self.layout.hashes), self._matching(_HEX, self.layout.pieces)):
            if path not in going and not self._has(Digest(path.name), going):
                yield self._leftover(LeftoverKind.RECORD, path)

    def failures(self, *folders: Derived) -> Iterator[Leftover | None]:
        for path in chain.from_iterable(each.failures() for each in folders):
            yield self._leftover(LeftoverKind.FAILURE, path)

    def _has(self, digest: Digest, going: Collection[Path]) -> bool:
        """Whether the blob is anywhere in the store, whole or begun, and will stay there."""
        of_it = (self.layout.blob, self.layout.finished_blob, self.layout.part, self.layout.quarantined)
        return any(os.path.lexists(path(digest)) and path(digest) not in going for path in of_it)

    def translations(
        self, derived: Derived, going: Collection[Path], *, least: float | None
    ) -> Iterator[Leftover | None]:
        for each in derived.entries():
            if not each.finished or not self._has(each.digest, going):
                age = least if each.finished else None
                yield self._leftover(LeftoverKind.TRANSLATION, each.path, least=age, lock=each.lock)

    def _matching(self, names: re.Pattern[str], folder: Path) -> Iterator[Path]:
        for entry in entries(folder):
            self.stop.check()
            if names.fullmatch(entry.name):
                yield Path(entry.path)

    def _leftover(
        self,
        kind: LeftoverKind,
        path: Path,
        *more: Path,
        notes: Sequence[Path] = (),
        least: float | None = None,
        lock: Path | None = None,
        stays: str = "",
    ) -> Leftover | None:
        """``least`` is the age that it must have, and ``more`` with it, but not ``notes``; None: any."""
        self.stop.check()
        try:
            measured = [measure(each, self.stop) for each in (path, *filter(os.path.lexists, more))]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise from_os_error(error, doing="looking at what was left", where=path) from error
        age = self.now - max(changed for _, changed in measured)
        stays = stays or self._linked(path) or _held(lock) or too_young(age, least)
        with_it = tuple(filter(os.path.lexists, (*more, *notes)))
        return Leftover(kind, path, sum(size for size, _ in measured), age, with_it, lock, stays)

    def _linked(self, path: Path) -> str:
        """A blob may be a link to anything in the store, and a model is whole only while that is there."""
        if path.is_symlink() or not self.behind_links:
            return ""
        real = Path(os.path.realpath(path))
        return "a blob is a link to it" if any(each.is_relative_to(real) for each in self.behind_links) else ""


def _held(lock: Path | None) -> str:
    if lock and is_held(lock, shared=True):
        return f"{FileLock(lock, holder='').read_holder()} is at work on it"
    return ""


def _digest(name: str) -> Digest | None:
    try:
        return Digest.from_file_name(name)
    except InvalidDigest:
        return None
