"""Which model a manifest is of, and which blob a file is, by names alone."""

import pytest

from packllama.places.loose.naming import (
    digest_from_file_name,
    is_blob_of_store,
    is_manifest_of_store,
    name_at,
    name_from_file_name,
)

HEX = "44" * 32


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/mnt/stick/manifests/registry.ollama.ai/library/gemma3/12b", "gemma3:12b"),
        ("manifests/hf.co/me/Repo-GGUF/Q4_K_M", "hf.co/me/Repo-GGUF:Q4_K_M"),
        ("models/manifests/registry.ollama.ai/library/gemma3:12b-it-qat", "gemma3:12b-it-qat"),
        ("models/manifests/registry.ollama.ai/me/gemma3\uf03a12b", "me/gemma3:12b"),
        ("dl/registry.ollama.ai/v2/library/gemma3/manifests/12b", "gemma3:12b"),
        ("dl/localhost:5000/v2/me/m/manifests/latest", "localhost:5000/me/m:latest"),
        ("dl/localhost%3A5000/v2/me/m/manifests/latest", "localhost:5000/me/m:latest"),
        ("manifests/registry.ollama.ai/library/gemma3", None),
        ("manifests/registry.ollama.ai/library/gemma3/12b/more", None),
        ("manifests/../library/gemma3/12b", None),
        ("manifests/host/ns/mo del/tag", None),
        ("manifests/host/ns/\x1b[31m/tag", None),
        ("12b-it-qat", None),
        ("manifest", None),
    ],
)
def test_name_at(path: str, name: str | None) -> None:
    found = name_at(path)
    assert (found and found.short) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("dl/gemma3:12b-it-qat", "gemma3:12b-it-qat"),
        ("dl/gemma3:12b-it-qat (1)", "gemma3:12b-it-qat"),
        ("dl/gemma3:12b-it-qat.json", "gemma3:12b-it-qat"),
        ("dl/gemma3\uf03a12b", "gemma3:12b"),
        ("manifests/gemma3:12b", "gemma3:12b"),
        ("manifests/me/gemma3:12b", None),  # the namespace would be lost
        ("dl/me_gemma3:12b", None),
        ("dl/gemma3_12b", None),
        ("dl/gemma3", None),
        ("dl/gemma3:", None),
        ("dl/:12b", None),
        (f"dl/sha256:{HEX}", None),
        ("dl/a:b:c", None),
    ],
)
def test_name_from_file_name(path: str, name: str | None) -> None:
    found = name_from_file_name(path)
    assert (found and found.short) == name


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (f"sha256:{HEX}", True),
        (f"sha256_{HEX} (1).bin", True),
        (f"sha256-{HEX.upper()}", True),
        (f"sha256%3A{HEX}", True),
        (HEX, True),
        (f"{HEX}0", False),
        (f"{HEX}-{HEX}", False),
        (HEX[1:], False),
        ("data", False),
    ],
)
def test_digest_from_file_name(name: str, found: bool) -> None:
    digest = digest_from_file_name(name)
    assert (digest is not None) == found
    assert digest is None or digest.hex == HEX


@pytest.mark.parametrize(
    ("path", "manifest", "blob"),
    [
        ("/s/manifests/h/n/m/t", True, False),
        ("/s/manifests/h/n/m:t", False, False),
        ("/s/manifests/h/n/m/.t", False, False),
        (f"/s/blobs/sha256-{HEX}", False, True),
        (f"/s/blobs/sha256:{HEX}", False, False),
        (f"/s/more/blobs/sha256-{HEX}", False, False),
        (f"/t/blobs/sha256-{HEX}", False, False),
    ],
)
def test_what_is_the_stores(path: str, manifest: bool, blob: bool) -> None:
    assert is_manifest_of_store(path, "/s") == manifest
    assert is_blob_of_store(path, "/s/") == blob
