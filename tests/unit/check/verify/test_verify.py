"""Every byte is read, whatever is wrong is a value, and nothing is changed."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled, ModelNotFound
from packllama.base.locks import held
from packllama.base.observer import SilentObserver
from packllama.base.stop import Stop
from packllama.check.finding import Finding, FindingKind
from packllama.check.verify.verify import verify
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.name import ModelName
from packllama.places.store import Store
from tests.unit.check.damages import (
    CASES,
    OTHER_SYSTEM,
    SYSTEM,
    Case,
    blob,
    flip_a_bit,
    manifest,
    two_models,
    unreadable_beside,
)
from tests.unit.check.disorder import DISORDERS
from tests.unit.stores import TINY_CONFIG, TINY_GGUF, put_blob, put_model, snapshot


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "store"
    root.mkdir()
    two_models(root)
    return root


class Noting(SilentObserver):
    """Counts bytes, and does something once the reading is planned."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.total = self.done = 0
        self._then = then

    def planned(self, total: int) -> None:
        self.total = total
        self._then()

    def advanced(self, count: int) -> None:
        self.done += count


@pytest.mark.parametrize("case", [*CASES, *DISORDERS], ids=lambda case: case.name)
def test_what_is_found(case: Case, root: Path) -> None:
    case.spoil(root)
    before = snapshot(root)
    report = verify(Store(root))
    assert tuple(finding.kind for finding in report.findings) == case.kinds
    assert (report.whole, report.clean) == (case.status != 5, case.status == 0)
    assert snapshot(root) == before


def test_an_empty_store(tmp_path: Path) -> None:
    report = verify(Store(tmp_path))
    assert report.clean
    assert report.models == ()
    assert snapshot(tmp_path) == {}


def test_a_finding_says_who_and_where(root: Path) -> None:
    flip_a_bit(blob(root, TINY_GGUF))
    (finding,) = verify(Store(root)).findings
    assert finding == Finding(
        FindingKind.DAMAGED,
        blob(root, TINY_GGUF),
        finding.message,
        finding.hint,
        digest=Digest.of(TINY_GGUF),
        models=(ModelName.parse("m"), ModelName.parse("me/other:7b")),
        roles=("model",),
    )


def test_a_shared_blob_is_read_once(root: Path) -> None:
    observer = Noting()
    report = verify(Store(root), observer=observer)
    size = sum(map(len, (TINY_GGUF, TINY_CONFIG, SYSTEM, OTHER_SYSTEM)))
    assert (report.blobs, report.bytes_read, observer.total, observer.done) == (4, size, size, size)


def test_several_buffers_and_many_files(tmp_path: Path) -> None:
    texts = [(LayerKind.LICENSE, bytes([n % 256]) * (n * 40_000 + 1)) for n in range(60)]
    put_model(tmp_path, "m", *texts)
    assert verify(Store(tmp_path)).clean
    wrong = blob(tmp_path, texts[59][1])
    data = bytearray(wrong.read_bytes())
    data[-1] ^= 1
    wrong.write_bytes(data)
    report = verify(Store(tmp_path))
    assert [finding.path for finding in report.findings] == [wrong]
    assert report.blobs == 62


def test_a_size_and_time_that_fit_prove_nothing(root: Path) -> None:
    path = blob(root, SYSTEM)
    time = path.stat().st_mtime_ns
    flip_a_bit(path)
    os.utime(path, ns=(time, time))
    assert not verify(Store(root)).whole


@pytest.mark.parametrize("name", ["m", "M:LATEST", "registry.ollama.ai/library/m"])
def test_only_the_named_model(name: str, root: Path) -> None:
    blob(root, OTHER_SYSTEM).unlink()
    put_blob(root, b"nobody's")
    unreadable_beside(root)
    report = verify(Store(root), [ModelName.parse(name), ModelName.parse("m")])
    assert report.clean
    assert [found.short for found in report.models] == ["m:latest"]
    assert report.blobs == 3


def test_a_named_model_with_a_broken_manifest(root: Path) -> None:
    unreadable_beside(root)
    report = verify(Store(root), [ModelName.parse("broken")])
    assert [finding.kind for finding in report.about(ModelName.parse("broken"))] == [FindingKind.UNREADABLE_MANIFEST]


def test_a_missing_name_is_known_before_anything_is_read(root: Path) -> None:
    observer = Noting()
    with pytest.raises(ModelNotFound, match="model 'nope:latest' not found"):
        verify(Store(root), [ModelName.parse("m"), ModelName.parse("nope")], observer=observer)
    assert observer.total == 0


def test_a_model_replaced_meanwhile(root: Path) -> None:
    def replace() -> None:
        blob(root, SYSTEM).unlink()
        put_model(root, "m", (LayerKind.SYSTEM, b"new"))

    report = verify(Store(root), observer=Noting(replace))
    assert [(finding.kind, finding.path) for finding in report.findings] == [(FindingKind.CHANGED, manifest(root))]
    assert report.whole
    assert not report.clean


def test_a_model_removed_meanwhile(root: Path) -> None:
    def remove() -> None:
        manifest(root).unlink()
        blob(root, SYSTEM).unlink()

    report = verify(Store(root), observer=Noting(remove))
    assert [finding.kind for finding in report.findings] == [FindingKind.CHANGED]


def test_a_blob_that_finds_its_model_meanwhile_is_no_orphan(root: Path) -> None:
    put_blob(root, b"late")
    report = verify(Store(root), observer=Noting(lambda: put_model(root, "late", (LayerKind.SYSTEM, b"late"))))
    assert report.clean


def test_an_orphan_removed_meanwhile_is_nothing(root: Path) -> None:
    orphan = put_blob(root, b"nobody's")
    assert verify(Store(root), observer=Noting(orphan.unlink)).clean


def test_a_running_packllama_is_nothing_unfinished(root: Path) -> None:
    (root / ".packllama/work/0123456789abcdef").mkdir(parents=True)
    (root / ".packllama/locks").mkdir()
    lock = root / ".packllama/locks/work-0123456789abcdef"
    with held(lock, holder="a test", exclusive=True, stop=Stop()):
        assert verify(Store(root)).clean
    assert [finding.kind for finding in verify(Store(root)).findings] == [FindingKind.UNFINISHED]


def test_stopping(root: Path) -> None:
    stop = Stop()
    with pytest.raises(Cancelled):
        verify(Store(root), observer=Noting(stop.set), stop=stop)


def test_an_error_in_a_thread_is_not_lost(root: Path) -> None:
    class Failing(SilentObserver):
        def advanced(self, count: int) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        verify(Store(root), observer=Failing())


def test_a_disk_that_went_away(root: Path) -> None:
    """The names were read, then the stick was pulled: every blob is told, nothing is raised."""
    report = verify(Store(root), observer=Noting(lambda: shutil.rmtree(root / "blobs")))
    assert [finding.kind for finding in report.findings] == [FindingKind.MISSING] * 4
