"""One suite for all places: what goes in comes out, what was begun is gone on with, what is wrong is refused."""

import os
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled, IntegrityError, PackLlamaError
from packllama.base.observer import SILENT, Observer, SilentObserver
from packllama.base.stop import Stop
from packllama.check.verify.verify import verify
from packllama.model import Model, Move
from packllama.name import ModelName
from packllama.places.bundle import BundleSource, BundleStream, BundleTarget, ToFile, ToPipe
from packllama.places.loose import Downloads, look
from packllama.places.store import Store, StoreTarget
from packllama.transfer import CopyReport, copy, receive
from packllama.transfer.mirrored import Mirrored
from tests.registry.clients import source_of
from tests.registry.registry import Registry
from tests.unit.stores import put_model

LARGE = bytes(range(256)) * (3 << 12)  # 3 MiB: a dozen buffers
NAMES = (ModelName.parse("large"), ModelName.parse("me/Small:v1"))

Road = Callable[[Store, Store, Observer, Stop], CopyReport]


def moves(source: Store | BundleSource | Downloads) -> list[Move]:
    return [Move(source.find(name)) for name in NAMES]


def from_store_to_store(source: Store, target: Store, observer: Observer, stop: Stop) -> CopyReport:
    return copy(moves(source), sources=[source], target=StoreTarget(target), observer=observer, stop=stop)


def _bundle(source: Store, target: Store) -> Path:
    path = target.layout.root.parent / "models.tar"
    copy(moves(source), sources=[source], target=BundleTarget(ToFile(path)))
    return path


def by_a_bundle(source: Store, target: Store, observer: Observer, stop: Stop) -> CopyReport:
    with BundleSource(_bundle(source, target)) as bundle:
        return copy(moves(bundle), sources=[bundle], target=StoreTarget(target), observer=observer, stop=stop)


def by_a_bundle_on_stdin(source: Store, target: Store, observer: Observer, stop: Stop) -> CopyReport:
    with _bundle(source, target).open("rb") as file:
        stream = BundleStream(file.fileno(), where="stdin", stop=stop)
        return receive(stream, target=StoreTarget(target), observer=observer, stop=stop)


def by_a_pipe(source: Store, target: Store, observer: Observer, stop: Stop) -> CopyReport:
    read, write = os.pipe()

    def export() -> None:
        try:
            with suppress(PackLlamaError, BrokenPipeError):
                copy(moves(source), sources=[source], target=BundleTarget(ToPipe(write)))
        finally:
            os.close(write)

    exporting = threading.Thread(target=export)
    exporting.start()
    try:
        stream = BundleStream(read, where="stdin", stop=stop)
        return receive(stream, target=StoreTarget(target), observer=observer, stop=stop)
    finally:
        os.close(read)
        exporting.join()


def by_a_folder_of_downloads(source: Store, target: Store, observer: Observer, stop: Stop) -> CopyReport:
    """Under names that say nothing."""
    folder = target.layout.root.parent / "downloads"
    folder.mkdir(exist_ok=True)
    for number, blob in enumerate(sorted(source.layout.blobs.iterdir())):
        shutil.copyfile(blob, folder / f"data ({number})")
    shutil.copytree(source.layout.manifests, folder / "manifests", dirs_exist_ok=True)
    found = look([folder], stop=stop)
    into = StoreTarget(target, files=found)
    return copy(moves(found), sources=[found], target=into, observer=observer, stop=stop)


def served(source: Store) -> Registry:
    """A registry that has what the store has."""
    registry = Registry()
    for name in NAMES:
        repository = f"{name.namespace}/{name.model}"
        registry.manifests[f"{repository}:{name.tag}"] = source.find(name).manifest.raw
    for path in source.layout.blobs.iterdir():
        registry.blobs[path.name.replace("-", ":")] = path.read_bytes()
    return registry


def from_a_registry(source: Store, target: Store, observer: Observer, stop: Stop) -> CopyReport:
    with served(source) as there:
        found = source_of(there, stop=stop)
        wanted = [Move(found.find(name)) for name in NAMES]
        return copy(wanted, sources=[found], target=StoreTarget(target), observer=observer, stop=stop)


def from_a_registry_and_a_mirror(source: Store, target: Store, observer: Observer, stop: Stop) -> CopyReport:
    with served(source) as there, served(source) as mirror:
        found = Mirrored([source_of(there, stop=stop), source_of(mirror, stop=stop)])
        wanted = [Move(found.find(name)) for name in NAMES]
        return copy(wanted, sources=[found], target=StoreTarget(target), observer=observer, stop=stop)


ROADS = [
    from_store_to_store,
    by_a_bundle,
    by_a_bundle_on_stdin,
    by_a_pipe,
    by_a_folder_of_downloads,
    from_a_registry,
    from_a_registry_and_a_mirror,
]


@pytest.fixture(params=ROADS, ids=lambda r: r.__name__)
def road(request: pytest.FixtureRequest) -> Road:
    found: Road = request.param
    return found


@pytest.fixture
def source(tmp_path: Path) -> Store:
    put_model(tmp_path / "source", "large", weights=LARGE)
    put_model(tmp_path / "source", "me/Small:v1")
    return Store(tmp_path / "source")


@pytest.fixture
def target(tmp_path: Path) -> Store:
    return Store(tmp_path / "target")


class StopsAfter(SilentObserver):
    """Sets a stop once so many bytes have passed."""

    def __init__(self, count: int, stop: Stop) -> None:
        self._left = count
        self._stop = stop

    def advanced(self, count: int) -> None:
        self._left -= count
        if self._left <= 0:
            self._stop.set()


def models(store: Store) -> Sequence[Model]:
    return sorted((store.model(name) for name in store.scan().names), key=lambda model: model.name)


def all_bytes(store: Store) -> int:
    return sum(blob.size for blob in {blob for model in models(store) for blob in model.blobs})


def large_blob(store: Store) -> Path:
    return max(store.layout.blobs.iterdir(), key=lambda path: path.stat().st_size)


def test_what_goes_in_comes_out(road: Road, source: Store, target: Store) -> None:
    report = road(source, target, SILENT, Stop())
    assert set(report.published) == set(NAMES)
    assert report.bytes_sent == all_bytes(source)
    assert [(m.name, m.manifest.raw) for m in models(target)] == [(m.name, m.manifest.raw) for m in models(source)]
    assert verify(target).clean


def test_what_is_there_is_not_sent(road: Road, source: Store, target: Store) -> None:
    road(source, target, SILENT, Stop())
    again = road(source, target, SILENT, Stop())
    assert (again.bytes_sent, again.bytes_present) == (0, all_bytes(source))
    assert set(again.published) == set(NAMES)


def test_what_was_begun_is_gone_on_with(road: Road, source: Store, target: Store) -> None:
    stop = Stop()
    with pytest.raises(Cancelled):
        road(source, target, StopsAfter(len(LARGE) // 2, stop), stop)
    assert NAMES[0] not in target.scan().names
    again = road(source, target, SILENT, Stop())
    assert 0 < again.bytes_sent < all_bytes(source)
    assert verify(target).clean


def test_what_is_damaged_is_refused(road: Road, source: Store, target: Store) -> None:
    with large_blob(source).open("r+b") as file:
        file.seek(len(LARGE) // 2)
        file.write(b"damage")
    with pytest.raises(IntegrityError) as caught:
        road(source, target, SILENT, Stop())
    assert caught.value.where
    assert NAMES[0] not in target.scan().names
    assert not (target.layout.root.parent / "models.tar").exists()


def test_what_is_wrong_over_there_is_replaced(road: Road, source: Store, target: Store) -> None:
    """A blob of the right size and other bytes, of which nobody knows when it was right."""
    blob = max((blob for move in moves(source) for blob in move.model.blobs), key=lambda blob: blob.size)
    target.layout.blobs.mkdir(parents=True)
    target.layout.blob(blob.digest).write_bytes(bytes(blob.size))
    road(source, target, SILENT, Stop())
    assert verify(target).clean
