"""The signature by which a registry knows who asks."""

import sys
from pathlib import Path

import pytest

from packllama.base.errors import AccessDenied, MissingFile
from packllama.places.registry.signature import authorization
from tests.unit.places.registry.keys import put_key

URL = (
    "https://reg.example/token?nonce=AAECAwQFBgcICQoLDA0ODw&scope=repository%3Ans%2Fm%3Apull"
    "&scope=repository%3Ans%2Fm%3Apush&service=svc&ts=1700000000"
)
PUBLIC = "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
SIGNATURE = "wzIiGT+jjlW8UXcD3CHW/M96jnapaJSY3ijg8rddHkWvdulnJFKLCW0xZh530vKRUkvbRUBmgd3t3UTNaaSdCQ=="


def test_the_signature_that_ollama_makes(tmp_path: Path) -> None:
    assert authorization(URL, key=put_key(tmp_path)) == f"{PUBLIC}:{SIGNATURE}"


def test_without_a_key(tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        authorization(URL, key=tmp_path / "none")


@pytest.mark.parametrize("content", [b"", b"text", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"])
def test_what_is_no_key(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(AccessDenied, match="Ed25519"):
        authorization(URL, key=path)


def test_a_key_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(AccessDenied, match="Ed25519"):
        authorization(URL, key=put_key(tmp_path, kind="ecdsa"))


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put_key(tmp_path)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.serialization", None)
    with pytest.raises(AccessDenied) as caught:
        authorization(URL, key=path)
    assert "packllama[sign]" in caught.value.hint
