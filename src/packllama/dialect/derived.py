"""The folder where translations wait to be used again.

::

    <digest>-<version>/        a translation: text.gguf, projector.gguf, or one of them; and sizes, how large they are
    <digest>-<version>.part/   one that is being made, or removed; left by a run that was killed
    <digest>-<version>.failed  what was said of one that did not work
    locks/<digest>-<version>   shared by who uses it, exclusive for who makes or removes it

A translation gets its name in one step, whole, synced and tried. There are at most so many bytes of them; those that
were used least recently go first, and none while it is in use. One that lost a file or is cut short is made again. May
be shared between threads and processes.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packllama.base.disk import file_size_limit, free_space
from packllama.base.errors import EngineFailed, MachineError, NoRights, NoSpace, PackLlamaError
from packllama.base.fs import (
    check_writable,
    clear,
    make_directory,
    remove,
    remove_tree,
    touch,
    translated,
    try_move_folder,
    write_file,
)
from packllama.base.locks import FileLock, held
from packllama.base.observer import Observer
from packllama.base.reading import read_small
from packllama.base.stop import Stop
from packllama.base.units import human_bytes
from packllama.dialect import failure
from packllama.dialect.translate import VERSION, Translation
from packllama.digest import Digest

_TEXT, _PROJECTOR, _SIZES = "text.gguf", "projector.gguf", "sizes"
# Two names and two numbers.
_SIZES_LIMIT = 200
_NAME = re.compile(r"[0-9a-f]{64}-\d{1,9}")
_UNFINISHED = ".part"
# Left free for what else is written meanwhile.
_MARGIN_BYTES = 32 << 20
_ELSEWHERE = "Have another folder used: XDG_CACHE_HOME=FOLDER, or PACKLLAMA_DERIVED=store."


@dataclass(frozen=True, slots=True)
class Pair:
    """The files of a translation. ``projector`` is None for a model without eyes, ``text`` for a projector alone."""

    text: Path | None
    projector: Path | None

    @classmethod
    def inside(cls, folder: Path) -> "Pair":
        """The files that a folder holds."""
        text, projector = (path if path.is_file() else None for path in (folder / _TEXT, folder / _PROJECTOR))
        return cls(text, projector)

    @classmethod
    def whole(cls, folder: Path) -> "Pair | None":
        """The files of a folder, if they are those that were put there."""
        with contextlib.suppress(PackLlamaError, OSError):
            if read_small(folder / _SIZES, limit=_SIZES_LIMIT, what="a list of sizes") == _sizes(folder):
                return cls.inside(folder)
        return None


@dataclass(frozen=True, slots=True)
class _Kept:
    """A translation in the folder. ``used`` is when, in seconds since 1970."""

    name: str
    used: float
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """The folder of a translation of the blob ``digest``, or of one that is not or was never ``finished``.

    ``lock`` is held by whoever uses or makes it.
    """

    path: Path
    digest: Digest
    finished: bool
    lock: Path


class Derived:
    """Translations in a folder, of ``limit`` bytes at most; one that is larger alone stays while it is the last used.

    No part of the folder's path below ``below`` may be a link; the folder is made when it is needed.
    """

    def __init__(self, folder: Path, *, limit: int, below: Path | None = None) -> None:
        self.folder = folder
        self._limit = limit
        self._below = below or folder

    @contextlib.contextmanager
    def pair(
        self,
        digest: Digest,
        translate: Callable[[], Translation],
        *,
        trial: Callable[[Pair], None],
        engine: Callable[[], str],
        observer: Observer,
        stop: Stop,
    ) -> Iterator[Pair]:
        """The translation of a blob, for the block: the one that is there, or else a new one.

        ``trial`` raises when the new files do not work; then nothing is kept, and an EngineFailed is remembered for a
        day: until then the same is not made again for the ``engine`` that this names. Another process that makes the
        same is waited for.

        Raises: NoSpace, MachineError, Cancelled; what ``translate`` and ``trial`` raise. Nothing half-made is left.
        """
        name = f"{digest.hex}-{VERSION}"
        final = self.folder / name
        # Where nothing can be written, no lock can be made, and none is needed.
        if not self._is_writable() and (pair := Pair.whole(final)):
            yield pair
            return
        with self._hinted():
            make_directory(self._lock(""), below=self._below)
        while True:
            with self._locked(name, observer, stop, exclusive=False):
                if pair := Pair.whole(final):
                    # It may be another user's.
                    with contextlib.suppress(NoRights):
                        touch(final)
                    yield pair
                    return
            with self._locked(name, observer, stop, exclusive=True):
                if not Pair.whole(final):
                    self._make_once(name, translate, trial, engine, observer, stop)

    def _make_once(
        self,
        name: str,
        translate: Callable[[], Translation],
        trial: Callable[[Pair], None],
        engine: Callable[[], str],
        observer: Observer,
        stop: Stop,
    ) -> None:
        note, which = self.folder / (name + failure.SUFFIX), engine()
        if said := failure.recalled(note, engine=which):
            raise said

        def remembered(pair: Pair) -> None:
            try:
                trial(pair)
            except EngineFailed as error:
                failure.remember(note, error, engine=which, staging=self.folder / (name + _UNFINISHED))
                raise

        with self._hinted():
            self._make(name, translate(), remembered, observer, stop)
            remove(note)

    def failures(self) -> Iterator[Path]:
        """The notes of what did not work."""
        for path in sorted(self.folder.glob(f"*{failure.SUFFIX}")):
            if _NAME.fullmatch(path.stem):
                yield path

    def entries(self) -> Iterator[Entry]:
        """All that is in the folder, for those that clear up."""
        for path in sorted(self.folder.glob("*-*")):
            name = path.name.removesuffix(_UNFINISHED)
            if _NAME.fullmatch(name) and path.is_dir() and not path.is_symlink():
                digest = Digest(name.partition("-")[0])
                yield Entry(path, digest, path.name == name, self._lock(name))

    def idle_locks(self) -> Iterator[Path]:
        """The lock files for what is not there."""
        for path in sorted(self._lock("").glob("*-*")):
            folders = self.folder / path.name, self.folder / (path.name + _UNFINISHED)
            if _NAME.fullmatch(path.name) and not any(map(os.path.lexists, folders)):
                yield path

    def remove(self, path: Path) -> bool:
        """Remove an entry. False: somebody uses or makes it.

        Raises: MachineError.
        """
        make_directory(self._lock(""), below=self._below)
        name = path.name.removesuffix(_UNFINISHED)
        return self._remove_unused(name, whole=path.name == name)

    def _lock(self, name: str) -> Path:
        return self.folder / "locks" / name

    @contextlib.contextmanager
    def _hinted(self) -> Iterator[None]:
        """Say what helps when it is this folder that cannot be used."""
        try:
            yield
        except MachineError as error:
            place = Path(error.where)
            if error.where and (place == self.folder or place in self.folder.parents or self.folder in place.parents):
                # The store's folder is not meant by those.
                own = "" if "--store" in error.hint else error.hint
                error.hint = f"{own} {_ELSEWHERE}".lstrip()
            raise

    def _is_writable(self) -> bool:
        try:
            check_writable(self.folder)
        except NoRights:
            return False
        return True

    def _make(
        self, name: str, translation: Translation, trial: Callable[[Pair], None], observer: Observer, stop: Stop
    ) -> None:
        self._sweep(name)
        unfinished = self.folder / (name + _UNFINISHED)
        for path in (unfinished, self.folder / name):
            clear(path)
        self._make_room(translation)
        size = human_bytes(translation.size)
        observer.noted(f"translating {translation.dialect.title} for llama.cpp, once: {size} into {self.folder}")
        observer.began(f"translating {translation.dialect.title}")
        try:
            make_directory(unfinished, below=self.folder)
            observer.planned(translation.size)
            for part, file in ((translation.text, _TEXT), (translation.projector, _PROJECTOR)):
                if part:
                    part.write(unfinished / file, observer=observer, stop=stop)
            write_file(unfinished / _SIZES, _sizes(unfinished), staging=unfinished)
            trial(Pair.inside(unfinished))
            # Only now: what does not work takes nobody's place.
            self._make_fit(translation.size)
            if not try_move_folder(unfinished, self.folder / name):
                raise MachineError("this file system does not rename folders", where=str(self.folder))
        finally:
            with contextlib.suppress(PackLlamaError):
                remove_tree(unfinished)

    def _make_room(self, translation: Translation) -> None:
        """Free as much of the disk as is needed.

        Raises: NoSpace, MachineError, when there is too little even without all that is here. Then all of it stays.
        """
        most = file_size_limit(self.folder)
        if most is not None and any(part.size > most for part in translation.parts):
            said = f"this file system takes no file of more than {human_bytes(most)}"
            raise MachineError(said, where=str(self.folder))
        wanted = translation.size
        self._check_free(wanted, spare=sum(each.size for each in self._kept()))
        free = free_space(self.folder)
        self._shrink(0 if free is None else wanted + _MARGIN_BYTES - free)
        self._check_free(wanted)

    def _make_fit(self, more: int) -> None:
        """Keep to the limit when so many bytes are added."""
        self._shrink(sum(each.size for each in self._kept()) + more - self._limit)

    def _shrink(self, excess: int) -> None:
        """Remove what was used least recently, until so many bytes are gone."""
        for each in sorted(self._kept(), key=lambda each: each.used):
            if excess <= 0:
                break
            if self._remove(each.name):
                excess -= each.size

    def _check_free(self, wanted: int, *, spare: int = 0) -> None:
        free = free_space(self.folder)
        if free is not None and wanted + _MARGIN_BYTES > free + spare:
            raise NoSpace(
                f"the translation needs {human_bytes(wanted + _MARGIN_BYTES)}, {human_bytes(free)} are free",
                where=str(self.folder),
            )

    def _kept(self) -> Iterator[_Kept]:
        with translated("listing the translations", self.folder):
            entries = list(os.scandir(self.folder))
        for entry in entries:
            # Another process may be removing it.
            with contextlib.suppress(OSError):
                if _NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                    files = (file for file in os.scandir(entry) if file.name != _SIZES)
                    size = sum(file.stat(follow_symlinks=False).st_size for file in files)
                    yield _Kept(entry.name, entry.stat(follow_symlinks=False).st_mtime, size)

    def _sweep(self, name: str) -> None:
        """Remove what runs have left that were killed, and what other versions have made of the same blob."""
        for path in self.folder.glob(f"*{_UNFINISHED}"):
            if _NAME.fullmatch(path.stem):
                self._remove(path.stem, whole=False)
        for path in self.folder.glob(f"{name.partition('-')[0]}-*"):
            if _NAME.fullmatch(path.name) and path.name != name:
                self._remove(path.name)

    def _remove(self, name: str, *, whole: bool = True) -> bool:
        """Remove a translation, or only its unfinished form, if nobody uses or makes it and it can be removed."""
        with contextlib.suppress(PackLlamaError):
            return self._remove_unused(name, whole=whole)
        return False

    def _remove_unused(self, name: str, *, whole: bool) -> bool:
        final, unfinished = self.folder / name, self.folder / (name + _UNFINISHED)
        lock = FileLock(self._lock(name), holder=_holder("removing a translation"))
        if not lock.try_acquire(exclusive=True):
            return False
        try:
            remove_tree(unfinished)
            # First its name, so that nobody finds a half of it.
            if whole and try_move_folder(final, unfinished):
                remove_tree(unfinished)
        finally:
            lock.release(remove=True)
        return True

    def _locked(
        self, name: str, observer: Observer, stop: Stop, *, exclusive: bool
    ) -> contextlib.AbstractContextManager[None]:
        doing = _holder("translating a model") if exclusive else _holder("using a translation")
        return held(self._lock(name), holder=doing, exclusive=exclusive, stop=stop, on_wait=observer.waiting)


def _sizes(folder: Path) -> bytes:
    """Which files a folder holds, and how large they are."""
    files = (path for path in (folder / _TEXT, folder / _PROJECTOR) if path.is_file() and not path.is_symlink())
    return "".join(f"{path.name} {path.stat().st_size}\n" for path in files).encode()


def _holder(doing: str) -> str:
    return f"process {os.getpid()} ({doing})"
