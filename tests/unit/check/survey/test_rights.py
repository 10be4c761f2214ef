"""Whose files they are, and what their modes let the store's owner do."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from packllama.check.finding import Finding
from packllama.check.verify.verify import verify
from packllama.name import ModelName
from packllama.places.store import Store
from tests.unit.check.damages import SYSTEM, K, blob, manifest, two_models

pytestmark = pytest.mark.usefixtures("need_root")

OWNER, GROUP, STRANGER = 12345, 12346, 23456
# A user and group that every Debian, Fedora and Alpine has.
DAEMON = 1


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "a 'store'"
    root.mkdir()
    two_models(root)
    give(root, OWNER, GROUP)
    return root


def give(root: Path, user: int, group: int) -> None:
    for path in [root, *root.rglob("*")]:
        os.chown(path, user, group, follow_symlinks=False)


def findings(root: Path) -> tuple[Finding, ...]:
    return verify(Store(root), quick=True).findings


def cure(finding: Finding) -> None:
    """Do what the hint says, as root."""
    subprocess.run(shlex.split(finding.hint.partition("sudo ")[2]), check=True)


def test_a_store_of_one_owner(root: Path) -> None:
    assert findings(root) == ()


def test_one_file_of_a_stranger(root: Path) -> None:
    os.chown(blob(root, SYSTEM), STRANGER, -1)
    (finding,) = findings(root)
    assert (finding.kind, finding.path) == (K.WRONG_OWNER, blob(root, SYSTEM))
    assert finding.message == f"belongs to {STRANGER}, the store to {OWNER}"
    path = shlex.quote(str(finding.path))
    assert finding.hint.endswith(f": sudo chown -h {OWNER}:{GROUP} {path}")
    cure(finding)
    assert findings(root) == ()


def test_several_of_two_strangers(root: Path) -> None:
    for path in (root / "blobs").iterdir():
        os.chown(path, 0, 0)
    os.chown(manifest(root), STRANGER, STRANGER)
    first, second = findings(root)
    assert first.message == f"belongs to root, the store to {OWNER}; 3 more like it"
    assert first.hint.endswith(f"sudo chown -Rh {OWNER}:{GROUP} {shlex.quote(str(root))}")
    assert (second.kind, second.path) == (K.WRONG_OWNER, manifest(root))
    cure(first)
    assert findings(root) == ()


def test_users_and_groups_that_have_names(root: Path) -> None:
    give(root, DAEMON, DAEMON)
    os.chown(root / "manifests", 0, 0)
    (finding,) = findings(root)
    assert finding.message == "belongs to root, the store to daemon"
    assert "sudo chown -h daemon:daemon " in finding.hint


def test_a_folder_that_root_made_for_them(root: Path) -> None:
    """A disk's own folder, say: whose store it is, those in it tell."""
    os.chown(root, 0, 0)
    assert findings(root) == ()
    os.chown(manifest(root), 0, 0)
    (finding,) = findings(root)
    assert (finding.path, finding.message) == (manifest(root), f"belongs to root, the store to {OWNER}")


@pytest.mark.parametrize("mode", [0o000, 0o200, 0o044])
def test_a_file_that_may_not_be_read(root: Path, mode: int) -> None:
    blob(root, SYSTEM).chmod(mode)
    (finding,) = findings(root)
    assert (finding.kind, finding.path) == (K.WRONG_MODE, blob(root, SYSTEM))
    assert finding.message == f"its mode {mode:04o} does not let {OWNER} read it"
    cure(finding)
    assert findings(root) == ()


def test_a_manifest_that_may_not_be_read(root: Path) -> None:
    manifest(root).chmod(0o000)
    (finding,) = findings(root)
    assert "Ollama's clean-up is off" in finding.message


@pytest.mark.parametrize("mode", [0o055, 0o500, 0o600, 0o300])
def test_folders_that_may_not_be_written(root: Path, mode: int) -> None:
    for path in (root / "blobs", manifest(root).parent):
        path.chmod(mode)
    (finding,) = findings(root)
    assert (finding.kind, finding.path) == (K.WRONG_MODE, root / "blobs")
    assert finding.message == f"its mode {mode:04o} does not let {OWNER} read and write it; 1 more like it"
    cure(finding)
    assert findings(root) == ()


def test_folders_of_packllamas_own(root: Path) -> None:
    (root / ".packllama/hashes").mkdir(parents=True)
    (finding,) = findings(root)
    assert (finding.kind, finding.path) == (K.WRONG_OWNER, root / ".packllama")
    assert finding.message.endswith("; 1 more like it")


def test_names_look_at_their_own_files_only(root: Path) -> None:
    os.chown(blob(root, SYSTEM), STRANGER, -1)
    kinds = {
        name: [f.kind for f in verify(Store(root), [ModelName.parse(name)]).findings] for name in ("m", "me/other:7b")
    }
    assert kinds == {"m": [K.WRONG_OWNER], "me/other:7b": []}
