"""Manifests that cannot be read, or that change meanwhile."""

from pathlib import Path

import pytest

from packllama.base.errors import (
    FileChanged,
    IntegrityError,
    MachineError,
)
from packllama.check.verify.verify import verify
from packllama.digest import Digest
from packllama.manifest import LayerKind, Manifest
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.places.place import Reader
from packllama.places.store import Store
from tests.unit.check.repairing import (
    DATA,
    SYSTEM,
    P,
    flip,
    honest,
    is_whole,
    repaired,
)
from tests.unit.places.store.moving import Noting
from tests.unit.stores import put_manifest, put_model
from tests.unit.transfer.memory import MemorySource, made


def find_in(source: MemorySource, raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "find", lambda name: Model(name, Manifest.decode(raw, where="far")))


def test_a_manifest_that_cannot_be_read_is_taken(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store.layout.manifest(ModelName.parse("m"))
    right = path.read_bytes()
    path.write_bytes(b"{")
    flip(store, 0)
    source = honest(name="far")
    find_in(source, right, monkeypatch)
    notes = Noting()
    report = repaired(store, source, observer=notes)
    assert [name.short for name in report.taken] == ["m:latest"]
    assert report.problems == ()
    assert report.bytes_fetched == P
    assert path.read_bytes() == right
    assert "m:latest: its manifest cannot be read; it is taken from far" in notes.notes
    assert verify(store).clean


def test_a_manifest_is_not_taken_without_its_blobs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store.layout.manifest(ModelName.parse("m"))
    right = path.read_bytes()
    path.write_bytes(b"{")
    flip(store, 0)
    source = MemorySource({})
    find_in(source, right, monkeypatch)
    report = repaired(store, source)
    assert path.read_bytes() == b"{"
    assert [name.short for problem in report.problems for name in problem.models] == ["m:latest"]


def test_a_manifest_that_nobody_has(store: Store) -> None:
    path = store.layout.manifest(ModelName.parse("m"))
    path.write_bytes(b"{")
    put_model(store.layout.root, "other")
    report = repaired(store, honest(), honest(name="far"))
    (problem,) = report.problems
    assert isinstance(problem.error, IntegrityError)
    assert "nobody who was asked has that model" in problem.error.message
    assert [model.name.short for model in report.models] == ["other:latest"]
    assert path.read_bytes() == b"{"


def test_what_the_store_has_stays_though_the_source_has_a_newer_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store.layout.manifest(ModelName.parse("m"))
    before, when = path.read_bytes(), path.stat().st_mtime_ns
    flip(store, 0)
    source = honest()
    find_in(source, made("m", b"newer")[0].manifest.raw, monkeypatch)
    repaired(store, source)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, when)
    assert is_whole(store)


def test_a_manifest_that_cannot_be_read_again_is_not_called_replaced(store: Store) -> None:
    class Broken(Store):
        def model(self, name: ModelName) -> Model:
            if name in was_read:
                raise MachineError("Input/output error", where=str(self.layout.manifest(name)))
            was_read.append(name)
            return super().model(name)

    was_read: list[ModelName] = []
    report = repaired(Broken(store.layout.root), honest())
    assert {problem.error.message for problem in report.problems} == {"Input/output error"}
    assert report.whole is False


def test_a_model_that_is_replaced_meanwhile(store: Store) -> None:
    flip(store, 0)
    source = honest()

    def answer(blob: Blob, start: int, stop: int) -> Reader:
        put_manifest(store.layout.root, "m", made("m", b"newer")[0].manifest.raw)
        return source.honest(blob, start, stop)

    source.answer = answer
    (problem,) = repaired(store, source).problems
    assert isinstance(problem.error, FileChanged)


def test_a_size_in_the_manifest_that_is_wrong(tmp_path: Path) -> None:
    """No bytes can be right by it. What is there is not touched."""
    path = put_model(tmp_path, "m", (LayerKind.SYSTEM, SYSTEM))
    path.write_bytes(path.read_bytes().replace(b'"size":14}', b'"size":15}'))
    blob = Store(tmp_path).layout.blob(Digest.of(SYSTEM))
    (problem,) = repaired(Store(tmp_path), MemorySource(DATA)).problems
    assert isinstance(problem.error, IntegrityError)
    assert blob.read_bytes() == SYSTEM
