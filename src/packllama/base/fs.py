"""Every change that packllama makes to a file system, spelled out once.

Durable means: the bytes are written, the file is synced, it is renamed into place, the directory is synced.
Only after the last step may anybody be told that it happened. Nothing here follows a link when it writes
or removes. Every ``OSError`` leaves as an error of :mod:`packllama.base.errors`.

It is long because there is one such place: whoever asks what makes a write durable reads this file and no other.
"""

import contextlib
import errno
import fcntl
import os
import stat
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from packllama.base.errors import MachineError, MissingFile, PackLlamaError, from_os_error
from packllama.base.reading import pread_all

# The ioctl that shares blocks between two files of one file system (Linux: btrfs, xfs, …).
_FICLONE = 0x40049409
# The same for a part of one, with a struct of the source's descriptor, offset and length, and our offset.
_FICLONERANGE = 0x4020940D

# What a file system answers that has no owners, modes or links: vfat, a FUSE file system, some network ones.
_CANNOT = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP}

# For each write the kernel looks for memory in one run. Runs this long are at hand, longer ones have to be put
# together, or fetched from the host: with 256 KiB the same copy took twice as long.
_WRITE_SIZE = 64 << 10

# Where the kernel does not copy by itself.
_COPY_SIZE = 1 << 20

# What is written is synced while more is being written, so that little is left for the end. A disk of 100 MB/s
# takes less than a second for a step, so a Ctrl-C need not wait longer.
SYNC_STEP = 64 << 20


@contextlib.contextmanager
def translated(doing: str, where: Path) -> Iterator[None]:
    """Turn an ``OSError`` of the block into the error tree; ``doing`` completes "while …"."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, doing=doing, where=where) from error


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable: creations, renames, removals."""
    with translated("syncing the folder", path):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:  # a file system that has nothing to sync here
                raise
        finally:
            os.close(descriptor)


def sync_names(folder: Path, *, below: Path) -> None:
    """Make the names of a folder and of those above it durable, up to ``below``, whoever made them a moment ago."""
    while folder != below:
        folder = folder.parent
        sync_directory(folder)


def sync_file(descriptor: int, path: Path) -> None:
    """Make the bytes of an open file durable that somebody else wrote, perhaps a moment ago."""
    with translated("syncing", path):
        os.fsync(descriptor)


def make_directory(path: Path, *, below: Path) -> None:
    """Create ``path`` and what is missing above it, durably. Parts below ``below`` must be no links.

    Raises:
        MachineError: a part exists and is a link or not a folder.
    """
    if path == below or below not in path.parents:
        _make_root(path)
        return
    make_directory(path.parent, below=below)
    with translated("creating the folder", path):
        try:
            _make_one(path)
        except FileExistsError:
            _check_plain(path)


def _make_one(path: Path) -> None:
    """A folder with Ollama's mode, 0755 less the umask, durably there."""
    with opened_folder(path.parent) as parent:
        os.mkdir(path.name, mode=0o755, dir_fd=parent)
        made = os.open(path.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            give_to_owner_of(parent, made)
        finally:
            os.close(made)
    sync_directory(path.parent)


def check_writable(path: Path) -> None:
    """See that names may be made in a folder, if there is one.

    Raises: NoRights.
    """
    with translated("looking whether it may be written", path):
        if path.is_dir() and not os.access(path, os.W_OK | os.X_OK, effective_ids=True):
            number = errno.EROFS if os.statvfs(path).f_flag & os.ST_RDONLY else errno.EACCES
            raise OSError(number, os.strerror(number))


def check_directory(path: Path, *, below: Path) -> None:
    """See that no part of ``path`` below ``below`` is a link, so that what is removed in it is removed there.

    Raises:
        MachineError: a part is a link or not a folder.
    """
    while path != below and below in path.parents:
        with translated("looking at the folder", path):
            _check_plain(path)
        path = path.parent


def _make_root(path: Path) -> None:
    """A root is named by the user, so links in it are followed."""
    with translated("creating the folder", path):
        if path.is_dir():
            return
        if path.parent != path:
            _make_root(path.parent)
        try:
            _make_one(path)
        except FileExistsError as error:
            if path.is_dir():  # another process was faster
                return
            raise MachineError(
                "is a file, or a link that leads nowhere, where a folder was expected",
                where=str(path),
                hint="Mount the disk it leads to, or name another place with --store.",
            ) from error


def _check_plain(path: Path) -> None:
    if not stat.S_ISDIR(path.lstat().st_mode):
        raise MachineError(
            "is a link or a file where a folder was expected; nothing is written or removed through it",
            where=str(path),
            hint="Replace it by a real folder, or name the real place with --store.",
        )


@contextlib.contextmanager
def _where_possible() -> Iterator[None]:
    """Pass over what this file system cannot do."""
    try:
        yield
    except OSError as error:
        if error.errno not in _CANNOT:
            raise


@contextlib.contextmanager
def opened_folder(path: Path) -> Iterator[int]:
    """A descriptor of a folder, to name what is in it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def give_to_owner_of(folder: int, made: int) -> None:
    """As root: what is made in somebody's folder belongs to them, so that their Ollama can touch and remove it.

    Both are descriptors, so that no name can be made to mean another file in between. What is not root's already
    belongs to somebody; a file with a second name was not made by us.
    """
    if os.geteuid() != 0:
        return
    owner, ours = os.fstat(folder), os.fstat(made)
    if ours.st_uid != 0 or (stat.S_ISREG(ours.st_mode) and ours.st_nlink > 1):
        return
    if (owner.st_uid, owner.st_gid) != (ours.st_uid, ours.st_gid):
        with _where_possible():
            os.fchown(made, owner.st_uid, owner.st_gid)


def _kernel_copy(source: int, target: int, offset: int, count: int) -> int:
    """Bytes that went from one file to the end of another without passing through us; 0 where that cannot be."""
    if not hasattr(os, "copy_file_range"):
        return 0
    try:
        return os.copy_file_range(source, target, count, offset_src=offset)
    except OSError as error:
        if error.errno in _CANNOT | {errno.EXDEV, errno.EINVAL, errno.EIO}:
            # Of a failing disk only an ordinary read, or write, tells which of the two it was.
            return 0
        raise


class ForwardFile:
    """An open file that is written forward only, from where its descriptor stands. Not to be shared between threads.

    A large one has a thread of its own that syncs.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self._moved = False
        self._unsynced = 0
        self._syncing: threading.Thread | None = None
        self._sync_error: OSError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._wait_for_sync()
        os.close(self.descriptor)

    def write(self, data: memoryview | bytes) -> None:
        """Append all of ``data``.

        Raises:
            NoSpace: the disk or quota is full.
        """
        rest = memoryview(data)
        with translated("writing", self.path):
            while rest:
                rest = rest[os.write(self.descriptor, rest[:_WRITE_SIZE]) :]
            self._grew(len(data))

    def copy_from(self, source: int, offset: int, count: int, *, where: Path) -> int:
        """Append bytes of the open file ``source``, ``count`` at most. Returns how many; 0 at its end.

        The kernel copies them, or has the two files share them, where it can. ``where`` is what ``source`` is called.

        Raises:
            NoSpace: the disk or quota is full.
        """
        with translated("writing", self.path):
            copied = _kernel_copy(source, self.descriptor, offset, count)
            self._grew(copied)
        if copied:
            return copied
        data = pread_all(source, min(count, _COPY_SIZE), offset, where=where)
        self.write(data)
        return len(data)

    def share(self, source: int, offset: int, count: int) -> bool:
        """Append bytes of the open file ``source`` by sharing its blocks. False: it cannot, and nothing was written."""
        with translated("writing", self.path):
            end = os.lseek(self.descriptor, 0, os.SEEK_CUR)
            try:
                fcntl.ioctl(self.descriptor, _FICLONERANGE, struct.pack("qQQQ", source, offset, count, end))
            except OSError:
                return False
            os.lseek(self.descriptor, end + count, os.SEEK_SET)
            self._grew(count)
        return True

    def _grew(self, count: int) -> None:
        """So much is new; from a certain amount on it is synced beside what comes next."""
        self._unsynced += count
        if self._unsynced >= SYNC_STEP:
            self._begin_sync()

    def _begin_sync(self) -> None:
        self._end_sync()
        self._unsynced = 0
        self._syncing = threading.Thread(target=self._sync, name="sync", daemon=True)
        self._syncing.start()

    def _sync(self) -> None:
        try:
            os.fdatasync(self.descriptor)
        except OSError as error:
            self._sync_error = error

    def _end_sync(self) -> None:
        """Raises: OSError, of the thread."""
        self._wait_for_sync()
        if self._sync_error:
            raise self._sync_error

    def _wait_for_sync(self) -> None:
        if self._syncing:
            self._syncing.join()

    @property
    def sync_failed(self) -> bool:
        """Whether what was written may be lost: the system tells it once, and a later sync would know nothing of it."""
        return self._sync_error is not None

    def move_to(self, target: Path, *, mode: int | None = 0o644) -> None:
        """Make it durable and give it its final name in one step, replacing what was there.

        ``mode`` None: 0666 less the umask, as files are made that nobody sets a mode for.
        """
        with translated("writing", target):
            self._end_sync()
            if mode is not None:
                with _where_possible():
                    os.fchmod(self.descriptor, mode)
            try:
                os.fsync(self.descriptor)
            except OSError as error:
                self._sync_error = error
                raise
        move(self.path, target)
        self._moved = True


class NewFile(ForwardFile):
    """A file under a random name in ``folder``, removed unless :meth:`move_to` was called."""

    def __init__(self, folder: Path, *, mode: int = 0o666) -> None:
        path = folder / f"tmp{os.urandom(8).hex()}"
        with translated("creating a file", folder), opened_folder(folder) as parent:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(path.name, flags, mode, dir_fd=parent)
            super().__init__(path, descriptor)
            give_to_owner_of(parent, descriptor)

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        if not self._moved:
            with contextlib.suppress(OSError):
                self.path.unlink()

    def clone_from(self, source: int) -> bool:
        """Share the blocks of the open file ``source``, if the file system can. False: nothing was written."""
        try:
            fcntl.ioctl(self.descriptor, _FICLONE, source)
        except OSError:
            return False
        return True


def write_file(target: Path, data: bytes, *, staging: Path, mode: int | None = 0o644) -> None:
    """Write a whole file durably and atomically. ``staging`` is a folder of the same file system.

    ``mode`` None: 0666 less the umask. Nobody may read it a moment before who may not do so in the end.
    """
    with NewFile(staging, mode=0o666 if mode is None else mode) as file:
        file.write(data)
        file.move_to(target, mode=mode)


def move(source: Path, target: Path) -> None:
    """Rename within one file system, replacing ``target``, and make the new name durable."""
    rename(source, target)
    sync_directory(target.parent)


def rename(source: Path, target: Path) -> None:
    """Like :func:`move`, but not durable until the folder is synced."""
    with translated("moving into place", target):
        source.replace(target)


def try_move_folder(source: Path, target: Path) -> bool:
    """Like :func:`move`, for a folder. False: this file system does not move folders, or not there."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno in _CANNOT | {errno.EXDEV, errno.EINVAL}:
            return False
        raise from_os_error(error, doing="moving into place", where=target) from error
    sync_directory(target.parent)
    return True


def link(source: Path, target: Path) -> bool:
    """Give a file a second name, durably. False: the file system has no links, or the name is taken."""
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    sync_directory(target.parent)
    return True


def give_mode_of_blob(path: Path) -> None:
    """Let others read a file of ours, and nobody else write to it; of others' files and of links: nothing.

    Raises: NoRights, MissingFile, MachineError.
    """
    with translated("setting the mode", path), opened_folder(path.parent) as parent:
        file = os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
        try:
            status = os.fstat(file)
            if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid():
                with _where_possible():
                    os.fchmod(file, 0o644)
        finally:
            os.close(file)


def touch(path: Path) -> None:
    """Set a file's times to now; of a link its own, which are what Ollama's clean-up looks at."""
    with translated("setting the time", path):
        os.utime(path, follow_symlinks=False)


def remove(path: Path) -> bool:
    """Remove one file, or one link and not what it points to. False: it was not there."""
    with translated("removing", path):
        try:
            path.unlink()
        except FileNotFoundError:
            return False
    with contextlib.suppress(MissingFile):  # the folder was cleared away too, and is synced with the one above
        sync_directory(path.parent)
    return True


def remove_tree(path: Path) -> None:
    """Remove a folder that packllama made, with all that is in it. Missing is fine, a link is refused."""
    with translated("removing", path), contextlib.suppress(FileNotFoundError):
        import shutil  # noqa: PLC0415 - brings three compressors along, and is needed only here

        _check_plain(path)  # rmtree would wait for whoever writes into a pipe
        shutil.rmtree(path)


def clear(path: Path) -> None:
    """Remove what stands there, a file or a folder; of a link nothing but itself."""
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        remove(path)


def remove_empty_directories(leaf: Path, *, below: Path) -> None:
    """Remove ``leaf`` and the folders above it, while they are empty and below ``below``. Nothing behind a link."""
    try:
        check_directory(leaf, below=below)
    except PackLlamaError:
        return
    while leaf != below and below in leaf.parents:
        try:
            leaf.rmdir()
        except OSError:
            return
        leaf = leaf.parent
