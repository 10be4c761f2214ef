"""The key of this machine: read and made as Ollama does, shown in part, replaced never."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import BadInput, MissingFile, NotSupported, UsageError
from packllama.places.registry.key import PublicKey, make_key, read_key
from tests.unit.places.registry.keys import put_key

LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_public_part(tmp_path: Path) -> None:
    public = PublicKey.of(read_key(put_key(tmp_path)))
    assert (public.line, len(public.raw)) == (LINE, 32)


def test_a_new_key_has_ollamas_form_and_rights(tmp_path: Path) -> None:
    path = tmp_path / ".ollama" / "id_ed25519"
    previous = os.umask(0o002)
    try:
        public = make_key(path)
    finally:
        os.umask(previous)
    assert PublicKey.of(read_key(path)) == public
    first, *lines, last = path.read_text().removesuffix("\n").split("\n")
    assert (first, last) == ("-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----")
    assert {len(line) for line in lines[:-1]} == {64}
    assert path.with_suffix(".pub").read_text() == f"{public.line}\n"
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (path, path.with_suffix(".pub"))]
    assert modes == [0o600, 0o644]
    assert names(path.parent) == ["id_ed25519", "id_ed25519.pub"]


def test_openssh_reads_it(tmp_path: Path, need_program: Callable[[str, str], str]) -> None:
    keygen = need_program("ssh-keygen", "openssh-client")
    public = make_key(tmp_path / "id_ed25519")
    words = (["-y", "-f"], ["-l", "-f"])
    shown = [subprocess.check_output([keygen, *each, tmp_path / "id_ed25519"], text=True) for each in words]
    assert shown[0].split()[:2] == public.line.split()
    assert shown[1].split()[:2] == ["256", public.fingerprint]


@pytest.mark.parametrize("name", ["id_ed25519", "id_ed25519.pub"])
@pytest.mark.parametrize("make", [lambda path: path.write_bytes(b"mine"), lambda path: path.symlink_to("nowhere")])
def test_what_is_there_is_never_replaced(name: str, make: Callable[[Path], object], tmp_path: Path) -> None:
    make(tmp_path / name)
    with pytest.raises(UsageError):
        make_key(tmp_path / "id_ed25519")
    assert names(tmp_path) == [name]


def test_one_that_comes_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "id_ed25519"

    def late(source: Path, target: Path) -> bool:
        path.write_bytes(b"ollama's")
        return False

    monkeypatch.setattr("packllama.places.registry.key.link", late)
    with pytest.raises(UsageError, match="no key is ever replaced"):
        make_key(path)
    assert (names(tmp_path), path.read_bytes()) == (["id_ed25519"], b"ollama's")


def test_two_keys_differ(tmp_path: Path) -> None:
    assert make_key(tmp_path / "one") != make_key(tmp_path / "two")


def test_no_such_key(tmp_path: Path) -> None:
    with pytest.raises(MissingFile) as caught:
        read_key(tmp_path / "none")
    assert "packllama key --new" in caught.value.hint
    with pytest.raises(BadInput, match="Ed25519"):
        read_key(put_key(tmp_path, kind="ecdsa"))


@pytest.mark.parametrize("verb", [read_key, make_key])
def test_without_the_extra(verb: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put_key(tmp_path)
    if verb is make_key:
        path = Path(shutil.copytree(tmp_path, tmp_path / "other", ignore=shutil.ignore_patterns("*"))) / "id_ed25519"
    for module in ("cryptography.hazmat.primitives.serialization", "cryptography.hazmat.primitives"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(NotSupported) as caught:
        verb(path)
    assert "packllama[sign]" in caught.value.hint
