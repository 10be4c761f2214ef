"""What a store lists, finds and reads, whatever else lies in it."""

import os
import socket
from pathlib import Path

import pytest

from packllama.base.errors import (
    BadInput,
    IntegrityError,
    InvalidManifest,
    ModelNotFound,
    NoRights,
    PackLlamaError,
)
from packllama.base.reading import read_with_status
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.model import Blob
from packllama.name import ModelName
from packllama.places.place import Reader
from packllama.places.store import Store
from packllama.places.store import store as room
from tests.unit.stores import GEMMA_NAME, TINY_GGUF, put_blob, put_gemma, put_manifest, put_model, snapshot

A = ModelName.parse("a")


def names(store: Store) -> list[str]:
    return sorted(name.short for name in store.scan().names)


@pytest.mark.parametrize("present", ["", "store", "store/manifests", "store/manifests/h/n/m"])
def test_an_empty_store(tmp_path: Path, present: str) -> None:
    (tmp_path / present).mkdir(parents=True, exist_ok=True)
    store = Store(tmp_path / "store")
    assert (store.scan().names, store.scan().strays) == ([], [])
    assert store.listing() == ([], [])


def test_only_plain_entries_at_the_fourth_level_are_names(tmp_path: Path) -> None:
    for name in ("a", "me/b:Q8_0", "hf.co/me/Repo-GGUF:Q4_K_M", "host:5000/n/m:t"):
        put_model(tmp_path, name)
    manifests = tmp_path / "manifests"
    (manifests / "file").touch()
    (manifests / "h/n").mkdir(parents=True)
    (manifests / "h/n/file").touch()
    (manifests / "h/n/m/folder").mkdir(parents=True)
    (manifests / "h/n/m/folder/deeper").touch()
    (manifests / "h/n/m/link-to-a-folder").symlink_to("folder")
    scan = Store(tmp_path).scan()
    assert scan.strays == []
    assert names(Store(tmp_path)) == [
        "a:latest",
        "hf.co/me/Repo-GGUF:Q4_K_M",
        "host:5000/n/m:t",
        "me/b:Q8_0",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "h/n/m/.DS_Store",
        "h/n/m/-t",
        "h/n/m/a b",
        "h/n.o/m/t",
        "h/n/m/\x1b[31m",
        "h/n/.m/t",
        ":h/n/m/t",
        "h/n/m/" + "t" * 81,
    ],
)
def test_entries_that_cannot_be_a_name(tmp_path: Path, path: str) -> None:
    put_model(tmp_path, "a")
    stray = tmp_path / "manifests" / path
    stray.parent.mkdir(parents=True)
    stray.touch()
    scan = Store(tmp_path).scan()
    assert (scan.strays, [name.short for name in scan.names]) == ([str(stray)], ["a:latest"])


def test_a_name_of_bytes_that_are_no_text(tmp_path: Path) -> None:
    folder = put_model(tmp_path, "a").parent
    (folder / os.fsdecode(b"\xff")).touch()
    assert len(Store(tmp_path).scan().strays) == 1


@pytest.mark.parametrize("folder", ["[a]", "*", "?", "a\\b", "**/x", "ä ö"])
def test_a_store_path_with_characters_of_patterns(tmp_path: Path, folder: str) -> None:
    put_model(tmp_path / folder, "a")
    assert names(Store(tmp_path / folder)) == ["a:latest"]


@pytest.mark.parametrize("level", ["h", "h/n", "h/n/m"])
@pytest.mark.parametrize("kind", ["dangling", "loop"])
def test_a_link_that_leads_nowhere_is_no_name_but_noticed(tmp_path: Path, level: str, kind: str) -> None:
    link = tmp_path / "manifests" / level
    link.parent.mkdir(parents=True)
    link.symlink_to(link if kind == "loop" else tmp_path / "nowhere")
    scan = Store(tmp_path).scan()
    assert (scan.names, scan.strays) == ([], [str(link)])


@pytest.mark.parametrize("kind", ["dangling", "loop", "pipe", "file"])
def test_manifests_that_are_no_folder_are_not_an_empty_store(tmp_path: Path, kind: str) -> None:
    manifests = tmp_path / "manifests"
    if kind == "pipe":
        os.mkfifo(manifests)
    elif kind == "file":
        manifests.touch()
    else:
        manifests.symlink_to(manifests if kind == "loop" else tmp_path / "nowhere")
    with pytest.raises(PackLlamaError) as caught:
        Store(tmp_path).scan()
    assert caught.value.where == str(manifests)


@pytest.mark.parametrize(
    ("existing", "asked", "found"),
    [
        (["foo"], "FOO", "foo"),
        (["bar:Q8_0"], "foo:q8_0", "foo:Q8_0"),
        (["Foo", "foo"], "foo", "foo"),
        (["Foo", "foo"], "FOO", "Foo"),
        ([], "Foo", "Foo"),
    ],
)
def test_a_name_takes_the_spelling_of_the_store(tmp_path: Path, existing: list[str], asked: str, found: str) -> None:
    for name in existing:
        put_model(tmp_path, name)
    assert Store(tmp_path).canonical(ModelName.parse(asked)) == ModelName.parse(found)


def test_find_and_model(tmp_path: Path) -> None:
    path = put_model(tmp_path, "Foo")
    store = Store(tmp_path)
    assert store.find(ModelName.parse("fOO")).manifest.raw == path.read_bytes()
    with pytest.raises(ModelNotFound):
        store.model(ModelName.parse("fOO"))


def test_the_list_is_sorted_by_whole_seconds_newest_first_then_by_name(tmp_path: Path) -> None:
    for name, seconds in (("old", 10.0), ("b", 20.9), ("a", 20.1), ("new", 30.0)):
        os.utime(put_model(tmp_path, name), (seconds, seconds))
    listed, broken = Store(tmp_path).listing()
    assert [item.model.name.model for item in listed] == ["new", "a", "b", "old"]
    assert [item.modified for item in listed][::3] == [30.0, 10.0]
    assert broken == []


def test_one_broken_manifest_does_not_hide_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_model(tmp_path, "a")
    put_manifest(tmp_path, "b", b"{half")
    put_manifest(tmp_path, "c", b"")
    folder = put_manifest(tmp_path, "d", b"").parent
    (folder / "dangling").symlink_to("nowhere")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)  # a socket's name may have 107 bytes only
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    listed, broken = Store(tmp_path).listing()
    assert [item.model.name.model for item in listed] == ["a"]
    assert len(broken) == 7
    assert len([error for error in broken if isinstance(error, BadInput | ModelNotFound)]) == 7


def test_one_unreadable_manifest_does_not_hide_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_model(tmp_path, "a")
    forbidden = put_model(tmp_path, "b")

    def read(path: str, *, limit: int, what: str) -> tuple[bytes, os.stat_result]:
        if path == str(forbidden):
            raise NoRights("Permission denied", where=path)
        return read_with_status(path, limit=limit, what=what)

    monkeypatch.setattr(room, "read_with_status", read)
    listed, broken = Store(tmp_path).listing()
    assert [item.model.name.model for item in listed] == ["a"]
    assert [error.where for error in broken] == [str(forbidden)]


def test_the_published_gemma3_is_listed_and_left_alone(tmp_path: Path) -> None:
    put_gemma(tmp_path, TINY_GGUF)
    before = snapshot(tmp_path)
    (item,) = Store(tmp_path).listing()[0]
    assert (item.model.name.short, item.model.manifest.digest.short) == (GEMMA_NAME, "5d4fa005e7bb")
    for blob in item.model.blobs:
        assert Store(tmp_path).path(blob).stat().st_size == blob.size
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("missing", IntegrityError),
        ("short", IntegrityError),
        ("long", IntegrityError),
        ("folder", IntegrityError),
        ("pipe", IntegrityError),
        ("dangling", IntegrityError),
        ("loop", BadInput),
    ],
)
def test_a_blob_that_is_not_whole(tmp_path: Path, kind: str, error: type[PackLlamaError]) -> None:
    path = put_blob(tmp_path, b"data")
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind in {"dangling", "loop"}:
        path.symlink_to(path if kind == "loop" else "nowhere")
    elif kind != "missing":
        path.write_bytes(b"dat" if kind == "short" else b"data!")
    with pytest.raises(error) as caught:
        Store(tmp_path).path(Blob(Digest.of(b"data"), 4))
    assert caught.value.where == str(path)


def test_a_blob_may_be_a_link(tmp_path: Path) -> None:
    path = put_blob(tmp_path, b"data")
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert Store(tmp_path).path(Blob(Digest.of(b"data"), 4)) == path


def test_a_layer_larger_than_its_kind_may_be_is_not_read(tmp_path: Path) -> None:
    put_model(tmp_path, "a", (LayerKind.SYSTEM, b"12345"))
    store = Store(tmp_path)
    (layer,) = store.model(A).manifest.of_kind(LayerKind.SYSTEM)
    assert store.read_layer(layer, limit=5) == b"12345"
    with pytest.raises(InvalidManifest, match="of 5 bytes"):
        store.read_layer(layer, limit=4)


# ---- Reading ranges


def test_ranges(tmp_path: Path) -> None:
    data = bytes(range(200))
    put_model(tmp_path, "a", weights=data)
    store = Store(tmp_path)
    model = store.find(ModelName.parse("a"))
    blob = Blob(Digest.of(data), len(data))
    for start, stop in [(0, 200), (0, 0), (200, 200), (10, 20), (199, 200)]:
        with (
            store.read(blob, of=model, start=start, stop=stop) as reader,
            store.read(blob, of=model, start=0, stop=1) as other,
        ):
            assert other.readinto(memoryview(bytearray(5))) == 1
            assert _drained(reader) == data[start:stop]


def _drained(reader: Reader) -> bytes:
    """Read in steps that do not fit."""
    found, buffer = b"", memoryview(bytearray(7))
    while count := reader.readinto(buffer):
        found += buffer[:count]
    return found


def _replace(path: Path, kind: str) -> None:
    path.rename(path.with_name("moved"))
    match kind:
        case "link":
            path.symlink_to("moved")
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "shorter":
            path.write_bytes(TINY_GGUF[:-1])


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "shorter", "nothing"])
def test_what_is_no_blob_is_not_read(tmp_path: Path, kind: str) -> None:
    put_model(tmp_path, "a")
    store = Store(tmp_path)
    _replace(store.layout.blob(Digest.of(TINY_GGUF)), kind)
    blob = Blob(Digest.of(TINY_GGUF), len(TINY_GGUF))
    with pytest.raises(IntegrityError), store.read(blob, of=store.find(ModelName.parse("a")), start=0, stop=1):
        pytest.fail("it was opened")
