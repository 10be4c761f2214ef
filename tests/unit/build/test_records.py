"""Weights whose hash is known are not read again, and nothing that was changed counts as known."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import DigestMismatch, FileChanged, PackLlamaError
from packllama.base.observer import SILENT, Observer, SilentObserver
from packllama.base.stop import Stop
from packllama.build import Created, create
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.modelfile import Modelfile
from packllama.name import ModelName
from packllama.places.store import Store
from packllama.places.store.layout import Layout
from tests.faults.checker import check
from tests.unit.stores import snapshot

PARENT = "FROM model.gguf\nSYSTEM parent\n"
CHILD = "FROM parent\nSYSTEM child\n"


class Counting(SilentObserver):
    def __init__(self) -> None:
        self.read = 0

    def advanced(self, count: int) -> None:
        self.read += count


class Scene:
    """A store with one model, ``parent``."""

    def __init__(self, folder: Path, gguf: Path) -> None:
        self.folder = folder
        self.layout = Layout(folder / "store")
        self.source = folder / "model.gguf"
        self.source.write_bytes(gguf.read_bytes())
        self.create("parent", PARENT)
        self.digest = Digest.of(self.source.read_bytes())
        self.blob = self.layout.blob(self.digest)

    def create(self, name: str, text: str, *, observer: Observer = SILENT, stop: Stop | None = None) -> Created:
        return create(
            ModelName.parse(name),
            Modelfile.parse(text),
            base=self.folder,
            store=Store(self.layout.root),
            observer=observer,
            stop=stop,
        )

    def bytes_read(self, name: str = "child", text: str = CHILD) -> int:
        observer = Counting()
        self.create(name, text, observer=observer)
        assert check(str(self.layout.root)) == []
        return observer.read


@pytest.fixture
def scene(tmp_path: Path, gguf: Callable[[str], Path]) -> Scene:
    return Scene(tmp_path, gguf("tiny-plain.gguf"))


def test_the_weights_of_a_parent_are_not_read_again(scene: Scene) -> None:
    assert scene.bytes_read() == 0
    assert scene.bytes_read("grandchild", "FROM child\nSYSTEM grandchild\n") == 0


def touched(path: Path) -> None:
    os.utime(path)


def given_another_mode(path: Path) -> None:
    path.chmod(0o600)


def replaced_by_a_copy(path: Path) -> None:
    before = path.stat()
    path.with_name("new").write_bytes(path.read_bytes())
    path.with_name("new").replace(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [touched, given_another_mode, replaced_by_a_copy])
def test_any_doubt_makes_them_read_once_more(scene: Scene, change: Callable[[Path], None]) -> None:
    change(scene.blob)
    assert scene.bytes_read() == scene.blob.stat().st_size
    assert scene.bytes_read() == 0


def overwritten_under_the_same_time(path: Path) -> None:
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-3, os.SEEK_END)
        file.write(b"bad")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced_by_another_file(path: Path) -> None:
    before = path.stat()
    data = path.read_bytes()
    path.with_name("new").write_bytes(data[:-3] + b"bad")
    path.with_name("new").replace(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def longer(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


@pytest.mark.parametrize("change", [overwritten_under_the_same_time, replaced_by_another_file, longer])
def test_damaged_weights_are_no_base(scene: Scene, change: Callable[[Path], None]) -> None:
    change(scene.blob)
    before = snapshot(scene.layout.root, without=".packllama")
    damaged = scene.layout.hashes / scene.blob.name.removeprefix("sha256-")
    record = damaged.read_bytes()
    for _ in range(2):
        with pytest.raises(PackLlamaError) as caught:
            scene.create("child", CHILD)
        assert (caught.value.exit_status, caught.value.where) == (5, str(scene.blob))
        assert isinstance(caught.value, DigestMismatch) or change is longer
    assert snapshot(scene.layout.root, without=".packllama") == before
    assert damaged.read_bytes() == record


@pytest.mark.parametrize("change", [overwritten_under_the_same_time, replaced_by_another_file, longer])
def test_creating_from_the_file_again_mends_the_blob(scene: Scene, change: Callable[[Path], None]) -> None:
    change(scene.blob)
    scene.create("parent", PARENT)
    assert check(str(scene.layout.root)) == []
    assert scene.bytes_read() == 0


def foreign(path: Path) -> bytes:
    return path.read_bytes().replace(b'"inode": ', b'"inode": 1')


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff" * 50, b"{}", b'{"size": 1}', b"[" * 900, foreign])
def test_a_record_that_is_none_is_ignored(scene: Scene, raw: bytes | Callable[[Path], bytes]) -> None:
    record = scene.layout.hash_record(scene.digest)
    record.write_bytes(raw if isinstance(raw, bytes) else raw(record))
    assert scene.bytes_read() == scene.blob.stat().st_size


def test_a_session_that_fails_writes_no_record(scene: Scene) -> None:
    for record in scene.layout.hashes.iterdir():
        record.unlink()

    class Growing(SilentObserver):
        def advanced(self, count: int) -> None:
            with scene.source.open("ab") as file:
                file.write(b"more")

    with pytest.raises(FileChanged):
        scene.create("new", PARENT, observer=Growing())
    assert list(scene.layout.hashes.iterdir()) == []


def test_creating_again_mends_what_no_record_can_see(scene: Scene) -> None:
    """A disk that rots changes no inode and no time; bytes that were just read and hashed are better evidence."""
    size = scene.blob.stat().st_size
    scene.blob.write_bytes(bytes(size))
    status = scene.blob.stat()
    signs = {"inode": status.st_ino, "size": size, "mtime_ns": status.st_mtime_ns, "ctime_ns": status.st_ctime_ns}
    scene.layout.hash_record(scene.digest).write_text(json.dumps({**signs, "hashed_at": 1.0}))
    assert check(str(scene.layout.root)) != []
    created = scene.create("again", PARENT)
    assert all(item.existed for item in created.layers)
    assert check(str(scene.layout.root)) == []


def test_a_blob_that_is_not_known_to_be_right_is_replaced(scene: Scene) -> None:
    scene.layout.hash_record(scene.digest).unlink()
    before = scene.blob.stat().st_ino
    scene.create("again", PARENT)
    assert scene.blob.stat().st_ino != before
    assert check(str(scene.layout.root)) == []


def test_every_layer_has_a_record(scene: Scene) -> None:
    names = {path.name for path in scene.layout.hashes.iterdir()}
    assert names == {path.name.removeprefix("sha256-") for path in scene.layout.blobs.iterdir()}
    model = Store(scene.layout.root).find(ModelName.parse("parent"))
    (layer,) = model.manifest.of_kind(LayerKind.MODEL)
    assert layer.digest == scene.digest
