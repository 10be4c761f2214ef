"""Where files came from, and what such links say."""

import os
from pathlib import Path

import pytest

from packllama.places.loose.origin import SIDECAR, digest_in, is_registrys, name_in, origins

HEX = "44d3" * 16


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("https://registry.ollama.ai/v2/library/gemma3/manifests/12b-it-qat", "gemma3:12b-it-qat"),
        ("https://registry.ollama.ai:443/v2/library/gemma3/manifests/latest?x=1#y", "gemma3:latest"),
        ("https://HF.co/v2/me/Repo-GGUF/manifests/Q4_K_M", "hf.co/me/Repo-GGUF:Q4_K_M"),
        ("http://user:secret@localhost:5000/v2/me/m/manifests/t", "localhost:5000/me/m:t"),
        ("https://host/v2/me/m/manifests/t%3A1", None),
        ("https://host/v2/me/m/manifests/..", None),
        ("https://host/v2/me/m/blobs/t", None),
        ("https://host/v2/a/b/c/manifests/t", None),
        ("file:///v2/me/m/manifests/t", None),
        ("https://[/v2/me/m/manifests/t", None),
        ("https://host/v2/me/m/manifests/" + "t" * 10_000, None),
        ("nonsense", None),
    ],
)
def test_name_in(link: str, name: str | None) -> None:
    found = name_in(link)
    assert (found and found.short) == name


@pytest.mark.parametrize(
    ("link", "found"),
    [
        (f"https://registry.ollama.ai/v2/library/gemma3/blobs/sha256:{HEX}", True),
        (f"https://registry.ollama.ai/v2/library/gemma3/blobs/sha256%3A{HEX}", True),
        (f"https://x.r2.cloudflarestorage.com/ollama/docker/registry/v2/blobs/sha256/44/{HEX}/data?X=1", True),
        (f"https://host/{HEX}", False),
        (f"https://host/sha256:{HEX}00", False),
        (f"https://host/?sha256:{HEX}", False),
    ],
)
def test_digest_in(link: str, found: bool) -> None:
    digest = digest_in(link)
    assert (digest is not None) == found
    assert digest is None or digest.hex == HEX


def test_registrys() -> None:
    assert is_registrys("https://host/v2/me/m/manifests/t")
    assert not is_registrys("https://host/page")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_file_beside_it(tmp_path: Path, encoding: str) -> None:
    zone = tmp_path / "x:Zone.Identifier"
    zone.write_bytes(
        "[ZoneTransfer]\r\nZoneId=3\r\nReferrerUrl=https://page/\r\nHostUrl=https://host/v2/\r\n".encode(encoding)
    )
    assert list(origins(str(tmp_path / "x"), sidecar=str(zone))) == ["https://host/v2/", "https://page/"]


@pytest.mark.parametrize("content", [b"", b"\0" * 1000, b"HostUrl=\r\n", b"\xff" * 100, b"HostUrl=x\n" * 100_000])
def test_a_file_beside_it_that_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "zone").write_bytes(content)
    assert list(origins(str(tmp_path / "x"), sidecar=str(tmp_path / "zone"))) == []


def test_attributes(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"")
    assert list(origins(str(file), sidecar=None)) == []
    os.setxattr(file, "user.xdg.referrer.url", b"https://page/")
    os.setxattr(file, "user.xdg.origin.url", b"https://host/1\n")
    os.setxattr(file, "user.Zone.Identifier", b"[ZoneTransfer]\nHostUrl=https://host/2\n")
    assert list(origins(str(file), sidecar=None)) == ["https://host/2", "https://host/1", "https://page/"]


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("a/x:Zone.Identifier", "a/x"),
        ("a/x\uf03aZone.Identifier", "a/x"),
        ("a/x:Zone.Identifier:$DATA", "a/x"),
        ("a/x\ny:Zone.Identifier", "a/x\ny"),
        ("a/Zone.Identifier", None),
    ],
)
def test_sidecars(path: str, file: str | None) -> None:
    match = SIDECAR.fullmatch(path)
    assert (match and match["file"]) == file
