"""A second name: the same bytes, at once, and nothing else touched."""

import os
import time
from pathlib import Path

import pytest

from packllama.base.errors import (
    Cancelled,
    IntegrityError,
    InvalidManifest,
    InvalidName,
    ModelNotFound,
    PackLlamaError,
)
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.model import Blob
from packllama.name import ModelName
from packllama.places.store import Copied, Store, copy_name
from packllama.places.store.hash_record import Hashed, has_valid_record, write_record
from tests.unit.stores import TINY_CONFIG, TINY_GGUF, put_blob, put_manifest, put_model, snapshot

SYSTEM = b"Be brief."
PARTS = (TINY_GGUF, TINY_CONFIG, SYSTEM)


def known_now(store: Store, digest: Digest) -> Hashed:
    return Hashed.of(store.layout.blob(digest).stat(), at=1.0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put_model(tmp_path, "a", (LayerKind.SYSTEM, SYSTEM))
    return tmp_path


def copied(root: Path, source: str, target: str, *, keep_replaced: bool = False) -> Copied:
    return copy_name(Store(root), ModelName.parse(source), ModelName.parse(target), keep_replaced=keep_replaced)


def at(root: Path, name: str) -> Path:
    return root / "manifests" / ModelName.parse(name).relative_path()


def test_the_bytes_are_the_same(root: Path) -> None:
    odd = at(root, "a").read_bytes().rstrip(b"\n").replace(b":", b" : ").replace(b"sha256 : ", b"sha256:") + b"  {tail"
    put_manifest(root, "odd", odd)
    assert copied(root, "odd", "hf.co/me/b:q8") == Copied(
        ModelName.parse("odd"), ModelName.parse("hf.co/me/b:q8"), copied(root, "odd", "odd").removed
    )
    assert at(root, "hf.co/me/b:q8").read_bytes() == odd


def test_only_a_manifest_is_new(root: Path) -> None:
    before = snapshot(root)
    copied(root, "a", "b")
    after = snapshot(root, without=".packllama")
    new = {path for path in after if path not in before}
    assert new == {str(at(root, "b").relative_to(root)), str(at(root, "b").parent.relative_to(root))}
    assert before.items() <= after.items()
    assert list((root / ".packllama/work").iterdir()) == []


@pytest.mark.parametrize(
    ("source", "target"), [("A", "b"), ("a:LATEST", "B:latest"), ("Registry.Ollama.ai/library/a", "b")]
)
def test_names_are_found_in_any_spelling(source: str, target: str, root: Path) -> None:
    put_model(root, "b", weights=b"old")
    result = copied(root, source, target)
    assert (result.source.short, result.target.short) == ("a:latest", "b:latest")
    assert {name.short for name in Store(root).scan().names} == {"a:latest", "b:latest"}
    assert at(root, "b").read_bytes() == at(root, "a").read_bytes()


@pytest.mark.parametrize("target", ["a", "A:Latest"])
def test_onto_itself_changes_nothing(target: str, root: Path) -> None:
    before, modified = snapshot(root), at(root, "a").stat().st_mtime_ns
    assert copied(root, "a", target).target.short == "a:latest"
    assert snapshot(root) == before
    assert at(root, "a").stat().st_mtime_ns == modified


@pytest.mark.parametrize(
    ("source", "target", "error"),
    [
        ("nope", "b", ModelNotFound),
        ("nope", "nope", ModelNotFound),
        ("a", "b:cloud", InvalidName),
        ("a", "b:8b-Cloud", InvalidName),
        ("a", "b:local", InvalidName),
        ("broken", "b", InvalidManifest),
        ("holey", "b", IntegrityError),
        ("short", "b", IntegrityError),
    ],
)
def test_what_is_refused(source: str, target: str, error: type[PackLlamaError], root: Path) -> None:
    put_manifest(root, "broken", b"{")
    put_model(root, "holey", (LayerKind.SYSTEM, b"gone"))
    put_blob(root, b"gone").unlink()
    put_model(root, "short", (LayerKind.SYSTEM, b"cut short"))
    os.truncate(put_blob(root, b"cut short"), 3)
    before = snapshot(root)
    with pytest.raises(error):
        copied(root, source, target)
    assert snapshot(root, without=".packllama") == before


def test_a_missing_source_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        copied(tmp_path, "a", "b")
    assert snapshot(tmp_path) == {}


def test_what_only_the_replaced_model_used_goes(root: Path) -> None:
    put_model(root, "b", (LayerKind.LICENSE, b"old"), weights=b"old weights")
    result = copied(root, "a", "b")
    assert result.removed.freed == len(b"old" + b"old weights")
    assert {path.read_bytes() for path in (root / "blobs").iterdir()} == set(PARTS)


@pytest.mark.parametrize("why", ["asked", "another model", "an unreadable manifest"])
def test_what_stays_of_the_replaced_model(why: str, root: Path) -> None:
    put_model(root, "b", weights=b"old weights")
    if why == "another model":
        put_model(root, "c", weights=b"old weights")
    if why == "an unreadable manifest":
        put_manifest(root, "c", b"{")
    result = copied(root, "a", "b", keep_replaced=why == "asked")
    assert result.removed.freed == 0
    assert bool(result.removed.kept_because) == (why == "an unreadable manifest")
    assert (root / "blobs" / put_blob(root, b"old weights").name).exists()


def test_the_blobs_are_young_again(root: Path) -> None:
    """Else an Ollama that starts while the source is being removed would take them for leftovers."""
    start = time.time()
    for path in (root / "blobs").iterdir():
        os.utime(path, (0, 0))
    copied(root, "a", "b")
    assert min(path.stat().st_mtime for path in (root / "blobs").iterdir()) >= start - 1


def test_blobs_that_belong_to_another_user(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "utime", refuse)
    copied(root, "a", "b")
    assert at(root, "b").read_bytes() == at(root, "a").read_bytes()


def test_what_is_known_of_the_blobs_stays_known(root: Path) -> None:
    store = Store(root)
    digests = store.model(ModelName.parse("a")).manifest.digests()
    (root / ".packllama/hashes").mkdir(parents=True)
    for digest in digests:
        write_record(store.layout, digest, known_now(store, digest), staging=store.layout.own)
    copied(root, "a", "b")
    assert all(has_valid_record(store.layout, digest) for digest in digests)


def test_a_source_that_is_a_link_is_copied_as_a_file(root: Path) -> None:
    real = root / "elsewhere"
    at(root, "a").rename(real)
    at(root, "a").symlink_to(real)
    copied(root, "a", "b")
    assert not at(root, "b").is_symlink()
    assert at(root, "b").read_bytes() == real.read_bytes()


def test_a_target_that_is_a_link_is_replaced_and_its_end_is_not(root: Path) -> None:
    put_model(root, "b", weights=b"old weights")
    real = root / "elsewhere"
    at(root, "b").rename(real)
    at(root, "b").symlink_to(real)
    old = real.read_bytes()
    copied(root, "a", "b")
    assert not at(root, "b").is_symlink()
    assert real.read_bytes() == old


class Losing(Store):
    """Loses a blob right after ``b`` came to stand for what ``a`` stands for."""

    def __init__(self, root: Path, blob: Path) -> None:
        super().__init__(root)
        self._blob = blob
        self._wanted = at(root, "a").read_bytes()
        self._lost = False

    def path(self, blob: Blob) -> Path:
        target = at(self.layout.root, "b")
        if not self._lost and target.exists() and target.read_bytes() == self._wanted:
            self._lost = True
            self._blob.unlink()
        return super().path(blob)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_blob_that_vanishes_takes_the_new_name_with_it(replaced: bool, root: Path) -> None:
    if replaced:
        put_model(root, "b", weights=b"old weights")
    before = snapshot(root)
    losing = Losing(root, put_blob(root, SYSTEM))
    with pytest.raises(IntegrityError, match="missing"):
        copy_name(losing, ModelName.parse("a"), ModelName.parse("b"))
    put_blob(root, SYSTEM)
    assert snapshot(root, without=".packllama") == before


def test_a_blob_that_vanishes_is_put_back_when_its_bytes_are_known(root: Path) -> None:
    store = Store(root)
    (root / ".packllama/hashes").mkdir(parents=True)
    for digest in store.model(ModelName.parse("a")).manifest.digests():
        write_record(store.layout, digest, known_now(store, digest), staging=store.layout.own)
    vanishing = store.layout.blob(Digest.of(SYSTEM))
    copy_name(Losing(root, vanishing), ModelName.parse("a"), ModelName.parse("b"))
    assert at(root, "b").exists()
    assert vanishing.read_bytes() == SYSTEM


def test_stopping_leaves_all_as_it_was(root: Path) -> None:
    stop = Stop()
    stop.set()
    before = snapshot(root)
    with pytest.raises(Cancelled):
        copy_name(Store(root), ModelName.parse("a"), ModelName.parse("b"), stop=stop)
    assert snapshot(root, without=".packllama") == before
