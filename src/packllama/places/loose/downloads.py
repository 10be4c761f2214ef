"""The files of folders as a source of models: which file is which blob, and what is lacking."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packllama.base.errors import Cancelled, FileChanged, IntegrityError, ModelNotFound, PackLlamaError
from packllama.base.observer import SILENT, Observer
from packllama.base.reading import FileRange, open_range
from packllama.base.stop import Stop
from packllama.base.units import human_bytes
from packllama.digest import Digest
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.places.loose.digesting import digest_of
from packllama.places.loose.memory import Memory
from packllama.places.loose.naming import digest_from_file_name
from packllama.places.loose.origin import SIDECAR, digest_in, origins
from packllama.places.loose.sheets import read_papers
from packllama.places.loose.unfinished import unfinished
from packllama.places.loose.walk import Seen, Sight, walk

# So small a file is hashed at once: others of its size are common, and reading it costs nothing.
_SMALL = 1 << 20


@dataclass(frozen=True, slots=True)
class Lack:
    """A blob that a model lacks. ``instead``: what lies there in its place, in sentences."""

    blob: Blob
    what: str
    instead: tuple[str, ...]


def look(
    roots: Sequence[Path],
    *,
    without: Iterable[Path] = (),
    ignored: Callable[[str], bool] = lambda _: False,
    memory: Memory | None = None,
    observer: Observer = SILENT,
    stop: Stop | None = None,
) -> "Downloads":
    """Look through folders, and at single files.

    ``without``: folders that are not entered. ``ignored``: says of a path whether it is to be left alone.

    Raises: MissingFile, BadInput, MachineError, Cancelled.
    """
    stop = stop or Stop()
    sight = walk(roots, without=without, stop=stop)
    sight.files = [file for file in sight.files if not ignored(file.path)]
    return Downloads(sight, memory or Memory(), observer=observer, stop=stop)


class Downloads:
    """An index of files, made by `look`. It may be read by several threads when everything was asked for once."""

    streams = 1

    def __init__(self, sight: Sight, memory: Memory, *, observer: Observer, stop: Stop) -> None:
        self._memory, self._observer, self._stop = memory, observer, stop
        self.entered = sight.entered
        self._sidecars: dict[str, Seen] = {}
        files: list[Seen] = []
        for file in sight.files:
            if match := SIDECAR.fullmatch(file.path):
                self._sidecars[match["file"]] = file
            else:
                files.append(file)
        self.unfinished = unfinished(files)
        in_work = {path for item in self.unfinished for path in (item.bytes_in.path, item.control)}
        self.files = [file for file in files if file.path not in in_work]
        self.papers = read_papers(self.files, origins=self._origins, stop=stop)
        self.papers.unread += sight.unread
        sheets = self.papers.sheets
        self._wanted = {layer.digest: layer.size for sheet in sheets for layer in sheet.manifest.layers_and_config}
        sizes = set(self._wanted.values())
        self._by_size = self._index(sizes)
        self._choices: dict[Blob, Seen | None] = {}
        self._unusable: dict[str, str] = {}

    def want(self, blob: Blob) -> None:
        """Look for a blob that no manifest here names, too."""
        if blob.size not in self._by_size:
            self._by_size |= self._index({blob.size})
            self._choices.pop(blob, None)

    def _index(self, sizes: set[int]) -> dict[int, list[Seen]]:
        """The files of these sizes."""
        found: dict[int, list[Seen]] = {size: [] for size in sizes}
        for file in self.files:
            if file.size in sizes:
                found[file.size].append(file)
        return found

    def find(self, name: ModelName) -> Model:
        """Raises: ModelNotFound."""
        for sheet in self.papers.sheets:
            if sheet.name and sheet.name.folded == name.folded:
                return Model(sheet.name, sheet.manifest)
        raise ModelNotFound(name.short)

    def path(self, blob: Blob) -> Path:
        """The file that is a blob, or is to be tried as one.

        Raises: IntegrityError, when there is none, or it has changed.
        """
        file = self.choice(blob)
        if file is None:
            raise IntegrityError(f"no file that was found is the blob {blob.digest}", hint="Fetch it.")
        try:
            status = os.lstat(file.path)
            unchanged = stat.S_ISREG(status.st_mode) and status.st_size == blob.size
        except OSError:
            unchanged = False
        if not unchanged:
            raise FileChanged(
                "the file is not what it was a moment ago", where=file.path, hint="Run the same command again."
            )
        return Path(file.path)

    def read(self, blob: Blob, *, of: Model, start: int, stop: int) -> AbstractContextManager[FileRange]:  # noqa: ARG002
        """Raises: IntegrityError, as `path` does; MachineError."""
        return open_range(self.path(blob), what="a download", start=start, stop=stop)

    def choice(self, blob: Blob) -> Seen | None:
        """The file that is a blob, or the only one that may be; hashed only where there is more than one."""
        if blob not in self._choices:
            self._choices[blob] = self._choose(blob)
        return self._choices[blob]

    def lacking(self, model: Model, *, present: Callable[[Blob], bool]) -> list[Lack]:
        """The blobs of a model that are neither ``present`` in the target nor, by all that is known, here."""
        kinds = {layer.digest: str(layer.kind or layer.media_type) for layer in model.manifest.layers}
        return [
            Lack(blob, kinds.get(blob.digest, "config"), tuple(self._instead(blob)))
            for blob in model.blobs
            if not present(blob) and self.choice(blob) is None
        ]

    def doubt(self, blobs: Iterable[Blob], *, only: str | None = None) -> bool:
        """Hash the files that were to be tried as these blobs, or the one at the path ``only``.

        True: one of them was not what it was taken for, or cannot be read.
        """
        chosen = {blob: file for blob in blobs if (file := self.choice(blob)) and only in {None, file.path}}
        wrong = [blob for blob, file in chosen.items() if self._hash(file) != blob.digest]
        for blob in wrong:
            del self._choices[blob]
        return bool(wrong)

    def confirm(self, blobs: Iterable[Blob]) -> None:
        """The files that were tried as these blobs were just copied, and were right."""
        for blob in blobs:
            if file := self.choice(blob):
                self._memory.learn(file, blob.digest)

    def is_right(self, blob: Blob) -> bool:
        """Whether there is a file that surely is this blob, found out by reading it if need be."""
        file = self.choice(blob)
        return file is not None and (self._memory.digest(file) or self._hash(file)) == blob.digest

    def sidecar(self, file: Seen) -> Seen | None:
        """The file beside it that says where it came from."""
        return self._sidecars.get(file.path)

    def _choose(self, blob: Blob) -> Seen | None:
        candidates = [file for file in self._by_size.get(blob.size, ()) if file.path not in self._unusable]
        known = {file: self._memory.digest(file) for file in candidates}
        if right := next((file for file, digest in known.items() if digest == blob.digest), None):
            return right
        unknown = [file for file, digest in known.items() if digest is None]
        stating = [file for file in unknown if self._stated(file) == blob.digest]
        if blob.size > _SMALL and len(stating or unknown) == 1:
            return (stating or unknown)[0]
        order = dict.fromkeys([*stating, *unknown])
        self._observer.planned(sum(file.size for file in order))
        return next((file for file in order if self._hash(file) == blob.digest), None)

    def _hash(self, file: Seen) -> Digest | None:
        """What a file's bytes are; None: that cannot be told, so it is not to be used."""
        try:
            digest = digest_of(file, observer=self._observer, stop=self._stop)
        except Cancelled:
            raise
        except PackLlamaError as error:
            self._unusable[file.path] = error.sentence
            return None
        self._memory.learn(file, digest)
        return digest

    def _stated(self, file: Seen) -> Digest | None:
        """The digest that a file has by its name or by where it came from."""
        stated = digest_from_file_name(file.name)
        return stated or next(filter(None, map(digest_in, self._origins(file.path))), None)

    def _origins(self, path: str) -> Iterator[str]:
        sidecar = self._sidecars.get(path)
        return origins(path, sidecar=sidecar.path if sidecar else None)

    @cached_property
    def _stating(self) -> dict[Digest, list[Seen]]:
        """The files by the digests that they state; read only when something is lacking."""
        found: dict[Digest, list[Seen]] = {}
        for file in self.files:
            self._stop.check()
            if (digest := self._stated(file)) in self._wanted:
                found.setdefault(digest, []).append(file)
        return found

    def _instead(self, blob: Blob) -> Iterator[str]:
        large = self._by_size.get(blob.size, []) if blob.size > _SMALL else []
        for file in dict.fromkeys([*self._stating.get(blob.digest, ()), *large]):
            if said := self._about(file, blob):
                yield said
        yield from (item.sentence(size=blob.size) for item in self.unfinished if item.digest == blob.digest)

    def _about(self, file: Seen, blob: Blob) -> str:
        if file.path in self._unusable:
            return self._unusable[file.path]
        if oddity := self.papers.oddities.get(file.path):
            return f"{file.path}: {oddity.what}"
        if file.size != blob.size:
            word = "cut short" if file.size < blob.size else "too long"
            return f"{word}: {file.path} has {file.size:,} of {blob.size:,} bytes ({human_bytes(file.size)})"
        if (digest := self._memory.digest(file)) in self._wanted:
            return ""  # it is another blob
        return f"damaged: {file.path} has the right size, but its bytes are those of {digest}"
