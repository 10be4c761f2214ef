"""The unfinished file of an export to a file: the same export goes on in it when it is run again.

It stands beside the bundle's final name in a folder of its own, with its record and its lock: one look finds what a
killed run left, and who removes the folder has the space back.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from packllama.base.errors import MachineError, MissingFile, PackLlamaError
from packllama.base.fs import make_directory, remove, remove_empty_directories, translated
from packllama.base.locks import FileLock
from packllama.base.observer import Observer
from packllama.base.partfile import WORTH_RECORDING, PartFile, kept_bytes, remove_part
from packllama.base.reading import FileRange, opened_plain
from packllama.base.stop import Stop
from packllama.base.units import human_bytes


class Unfinished:
    """Where the unfinished file of the bundle ``final`` is, if there is one."""

    def __init__(self, final: Path) -> None:
        self.folder = final.parent / f".{final.name}.packllama-part"
        self._final = final
        self._file = self.folder / "bundle"

    def kept(self, head: bytes, *, size: int) -> int:
        """Bytes of a bundle that begins with ``head`` which an earlier run seems to have left. Nothing is changed."""
        kept = kept_bytes(self._file, size=size)
        if not kept:
            return 0
        with opened_plain(self._file, what="an unfinished bundle") as descriptor, translated("reading", self._file):
            return kept if os.pread(descriptor, len(head), 0) == head else 0

    @contextlib.contextmanager
    def opened(self, head: bytes, *, size: int, observer: Observer, stop: Stop) -> Iterator["FileWriting"]:
        """Go on with it, or begin anew. ``size`` is what the bundle will have.

        Left without `FileWriting.complete`, it stays for another run, if it is worth it; the observer is told.

        Raises: NoRights, NoSpace, MachineError, Cancelled.
        """
        with self._alone(observer, stop), contextlib.ExitStack() as leaving:
            file = PartFile(self._file, size=size, staging=self.folder)
            leaving.callback(self._leave, size, observer)
            writing = FileWriting(leaving.enter_context(file), self._final, stop)
            kept = writing.kept
            writing.write(head)
            if writing.kept:
                observer.noted(f"going on behind {human_bytes(kept)} that an earlier run left in {self.folder}")
            elif kept > len(head):
                observer.noted(f"beginning anew: {self.folder} was of other models")
            yield writing

    def _leave(self, size: int, observer: Observer) -> None:
        """The file is closed. Keep it, or remove it when nobody would gain from it."""
        left = kept_bytes(self._file, size=size)
        if left < WORTH_RECORDING:
            with contextlib.suppress(PackLlamaError):  # what went wrong before is what the user has to hear
                remove_part(self._file)
        else:
            observer.noted(
                f"{human_bytes(left)} stay in {self.folder}: the same command goes on there. "
                "If it shall not, remove that folder."
            )

    @contextlib.contextmanager
    def _alone(self, observer: Observer, stop: Stop) -> Iterator[None]:
        lock = FileLock(self.folder / "lock", holder=f"process {os.getpid()} (exporting to {self._final.name})")
        self._acquire(lock, observer, stop)
        try:
            self._sweep()
            yield
        finally:
            over = not self._file.exists()
            if over:
                self._sweep()
            lock.release(remove=over)
            remove_empty_directories(self.folder, below=self.folder.parent)

    def _acquire(self, lock: FileLock, observer: Observer, stop: Stop) -> None:
        while True:
            self._make_folder()
            # Whoever was waited for takes the folder away with the lock.
            with contextlib.suppress(MissingFile):
                lock.acquire(exclusive=True, stop=stop, on_wait=observer.waiting)
                return

    def _make_folder(self) -> None:
        if self.folder.is_symlink() or (self.folder.exists() and not self.folder.is_dir()):
            raise MachineError(
                "expected the folder of an unfinished bundle, found a link or a file",
                where=str(self.folder),
                hint="Move it away, or give the bundle another name.",
            )
        make_directory(self.folder, below=self.folder.parent)

    def _sweep(self) -> None:
        """Remove the records that a killed run was writing."""
        with contextlib.suppress(OSError, PackLlamaError):
            for path in self.folder.glob("tmp*"):
                remove(path)


class FileWriting:
    """A bundle in its unfinished file. What an earlier run left is passed over from the beginning, byte by byte."""

    def __init__(self, file: PartFile, final: Path, stop: Stop) -> None:
        self._file = file
        self._final = final
        self._stop = stop
        self.position = 0

    @property
    def kept(self) -> int:
        return self._file.length - self.position

    def write(self, data: memoryview | bytes) -> None:
        self._stop.check()
        rest = memoryview(data)
        if there := min(len(rest), self.kept):
            with translated("reading", self._file.path):
                found = os.pread(self._file.descriptor, there, self.position)
            if found == rest[:there]:
                rest = rest[there:]
            else:
                self._file.cut_back(self.position)
        self._file.write(rest)
        self.position += len(data)

    def reread(self, count: int) -> FileRange:
        start, self.position = self.position, self.position + count
        return FileRange(self._file.descriptor, start=start, stop=self.position, where=str(self._file.path))

    def go_back(self, position: int, *, cut: bool = False) -> bool:
        self.position = position
        if cut:
            self._file.cut_back(position)
        return True

    def complete(self) -> None:
        if self.kept:
            self._file.cut_back(self.position)
        self._file.move_to(self._final, mode=None)
