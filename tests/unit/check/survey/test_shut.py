"""What somebody may not look into: it is told, the rest is checked, and nothing is called unused."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from packllama.base.errors import ModelNotFound
from packllama.check.finding import FindingKind as K
from packllama.check.survey.in_manifests import look_into_manifests
from packllama.check.verify.verify import VerifyReport, verify
from packllama.name import ModelName
from packllama.places.store import Store
from packllama.places.store.layout import Layout
from tests.unit.check.damages import ORPHAN, manifest, two_models
from tests.unit.check.disorder import LIBRARY
from tests.unit.stores import put_blob

M, OTHER = ModelName.parse("m"), ModelName.parse("me/other:7b")
SOMEBODY = 23456

pytestmark = pytest.mark.usefixtures("need_root")


@pytest.fixture
def root() -> Iterator[Path]:
    """A store that is somebody's, in a folder into which they may look; pytest's own are for their owner alone."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        root = Path(name, "store")
        root.mkdir()
        two_models(root)
        put_blob(root, ORPHAN)
        (root / ".packllama/work").mkdir(parents=True)
        for path in [root, *root.rglob("*")]:
            os.chown(path, SOMEBODY, SOMEBODY)
        yield root


@contextmanager
def as_somebody() -> Iterator[None]:
    os.seteuid(SOMEBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def seen(root: Path, *names: ModelName) -> VerifyReport:
    with as_somebody():
        return verify(Store(root), names)


def kinds(report: VerifyReport) -> list[K]:
    return [finding.kind for finding in report.findings]


@pytest.mark.parametrize("names", [(), (M,)], ids=str)
def test_a_manifest(names: tuple[ModelName, ...], root: Path) -> None:
    manifest(root).chmod(0)
    report = seen(root, *names)
    assert kinds(report)[:2] == [K.FORBIDDEN, K.WRONG_MODE]
    assert report.forbidden == {M}
    assert report.broken == set()
    assert M in report.models
    forbidden, mode, *others = report.findings
    assert forbidden.hint == "Verify it as a user who may read it."
    assert mode.hint.endswith(f": sudo chmod u+r {manifest(root)}")
    assert {finding.kind for finding in others} <= {K.CANNOT_TELL}


@pytest.mark.parametrize("shut", ["manifests", "manifests/registry.ollama.ai", LIBRARY, f"{LIBRARY}/m"])
@pytest.mark.parametrize("mode", [0o000, 0o400])
def test_a_folder_of_manifests(shut: str, mode: int, root: Path) -> None:
    (root / shut).chmod(mode)
    report = seen(root)
    assert {K.FORBIDDEN, K.WRONG_MODE, K.CANNOT_TELL} == set(kinds(report))
    assert (K.FORBIDDEN, root / shut) in [(finding.kind, finding.path) for finding in report.findings]
    assert any(finding.hint.endswith(f"chmod u+rwx {root / shut}") for finding in report.findings)
    with as_somebody():
        assert look_into_manifests(Layout(root)).misplaced == [root / shut]


@pytest.mark.parametrize("shut", ["blobs", ".packllama", ".packllama/work", f"{LIBRARY}/m"])
def test_the_rest_is_checked(shut: str, root: Path) -> None:
    (root / shut).chmod(0)
    report = seen(root)
    assert {K.FORBIDDEN, K.WRONG_MODE} <= set(kinds(report))
    assert OTHER in report.models
    of_other = seen(root, OTHER)
    assert of_other.clean == (shut != "blobs")
    assert of_other.broken == set()


def test_a_model_in_a_folder_that_is_shut(root: Path) -> None:
    manifest(root).parent.chmod(0)
    assert seen(root, M).forbidden == {M}
    with pytest.raises(ModelNotFound):
        seen(root, ModelName.parse("nope"))


def test_a_file_too_high_that_may_be_a_manifest(root: Path) -> None:
    path = root / "manifests" / "notes"
    path.write_bytes(b"anything")
    path.chmod(0)
    with as_somebody():
        assert look_into_manifests(Layout(root)).misplaced == [path]
