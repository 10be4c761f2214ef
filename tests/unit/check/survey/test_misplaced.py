"""Which files may be manifests, and how far they are looked for."""

from pathlib import Path

import pytest

from packllama.check.survey.entries import entries
from packllama.check.survey.misplaced import may_be_manifest, may_hold_manifests

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("name", "data", "may_be"),
    [
        ("m.json", f'{{"layers":[{{"digest":"{DIGEST}"}}]}}'.encode(), True),
        ("m.json", f'{{"layers":[{{"digest":"{DIGEST}"'.encode(), True),
        ("m.txt", DIGEST.encode("utf-16"), True),
        ("m.json", bytes(5 << 20), True),
        ("m.json", b"{}", False),
        ("README", b"Models of the team.", False),
        ("empty", b"", False),
        (".DS_Store", DIGEST.encode(), False),
    ],
)
def test_a_file(name: str, data: bytes, may_be: bool, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    assert may_be_manifest(*entries(tmp_path)) == may_be


def test_a_link_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/zero")
    assert may_be_manifest(*entries(tmp_path))


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a/b/c").mkdir(parents=True)
    assert may_hold_manifests(tmp_path, root=tmp_path) == []
    (tmp_path / "a/b/c/m").write_text(DIGEST)
    (tmp_path / "a/up").symlink_to("..")
    assert may_hold_manifests(tmp_path, root=tmp_path) == [tmp_path / "a/up", tmp_path / "a/b/c/m"]


def test_a_folder_of_too_much(tmp_path: Path) -> None:
    for number in range(1001):
        (tmp_path / str(number)).touch()
    assert may_hold_manifests(tmp_path, root=tmp_path) == [tmp_path]


def test_a_folder_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/all").symlink_to("/")
    proc = tmp_path / "root/all/proc"
    assert may_hold_manifests(proc, root=tmp_path / "root") == [proc]
