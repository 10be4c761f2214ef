"""A file that outlives its writer: a later run goes on behind what an earlier one wrote.

Its length says how much is there. After a power cut that may be a lie, so a record beside it says how much was synced,
and in which run of the machine: in another one the file is cut back to that.
"""

import contextlib
import json
import os
import stat
from pathlib import Path

from packllama.base.disk import may_append
from packllama.base.errors import PackLlamaError
from packllama.base.fs import ForwardFile, give_to_owner_of, opened_folder, remove, translated, write_file
from packllama.base.reading import read_small

# What a power cut may cost: a record is written whenever so much more was synced.
RECORD_STEP = 256 << 20

# A shorter file is sooner fetched again than recorded.
WORTH_RECORDING = 1 << 20

_RECORD_LIMIT = 1000


class PartFile(ForwardFile):
    """The file ``path``, with its record beside it, open behind its first ``kept`` bytes.

    Its record stays when it is moved: `remove_part` removes that too.
    """

    def __init__(self, path: Path, *, size: int, staging: Path) -> None:
        """``size`` is what it will have in the end, ``staging`` a folder of the same file system for the record."""
        self._record_path = _record_path(path)
        self._staging = staging
        self._worth_recording = size >= WORTH_RECORDING
        boot, synced = _read_record(self._record_path)
        same_run = boot and boot == boot_id()
        kept = kept_bytes(path, size=size)
        self.kept = self.length = kept if same_run else min(kept, synced)
        self._recorded = self._in_sync = min(self.kept, synced)
        if not self.kept:
            remove_part(path)
        super().__init__(path, _open_behind(path, self.kept))
        if not same_run or not self.kept or self._recorded < synced:
            try:
                self._record(self._recorded)
            except BaseException:
                os.close(self.descriptor)
                raise

    def write(self, data: memoryview | bytes) -> None:
        super().write(data)
        self.length += len(data)

    def share(self, source: int, offset: int, count: int) -> bool:
        shared = super().share(source, offset, count)
        self.length += count if shared else 0
        return shared

    def _begin_sync(self) -> None:
        super()._begin_sync()
        # The sync before this one has ended: what had been written when it began is durable.
        durable, self._in_sync = self._in_sync, self.length
        if durable - self._recorded >= RECORD_STEP:
            self._record(durable)

    def _record(self, synced: int) -> None:
        self._recorded = synced
        if self._worth_recording:
            record = {"boot": boot_id(), "synced": synced}
            write_file(self._record_path, json.dumps(record).encode(), staging=self._staging)

    def cut_back(self, length: int) -> None:
        """Drop what stands behind the first ``length`` bytes."""
        if self._recorded > length:  # first: what is written there next is not what the record speaks of
            self._record(length)
        with translated("cutting back", self.path):
            os.ftruncate(self.descriptor, length)
            os.lseek(self.descriptor, length, os.SEEK_SET)
        self.length = length
        self._in_sync = min(self._in_sync, length)

    def discard(self) -> None:
        """Remove it; it still has to be closed."""
        remove_part(self.path)

    def __exit__(self, *error: object) -> None:
        self._wait_for_sync()
        if self.sync_failed:
            # The system takes for written what it could not write: a later run would read it, and the disk lack it.
            with contextlib.suppress(OSError):
                os.ftruncate(self.descriptor, self._recorded)
        super().__exit__(*error)


def kept_bytes(path: Path, *, size: int) -> int:
    """How much of a file of ``size`` bytes an earlier run seems to have left.

    What is no plain file, has a second name or is too long was not left by us, or is of no use. Nor is what lies where
    nothing can be appended.
    """
    try:
        status = path.lstat()
    except OSError:
        return 0
    usable = stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and status.st_size <= size
    return status.st_size if usable and may_append(path) else 0


def remove_part(path: Path) -> None:
    """Remove an unfinished file and its record. The record first: alone, it would speak for the file's successor."""
    remove(_record_path(path))
    remove(path)


def boot_id() -> str:
    """Which run of the machine this is; empty where nothing tells."""
    with contextlib.suppress(PackLlamaError):
        return read_small(Path("/proc/sys/kernel/random/boot_id"), limit=100, what="a boot id").decode().strip()
    return ""


def _open_behind(path: Path, kept: int) -> int:
    """Open the file, or a new one, behind its first bytes; what follows them is cut off."""
    with translated("opening an unfinished file", path), opened_folder(path.parent) as parent:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path.name, flags, 0o666, dir_fd=parent)
        try:
            give_to_owner_of(parent, descriptor)
            if os.fstat(descriptor).st_size > kept:
                os.ftruncate(descriptor, kept)
            os.lseek(descriptor, kept, os.SEEK_SET)
        except BaseException:
            os.close(descriptor)
            raise
    return descriptor


def _record_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.synced")


def _read_record(path: Path) -> tuple[str, int]:
    """The run of the machine and the synced bytes. Any doubt means: none."""
    with contextlib.suppress(PackLlamaError, ValueError, RecursionError):
        record = json.loads(read_small(path, limit=_RECORD_LIMIT, what="a record"))
        if isinstance(record, dict):
            boot, synced = record.get("boot"), record.get("synced")
            if isinstance(boot, str) and type(synced) is int and synced >= 0:
                return boot, synced
    return "", 0
