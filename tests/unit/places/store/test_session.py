"""Writing into a store: all or nothing, whoever is killed, and whatever others do beside us.

One long file, since a session is one story: taken in, published, withdrawn.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from packllama.base.errors import (
    Cancelled,
    FileChanged,
    IntegrityError,
    MissingFile,
    NoSpace,
    NotSupported,
    PackLlamaError,
)
from packllama.base.fs import make_directory, write_file
from packllama.base.observer import SILENT
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, compose
from packllama.model import Blob
from packllama.name import ModelName
from packllama.places.store import Session, Store
from packllama.places.store import publish as room
from packllama.places.store import session as session_room
from packllama.places.store.ingest import Ingested, ingest
from packllama.places.store.layout import Layout
from tests.unit.stores import Snapshot, snapshot

A = ModelName.parse("a")
OWN = ".packllama"


def session(root: Path, *, stop: Stop | None = None) -> Session:
    return Session(Store(root), holder="test", observer=SILENT, stop=stop or Stop())


def manifest_of(config: Blob, *layers: Blob) -> bytes:
    filed = [Layer(LayerKind.SYSTEM.media_type, blob.digest, blob.size) for blob in layers]
    return compose(Layer(CONFIG_TYPE, config.digest, config.size), filed)


def put(root: Path, name: str, *texts: bytes) -> None:
    with session(root) as writer:
        config, *layers = (writer.put(text) for text in (b"config", *texts))
        writer.publish(ModelName.parse(name), manifest_of(config, *layers))


def work_folders(root: Path) -> list[str]:
    return sorted(entry.name for entry in Layout(root).work.iterdir())


def models(root: Path) -> Snapshot:
    """Everything but our own folder."""
    return snapshot(root, without=OWN)


def test_publishing(tmp_path: Path) -> None:
    put(tmp_path, "a", b"one")
    assert sorted(models(tmp_path)) == sorted([
        "blobs",
        f"blobs/sha256-{Digest.of(b'config').hex}",
        f"blobs/sha256-{Digest.of(b'one').hex}",
        "manifests",
        "manifests/registry.ollama.ai",
        "manifests/registry.ollama.ai/library",
        "manifests/registry.ollama.ai/library/a",
        "manifests/registry.ollama.ai/library/a/latest",
    ])  # fmt: skip
    records = {path: content for path, content in snapshot(tmp_path / OWN).items() if path.startswith("hashes/")}
    assert sorted(records) == [f"hashes/{hex}" for hex in sorted([Digest.of(b"config").hex, Digest.of(b"one").hex])]
    assert snapshot(tmp_path / OWN) == {
        **records,
        "hashes": ("other", 0o040000),
        "locks": ("other", 0o040000),
        "locks/publish": ("file", f"process {os.getpid()} (test)".encode()),
        "locks/store": ("file", f"process {os.getpid()} (test)".encode()),
        "pieces": ("other", 0o040000),
        "version": ("file", b"1\n"),
        "work": ("other", 0o040000),
    }


def test_files_are_readable_by_a_server_of_another_user(tmp_path: Path) -> None:
    put(tmp_path, "a", b"one")
    modes = {
        oct(path.stat().st_mode & 0o777) for path in tmp_path.rglob("*") if path.is_file() and OWN not in path.parts
    }
    assert modes == {"0o644"}


def test_blobs_are_published_with_a_fresh_time(tmp_path: Path) -> None:
    with session(tmp_path) as writer:
        config, blob = writer.put(b"config"), writer.put(b"one")
        for waiting in Layout(tmp_path).work.rglob("sha256-*"):
            os.utime(waiting, (1.0, 1.0))
        writer.publish(A, manifest_of(config, blob))
    assert min(path.stat().st_mtime for path in (tmp_path / "blobs").iterdir()) > 1e9


@pytest.mark.parametrize("kind", ["empty", "used"])
def test_leaving_without_publishing_leaves_the_store_as_it_was(tmp_path: Path, kind: str) -> None:
    if kind == "used":
        put(tmp_path, "a", b"one")
    else:
        with session(tmp_path):
            pass
    before = snapshot(tmp_path)
    with session(tmp_path) as writer:
        writer.put(b"two")
        writer.put(b"one")
        assert len(list(Layout(tmp_path).work.rglob("sha256-*"))) == 2
        assert models(tmp_path) == snapshot_without_own(before)
    assert {**snapshot(tmp_path), **locks_of(before)} == before


def snapshot_without_own(before: Snapshot) -> Snapshot:
    return {path: content for path, content in before.items() if not path.startswith(OWN)}


def locks_of(before: Snapshot) -> Snapshot:
    return {path: content for path, content in before.items() if path.startswith(f"{OWN}/locks")}


@pytest.mark.parametrize("touched", [1, 10, 11])
def test_a_blob_that_others_touch_while_it_is_hashed(
    tmp_path: Path, touched: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As sessions do that publish a model with it. A file that never comes to rest is not taken."""
    put(tmp_path, "a", b"one")
    blob = Blob(Digest.of(b"one"), 3)
    Layout(tmp_path).hash_record(blob.digest).unlink()
    left = iter(range(touched))

    def ingest_touched(descriptor: int, *, before: os.stat_result, **named: Any) -> Ingested:
        if (number := next(left, None)) is not None:
            os.utime(Layout(tmp_path).blob(blob.digest), (1.0, 2.0 + number))
        return ingest(descriptor, before=before, **named)

    monkeypatch.setattr(session_room, "ingest", ingest_touched)
    with session(tmp_path) as writer:
        if touched < 11:
            assert writer.adopt(blob) == blob
        else:
            with pytest.raises(FileChanged):
                writer.adopt(blob)


def test_a_blob_that_vanishes_while_it_is_hashed_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a", b"one")
    blob = Blob(Digest.of(b"one"), 3)
    Layout(tmp_path).hash_record(blob.digest).unlink()

    def ingest_vanished(descriptor: int, **named: Any) -> Ingested:
        Layout(tmp_path).blob(blob.digest).unlink(missing_ok=True)
        return ingest(descriptor, **named)

    with session(tmp_path) as writer:
        monkeypatch.setattr(session_room, "ingest", ingest_vanished)
        writer.publish(ModelName.parse("b"), manifest_of(writer.put(b"config"), writer.adopt(blob)))
    assert Layout(tmp_path).blob(blob.digest).read_bytes() == b"one"


def test_a_damaged_blob_is_not_put_back(tmp_path: Path) -> None:
    put(tmp_path, "a", b"one")
    blob = Blob(Digest.of(b"one"), 3)
    Layout(tmp_path).blob(blob.digest).write_bytes(b"eno")
    with session(tmp_path) as writer:
        with pytest.raises(IntegrityError) as caught:
            writer.adopt(blob)
        assert caught.value.where == str(Layout(tmp_path).blob(blob.digest))
        assert list(writer.folder.iterdir()) == []


def test_an_error_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    put(tmp_path, "a", b"one")
    before = models(tmp_path)
    with pytest.raises(ZeroDivisionError), session(tmp_path) as writer:
        writer.put(b"two")
        _ = 1 / 0
    assert (models(tmp_path), work_folders(tmp_path)) == (before, [])


def test_a_missing_blob_is_noticed_before_the_name_is_written(tmp_path: Path) -> None:
    put(tmp_path, "a", b"one")
    before = models(tmp_path)
    for name in ("a", "new"):
        with session(tmp_path) as writer:
            config, two = writer.put(b"config"), writer.put(b"two")
            with pytest.raises(IntegrityError, match="is missing"):
                writer.publish(ModelName.parse(name), manifest_of(config, two, Blob(Digest.of(b"absent"), 6)))
    assert models(tmp_path) == before


def test_a_blob_of_another_size_is_noticed(tmp_path: Path) -> None:
    put(tmp_path, "a", b"one")
    before = models(tmp_path)
    with session(tmp_path) as writer, pytest.raises(IntegrityError, match="expected a file of 4 bytes, found 3"):
        writer.publish(A, manifest_of(writer.put(b"config"), Blob(Digest.of(b"one"), 4)))
    assert models(tmp_path) == before


def test_a_blob_of_ours_that_vanishes_is_put_back(
    tmp_path: Path, meanwhile: Callable[[Callable[[], None]], None]
) -> None:
    put(tmp_path, "x", b"other")
    meanwhile(lambda: Layout(tmp_path).blob(Digest.of(b"one")).unlink())
    put(tmp_path, "a", b"one")
    for blob in Store(tmp_path).find(A).blobs:
        assert Digest.of(Store(tmp_path).path(blob).read_bytes()) == blob.digest


def test_a_blob_that_vanished_is_back_and_young_before_the_name_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old one that no model named: a clean-up may take it while the session uses it."""
    put(tmp_path, "x", b"one")
    Layout(tmp_path).manifest(ModelName.parse("x")).unlink()
    blob, path = Blob(Digest.of(b"one"), 3), Layout(tmp_path).blob(Digest.of(b"one"))
    os.utime(path, (1.0, 1.0))
    seen = []

    def look(target: Path, data: bytes, *, staging: Path, mode: int | None) -> None:
        seen.append(path.stat().st_mtime)
        write_file(target, data, staging=staging, mode=mode)

    monkeypatch.setattr(room, "write_file", look)
    with session(tmp_path) as writer:
        config, one = writer.put(b"config"), writer.adopt(blob)
        path.unlink()
        writer.publish(A, manifest_of(config, one))
    assert min(seen) > 1e9


@pytest.mark.parametrize("replaced", [False, True])
def test_a_blob_of_others_that_vanishes_withdraws_the_name(
    tmp_path: Path, replaced: bool, meanwhile: Callable[[Callable[[], None]], None]
) -> None:
    put(tmp_path, "x", b"shared")
    if replaced:
        put(tmp_path, "a", b"one")
    Layout(tmp_path).manifest(ModelName.parse("x")).unlink()
    before = models(tmp_path)
    shared = Layout(tmp_path).blob(Digest.of(b"shared"))
    meanwhile(shared.unlink)
    with session(tmp_path) as writer, pytest.raises(IntegrityError):
        config, two = writer.put(b"config"), writer.put(b"two")
        writer.publish(A, manifest_of(config, two, Blob(Digest.of(b"shared"), 6)))
    after = models(tmp_path)
    del before[str(shared.relative_to(tmp_path))]
    if replaced:
        assert after == before
    else:
        # Folders that were empty before may be gone too; no name is there, nor the blobs that came for it.
        assert Store(tmp_path).scan().names == []
        assert [path for path, (kind, _) in after.items() if kind == "file"] == [
            path for path, (kind, _) in before.items() if kind == "file"
        ]


def test_folders_that_another_program_clears_away_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "x")
    (tmp_path / "manifests/h/n/a").mkdir(parents=True)
    pending = [True]

    def clear_then_write(target: Path, data: bytes, *, staging: Path, mode: int | None) -> None:
        if "manifests" in target.parts and pending:
            pending.pop()
            target.parent.rmdir()
        write_file(target, data, staging=staging, mode=mode)

    monkeypatch.setattr(room, "write_file", clear_then_write)
    put(tmp_path, "h/n/a", b"one")
    assert not pending
    assert Store(tmp_path).find(ModelName.parse("h/n/a"))


def test_folders_that_are_cleared_away_while_they_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "x")
    pending, make = [True], make_directory

    def vanish_once(path: Path, *, below: Path) -> None:
        if path == tmp_path / "manifests/registry.ollama.ai/library/a" and pending:
            pending.pop()
            raise MissingFile("No such file or directory", where=str(path))
        make(path, below=below)

    monkeypatch.setattr(room, "make_directory", vanish_once)
    monkeypatch.setattr(room, "try_move_folder", lambda source, target: False)
    put(tmp_path, "a", b"one")
    assert not pending
    assert Store(tmp_path).find(A)


def test_publishing_tells_what_was_replaced(tmp_path: Path) -> None:
    put(tmp_path, "Foo", b"one")
    raw = Layout(tmp_path).manifest(ModelName.parse("Foo")).read_bytes()
    with session(tmp_path) as writer:
        name, replaced = writer.publish(ModelName.parse("fOO"), manifest_of(writer.put(b"config")))
    assert name == ModelName.parse("Foo")
    assert replaced is not None
    assert replaced.raw == raw


@pytest.mark.parametrize("raw", [b"", b"{half", b"[]"])
def test_a_broken_manifest_may_be_replaced(tmp_path: Path, raw: bytes) -> None:
    put(tmp_path, "a", b"one")
    Layout(tmp_path).manifest(A).write_bytes(raw)
    with session(tmp_path) as writer:
        assert writer.publish(A, manifest_of(writer.put(b"config"))) == (A, None)


def test_stopped_before_publishing(tmp_path: Path) -> None:
    stop = Stop()
    with session(tmp_path, stop=stop) as writer:
        raw = manifest_of(writer.put(b"config"))
        stop.set()
        with pytest.raises(Cancelled):
            writer.publish(A, raw)
    assert Store(tmp_path).scan().names == []


def test_what_existed(tmp_path: Path) -> None:
    put(tmp_path, "a", b"one")
    with session(tmp_path) as writer:
        assert writer.existed(writer.put(b"one"))
        assert not writer.existed(writer.put(b"two"))


def test_space_is_asked_for_before_the_first_byte(tmp_path: Path) -> None:
    with session(tmp_path) as writer:
        writer.check_space([])
        with pytest.raises(NoSpace) as caught:
            writer.check_space([1 << 59, 1 << 59])
    assert caught.value.message.startswith("needs 1152921 TB, free are ")
    assert caught.value.where == str(tmp_path)


@pytest.mark.parametrize("text", [b"2\n", b"", b"one", b"1.0", b"\xff"])
def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path, text: bytes) -> None:
    put(tmp_path, "a", b"one")
    Layout(tmp_path).version_file.write_bytes(text)
    before = snapshot(tmp_path)
    with pytest.raises(NotSupported), session(tmp_path):
        pytest.fail("the session began")
    assert snapshot(tmp_path) == before


# What a killed run left, or nobody knows who: a plain file, a folder in a folder, links, a pipe.
def test_strays_among_the_work_folders_hurt_nobody(tmp_path: Path) -> None:
    put(tmp_path, "a", b"one")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(b"data")
    work = Layout(tmp_path).work
    (work / ".DS_Store").touch()
    (work / "nested/inner").mkdir(parents=True)
    (work / "left").mkdir()
    (work / "left/sha256-part").touch()
    (work / "link").symlink_to(outside)
    (work / "loop").symlink_to("loop")
    (work / ("x" * 254)).mkdir()
    os.mkfifo(work / "pipe")
    put(tmp_path, "b", b"two")
    assert (outside / "precious").read_bytes() == b"data"
    assert work_folders(tmp_path) == sorted([".DS_Store", "link", "loop", "pipe", "x" * 254])


WRITER = """
import sys
from pathlib import Path
from packllama.base.observer import SILENT
from packllama.base.stop import Stop
from packllama.places.store import Session, Store
with Session(Store(Path(sys.argv[1])), holder="other", observer=SILENT, stop=Stop()) as session:
    session.put(b"half a model")
    print("ready", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def other_writer(root: Path) -> Iterator[subprocess.Popen[str]]:
    """A session of another process, which ends with its stdin."""
    command = [sys.executable, "-c", WRITER, str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
        process.stdin.close()


def test_what_a_killed_session_left_is_swept_and_a_living_one_is_let_be(tmp_path: Path) -> None:
    with other_writer(tmp_path) as killed, other_writer(tmp_path):
        assert len(work_folders(tmp_path)) == 2
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        with session(tmp_path):
            assert len(work_folders(tmp_path)) == 2
        (living,) = work_folders(tmp_path)
        assert (Layout(tmp_path).work / living / f"sha256-{Digest.of(b'half a model').hex}").exists()
    assert work_folders(tmp_path) == []
    assert [path.name for path in Layout(tmp_path).locks.glob("work-*")] == []


CREATOR = """
import sys
from pathlib import Path
from packllama.base.observer import SILENT
from packllama.base.stop import Stop
from packllama.manifest import CONFIG_TYPE, Layer, compose
from packllama.name import ModelName
from packllama.places.store import Session, Store
store = Store(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    with Session(store, holder="other", observer=SILENT, stop=Stop()) as session:
        config = session.put(sys.argv[2].encode())
        name = ModelName.parse(f"{sys.argv[2]}{number}")
        session.publish(name, compose(Layer(CONFIG_TYPE, config.digest, config.size), []))
"""


def test_case_twins_made_at_once_end_as_one(tmp_path: Path) -> None:
    rounds = 15
    put(tmp_path, "seed")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CREATOR, str(tmp_path), spelling, str(rounds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for spelling in ("Foo", "foo", "fOO")
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write(b"go\n")
        process.stdin.flush()
    assert [process.wait() for process in processes] == [0, 0, 0]
    for process in processes:
        process.communicate()
    listed, broken = Store(tmp_path).listing()
    assert broken == []
    assert len(listed) == rounds + 1
    assert len({item.model.name.folded for item in listed}) == rounds + 1
    for item in listed:
        for blob in item.model.blobs:
            assert Store(tmp_path).path(blob)


def test_no_folder_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PackLlamaError) as caught, session(tmp_path / "file/store"):
        pytest.fail("the session began")
    assert caught.value.where
