"""Taking a file in by a hard link: only where nobody but its owner can write to it, and never another file's bytes."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from packllama.base.errors import FileChanged
from packllama.base.observer import SilentObserver
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, compose
from packllama.model import Blob
from packllama.name import ModelName
from packllama.places.store import Session, Store
from packllama.places.store.ingest import Ingested, ingest
from packllama.places.store.layout import Layout
from packllama.places.store.linking import why_not_to_link
from tests.faults.checker import check

DATA = b"weights" * 1000
A = ModelName.parse("a")
SESSION_INGEST = "packllama.places.store.session.ingest"


class Noting(SilentObserver):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def noted(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(DATA)
    path.chmod(0o644)
    return path


@pytest.fixture
def opened(source: Path) -> Iterator[int]:
    descriptor = os.open(source, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def take(tmp_path: Path, path: Path, descriptor: int) -> tuple[Path, list[str]]:
    """Publish a model of this file; its blob, and what the observer heard."""
    observer = Noting()
    store = Store(tmp_path / "store")
    with Session(store, holder="test", observer=observer, stop=Stop()) as session:
        blob = session.ingest(descriptor, path=path, before=os.fstat(descriptor), may_link=True)
        config = session.put(b"config")
        model = Layer(LayerKind.MODEL.media_type, blob.digest, blob.size)
        session.publish(A, compose(Layer(CONFIG_TYPE, config.digest, config.size), [model]))
    assert check(str(store.layout.root)) == []
    return store.path(Blob(blob.digest, blob.size)), observer.notes


def test_the_blob_is_the_file(tmp_path: Path, source: Path, opened: int) -> None:
    blob, notes = take(tmp_path, source, opened)
    assert blob == Layout(tmp_path / "store").blob(Digest.of(DATA))
    assert blob.samefile(source)
    assert (source.stat().st_nlink, source.read_bytes(), notes) == (2, DATA, [])


def test_linking_twice_links_once(tmp_path: Path, source: Path, opened: int) -> None:
    take(tmp_path, source, opened)
    blob, notes = take(tmp_path, source, opened)
    assert (blob.samefile(source), source.stat().st_nlink, notes) == (True, 2, [])


@pytest.mark.parametrize(
    ("mode", "linked"),
    [
        (0o644, True),
        (0o600, True),
        (0o444, True),
        (0o400, True),
        (0o755, True),
        (0o664, False),
        (0o646, False),
        (0o666, False),
        (0o620, False),
        (0o602, False),
    ],
)
def test_modes(tmp_path: Path, source: Path, opened: int, mode: int, linked: bool) -> None:
    source.chmod(mode)
    blob, notes = take(tmp_path, source, opened)
    assert blob.samefile(source) is linked
    assert stat.S_IMODE(source.stat().st_mode) == mode
    if not linked:
        assert notes == [f"{source} is copied, not linked: others can write to it (chmod go-w would change that)"]
        assert (source.stat().st_nlink, stat.S_IMODE(blob.stat().st_mode)) == (1, 0o644)


def test_a_symbolic_link_is_copied(tmp_path: Path, source: Path, opened: int) -> None:
    link = tmp_path / "link.gguf"
    link.symlink_to(source)
    blob, notes = take(tmp_path, link, opened)
    assert (blob.is_symlink(), blob.samefile(source)) == (False, False)
    assert notes == [f"{link} is copied, not linked: it is a symbolic link"]


@pytest.mark.parametrize(
    ("owner", "store", "reason"),
    [
        (0, 0, ""),
        (12345, 0, "it belongs to somebody else"),
        (12345, 12345, "it belongs to somebody else"),
        (0, 12345, "it would not belong to the store's owner"),
    ],
)
def test_owners(tmp_path: Path, source: Path, need_root: None, owner: int, store: int, reason: str) -> None:
    """Ollama sets the times of the blobs that it uses, which only their owner may do."""
    place = tmp_path / "store"
    place.mkdir()
    os.chown(place, store, store)
    os.chown(source, owner, owner)
    assert why_not_to_link(source, before=source.stat(), target=place) == reason


def test_a_file_that_is_gone(tmp_path: Path, source: Path) -> None:
    before = source.stat()
    source.unlink()
    assert why_not_to_link(source, before=before, target=tmp_path) == "No such file or directory"


def other_file(source: Path) -> None:
    source.with_name("new").write_bytes(b"other" * 1000)
    source.with_name("new").replace(source)


def other_file_of_the_same_bytes(source: Path) -> None:
    source.with_name("new").write_bytes(DATA)
    source.with_name("new").replace(source)


def moved_behind_a_link(source: Path) -> None:
    source.rename(source.with_name("moved"))
    source.symlink_to(source.with_name("moved"))


def overwritten(source: Path) -> None:
    with source.open("r+b") as file:
        file.write(b"OTHER")


def longer(source: Path) -> None:
    with source.open("ab") as file:
        file.write(b"more")


def gone(source: Path) -> None:
    source.unlink()


CHANGES = [other_file, other_file_of_the_same_bytes, moved_behind_a_link, overwritten, longer, gone]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_is_replaced_between_hash_and_link(
    tmp_path: Path, source: Path, opened: int, change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(source, (1e9, 1e9))

    def ingest_then_change(*args: object, **named: object) -> Ingested:
        ingested = ingest(*args, **named)  # type: ignore[arg-type]
        monkeypatch.setattr(SESSION_INGEST, ingest)
        change(source)
        return ingested

    monkeypatch.setattr(SESSION_INGEST, ingest_then_change)
    with pytest.raises(FileChanged):
        take(tmp_path, source, opened)
    assert check(str(tmp_path / "store")) == []
    assert Store(tmp_path / "store").scan().names == []
    assert list(Layout(tmp_path / "store").blobs.iterdir()) == []


def test_a_file_system_that_makes_no_links(
    tmp_path: Path, source: Path, opened: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    blob, notes = take(tmp_path, source, opened)
    assert not blob.samefile(source)
    assert notes == [f"{source} is copied, not linked: the file system refused"]
