"""Which blobs of a copy are there already, and right: stored, or finished by a session whose model was not whole."""

import contextlib
import stat
from pathlib import Path

from packllama.base.errors import IntegrityError, MissingFile
from packllama.base.fs import remove
from packllama.base.observer import Observer
from packllama.base.partfile import remove_part
from packllama.base.reading import open_plain
from packllama.digest import Digest
from packllama.model import Blob
from packllama.places.store.hash_record import Hashed, recorded, write_record
from packllama.places.store.session import Session


class Inventory:
    """What one session may build on. ``again``: hash also what is known to be right."""

    def __init__(self, session: Session, *, again: bool, observer: Observer) -> None:
        self._session = session
        self._layout = session.store.layout
        self._again = again
        self._observer = observer
        self._right: set[Digest] = set()
        self._wrong: set[Digest] = set()

    def lacks(self, digests: frozenset[Digest]) -> frozenset[Digest]:
        """Those that nobody has found right."""
        return digests - self._right

    def file(self, blob: Blob) -> Path | None:
        """Where the blob is, by its size."""
        return self._finished(blob) or self._stored(blob)

    def likely_file(self, blob: Blob) -> Path | None:
        """Where the blob is, by its size, unless its bytes were found wrong there.

        What another session has published a moment ago may have no record yet.
        """
        return self._finished(blob) or (None if blob.digest in self._wrong else self._stored(blob))

    def open_likely_file(self, blob: Blob) -> tuple[Path, int] | None:
        """The same, and a descriptor of it: another session may publish what waits, which moves it, at any moment."""
        for _ in range(2):
            if path := self.likely_file(blob):
                with contextlib.suppress(MissingFile):
                    return path, open_plain(path, what="a blob", follow=False)
        return None

    def has_to_be_read(self, blob: Blob) -> bool:
        """Whether it takes time to `use` what is there."""
        return self._again or recorded(self._layout, blob.digest, self._finished(blob)) is None

    def use(self, blob: Blob) -> bool:
        """Let a blob that is there be a part of what is published, hashed if need be. False: its bytes are wrong."""
        return self._use_finished(blob) or self._use_stored(blob)

    def accept(self, blob: Blob, path: Path, *, known: Hashed | None = None) -> None:
        """The file has the blob's bytes: since ``known``, or it was hashed just now."""
        if path != self._layout.finished_blob(blob.digest) or not self._let_wait(blob, path, known):
            self._session.adopt(blob)
        self._right.add(blob.digest)

    def _let_wait(self, blob: Blob, path: Path, known: Hashed | None) -> bool:
        """False: another session has published it meanwhile."""
        try:
            hashed = self._session.wait(blob.digest, path, known=known)
        except FileNotFoundError:
            return False
        write_record(self._layout, blob.digest, hashed, staging=self._session.folder, path=path)
        remove_part(self._layout.part(blob.digest))
        return True

    def reject(self, blob: Blob, path: Path) -> None:
        """The file has other bytes. What the store has stays until it is replaced."""
        remove(self._layout.hash_record(blob.digest))
        if path == self._layout.finished_blob(blob.digest):
            remove(path)
        else:
            self._wrong.add(blob.digest)

    def _finished(self, blob: Blob) -> Path | None:
        path = self._layout.finished_blob(blob.digest)
        with contextlib.suppress(FileNotFoundError):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and status.st_size == blob.size:
                return path
        return None

    def _stored(self, blob: Blob) -> Path | None:
        with contextlib.suppress(IntegrityError):
            return self._session.store.path(blob)
        return None

    def _use_finished(self, blob: Blob) -> bool:
        path = self._finished(blob)
        if path is None:
            return False
        known = None if self._again else recorded(self._layout, blob.digest, path)
        try:
            self.accept(blob, path, known=known or self._session.hash(blob, path))
        except MissingFile:  # another session has published it meanwhile
            return False
        except IntegrityError as error:
            self._observer.noted(f"{error.sentence}; it is fetched again")
            self.reject(blob, path)
            return False
        return True

    def _use_stored(self, blob: Blob) -> bool:
        path = self._stored(blob)
        if path is None:
            return False
        try:
            self._session.adopt(blob, again=self._again)
        except MissingFile:  # somebody has removed it meanwhile
            return False
        except IntegrityError as error:
            self._observer.noted(f"{error.sentence}; it is replaced")
            self.reject(blob, path)
            return False
        self._right.add(blob.digest)
        return True
