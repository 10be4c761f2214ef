"""Changes to files are durable, atomic, and never go through a link."""

import errno
import os
import resource
import stat
import threading
from pathlib import Path

import pytest

from packllama.base import fs
from packllama.base.errors import BadInput, MachineError, MissingFile, NoSpace, PackLlamaError
from tests.unit.stores import snapshot


def test_a_file_that_is_not_moved_leaves_nothing(tmp_path: Path) -> None:
    with fs.NewFile(tmp_path) as file:
        file.write(b"data")
        assert file.path.read_bytes() == b"data"
    assert snapshot(tmp_path) == {}


def test_a_file_is_synced_then_renamed_then_the_folder_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def noted_replace(source: Path, target: Path) -> None:
        steps.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    fs.write_file(tmp_path / "a", b"data", staging=tmp_path)
    assert steps == ["file", "rename", "folder"]
    assert snapshot(tmp_path) == {"a": ("file", b"data")}
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_writing_replaces_a_link_and_not_its_target(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("target")
    fs.write_file(tmp_path / "link", b"new", staging=tmp_path)
    assert snapshot(tmp_path) == {"target": ("file", b"old"), "link": ("file", b"new")}


@pytest.mark.parametrize("number", [None, errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EPERM])
def test_ranges_of_another_file(number: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the kernel copies them or not."""
    data = os.urandom(3 << 20)
    (tmp_path / "source").write_bytes(data)

    def refuse(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number or 0))

    if number:
        monkeypatch.setattr(os, "copy_file_range", refuse)
    with (tmp_path / "source").open("rb") as source, fs.NewFile(tmp_path) as file:
        file.write(b"head")
        offset = 5
        while copied := file.copy_from(source.fileno(), offset, 2 << 20, where=tmp_path):
            offset += copied
        assert offset == len(data)
        assert file.path.read_bytes() == b"head" + data[5:]


def test_no_room_for_a_range(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(bytes(200_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with (tmp_path / "source").open("rb") as source, fs.NewFile(tmp_path) as file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            with pytest.raises(NoSpace):
                while file.copy_from(source.fileno(), 0, 200_000, where=tmp_path):
                    pass
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(NoSpace) as caught:
            fs.write_file(tmp_path / "a", bytes(100_001), staging=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.where.startswith(str(tmp_path))
    assert snapshot(tmp_path) == {}


def in_steps(folder: Path, *, size: int = 5, target: str = "a") -> None:
    """Write a file that many bytes past the second step."""
    with fs.NewFile(folder) as file:
        for _ in range(2):
            file.write(bytes(fs.SYNC_STEP))
        file.write(bytes(size))
        file.move_to(folder / target)


def test_a_large_file_is_synced_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    fsync = os.fsync

    def noted_fsync(descriptor: int) -> None:
        sizes.append(-1)
        fsync(descriptor)

    monkeypatch.setattr(fs, "SYNC_STEP", 100_000)
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: sizes.append(os.fstat(descriptor).st_size))
    monkeypatch.setattr(os, "fsync", noted_fsync)
    before = threading.active_count()
    in_steps(tmp_path)
    # Two steps, of which the last may see what follows; the file; the folder.
    assert len(sizes) == 4
    assert sizes[0] >= 100_000
    assert sizes[1] >= 200_000
    assert sizes[2:] == [-1, -1]
    assert (tmp_path / "a").stat().st_size == 200_005
    assert threading.active_count() == before


@pytest.mark.parametrize("failing", [1, 2])
def test_an_error_of_syncing_early_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    """The system tells it once: the sync at the end would say that all is well."""
    calls: list[int] = []

    def fdatasync(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(fs, "SYNC_STEP", 100_000)
    monkeypatch.setattr(os, "fdatasync", fdatasync)
    with pytest.raises(NoSpace) as caught:
        in_steps(tmp_path)
    assert "No space left" in caught.value.message
    assert snapshot(tmp_path) == {}


@pytest.mark.parametrize("part", ["a", "a/b", "a/b/c"])
@pytest.mark.parametrize("kind", ["link", "dangling", "loop", "file", "pipe"])
def test_no_folder_is_made_through_what_is_none(tmp_path: Path, part: str, kind: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    outside.mkdir()
    at = root / part
    at.parent.mkdir(parents=True)
    make(at, kind, outside)
    before = snapshot(tmp_path)
    with pytest.raises(MachineError) as caught:
        fs.make_directory(root / "a/b/c", below=root)
    assert caught.value.where == str(at)
    assert snapshot(tmp_path) == before


def make(at: Path, kind: str, outside: Path) -> None:
    if kind == "pipe":
        os.mkfifo(at)
    elif kind == "file":
        at.write_bytes(b"")
    else:
        at.symlink_to({"link": outside, "dangling": outside / "nowhere", "loop": at}[kind])


def test_folders_are_made_below_a_root_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to("real")
    fs.make_directory(tmp_path / "root/a/b", below=tmp_path / "root")
    fs.make_directory(tmp_path / "root/a/b", below=tmp_path / "root")
    assert (tmp_path / "real/a/b").is_dir()


def test_a_root_is_made_with_all_that_is_above_it(tmp_path: Path) -> None:
    fs.make_directory(tmp_path / "x/y/root", below=tmp_path / "x/y/root")
    assert (tmp_path / "x/y/root").is_dir()


@pytest.mark.parametrize("kind", ["dangling", "loop", "file", "pipe"])
def test_a_root_that_cannot_be_made(tmp_path: Path, kind: str) -> None:
    make(tmp_path / "root", kind, tmp_path)
    with pytest.raises(PackLlamaError):
        fs.make_directory(tmp_path / "root", below=tmp_path / "root")


def test_a_root_with_an_impossible_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        fs.make_directory(tmp_path / ("x" * 300), below=tmp_path / ("x" * 300))


def test_remove_takes_the_link_and_not_its_target(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"data")
    (tmp_path / "link").symlink_to("target")
    assert fs.remove(tmp_path / "link")
    assert not fs.remove(tmp_path / "link")
    assert snapshot(tmp_path) == {"target": ("file", b"data")}


@pytest.mark.parametrize("kind", ["file", "folder", "link", "nothing"])
def test_clear(tmp_path: Path, kind: str) -> None:
    path, elsewhere = tmp_path / "t", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    if kind == "file":
        path.touch()
    elif kind == "folder":
        (path / "deep").mkdir(parents=True)
    elif kind == "link":
        path.symlink_to(elsewhere)
    fs.clear(path)
    assert list(tmp_path.iterdir()) == [elsewhere]
    assert list(elsewhere.iterdir()) == [elsewhere / "kept"]


def test_remove_tree(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t/a").write_bytes(b"")
    (tmp_path / "t/link").symlink_to(tmp_path)
    fs.remove_tree(tmp_path / "t")
    fs.remove_tree(tmp_path / "t")
    assert snapshot(tmp_path) == {}


@pytest.mark.parametrize("kind", ["link", "dangling", "loop", "file", "pipe"])
def test_remove_tree_goes_through_no_link(tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(b"data")
    make(tmp_path / "t", kind, outside)
    before = snapshot(tmp_path)
    with pytest.raises(PackLlamaError):
        fs.remove_tree(tmp_path / "t")
    assert snapshot(tmp_path) == before


def test_empty_folders_go_up_to_one_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "top/a/b/c").mkdir(parents=True)
    (tmp_path / "top/a/kept").write_bytes(b"")
    fs.remove_empty_directories(tmp_path / "top/a/b/c", below=tmp_path / "top")
    assert sorted(snapshot(tmp_path)) == ["top", "top/a", "top/a/kept"]
    (tmp_path / "top/a/kept").unlink()
    fs.remove_empty_directories(tmp_path / "top/a", below=tmp_path / "top")
    assert sorted(snapshot(tmp_path)) == ["top"]


def test_empty_folders_behind_a_link_stay(tmp_path: Path) -> None:
    (tmp_path / "outside/b/c").mkdir(parents=True)
    (tmp_path / "top").mkdir()
    (tmp_path / "top/a").symlink_to(tmp_path / "outside")
    before = snapshot(tmp_path)
    fs.remove_empty_directories(tmp_path / "top/a/b/c", below=tmp_path / "top")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_modes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(_descriptor: int, _mode: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fchmod", refuse)
    fs.write_file(tmp_path / "a", b"data", staging=tmp_path)
    assert snapshot(tmp_path) == {"a": ("file", b"data")}


def test_an_error_of_setting_the_mode_is_none_to_pass_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int, _mode: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fchmod", fail)
    with pytest.raises(MachineError):
        fs.write_file(tmp_path / "a", b"data", staging=tmp_path)
    assert snapshot(tmp_path) == {}


def test_a_folder_is_moved(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    assert fs.try_move_folder(tmp_path / "a", tmp_path / "c")
    assert sorted(snapshot(tmp_path)) == ["c", "c/b"]
    with pytest.raises(MissingFile):
        fs.try_move_folder(tmp_path / "a", tmp_path / "d")


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS, errno.EXDEV, errno.EINVAL])
def test_a_file_system_that_moves_no_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(_source: Path, _target: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "rename", refuse)
    assert not fs.try_move_folder(tmp_path, tmp_path / "b")


def test_whether_a_folder_may_be_written(tmp_path: Path) -> None:
    fs.check_writable(tmp_path)
    fs.check_writable(tmp_path / "not there yet")


def test_a_private_file_is_private_while_it_is_written(tmp_path: Path) -> None:
    with fs.NewFile(tmp_path, mode=0o600) as file:
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(("before", "after"), [(0o664, 0o644), (0o600, 0o644), (0o755, 0o644)])
def test_the_mode_of_a_blob(tmp_path: Path, before: int, after: int) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"")
    path.chmod(before)
    fs.give_mode_of_blob(path)
    assert path.stat().st_mode & 0o7777 == after


def test_the_mode_of_what_is_no_file_of_ours(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"")
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(PackLlamaError):
        fs.give_mode_of_blob(tmp_path / "link")
    tmp_path.chmod(0o700)
    fs.give_mode_of_blob(tmp_path)
    assert ((tmp_path / "real").stat().st_mode | tmp_path.stat().st_mode) & 0o077 == 0
