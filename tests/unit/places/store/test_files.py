"""The files of models: all of them, each once, data before names."""

import os
from pathlib import Path

import pytest

from packllama.base.errors import IntegrityError, InvalidManifest, ModelNotFound, PackLlamaError
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.name import ModelName
from packllama.places.store import Store, StoreFile, model_files
from tests.unit.stores import TINY_CONFIG, TINY_GGUF, put_blob, put_manifest, put_model, snapshot

MANIFESTS = Path("manifests/registry.ollama.ai")


def blob(data: bytes) -> StoreFile:
    return StoreFile(Path("blobs", Digest.of(data).file_name), len(data))


def files(root: Path, *names: str) -> tuple[StoreFile, ...]:
    return model_files(Store(root), [ModelName.parse(name) for name in names])


def test_blobs_in_the_manifest_s_order_then_the_manifest(tmp_path: Path) -> None:
    path = put_model(tmp_path, "a", (LayerKind.SYSTEM, b"text"))
    manifest = StoreFile(MANIFESTS / "library/a/latest", path.stat().st_size)
    assert files(tmp_path, "A") == (blob(TINY_GGUF), blob(b"text"), blob(TINY_CONFIG), manifest)


def test_all_blobs_before_all_manifests_and_each_once(tmp_path: Path) -> None:
    put_model(tmp_path, "a", (LayerKind.SYSTEM, b"text"), (LayerKind.LICENSE, b"text"))
    put_model(tmp_path, "me/b:7b", (LayerKind.SYSTEM, b"other"))
    put_model(tmp_path, "unasked", (LayerKind.SYSTEM, b"nobody wants this"))
    found = [file.path for file in files(tmp_path, "me/b:7b", "a", "a:latest", "A")]
    assert found == [
        blob(TINY_GGUF).path,
        blob(b"other").path,
        blob(TINY_CONFIG).path,
        blob(b"text").path,
        MANIFESTS / "me/b/7b",
        MANIFESTS / "library/a/latest",
    ]


@pytest.mark.parametrize(
    ("name", "error"),
    [("nope", ModelNotFound), ("broken", InvalidManifest), ("holey", IntegrityError), ("short", IntegrityError)],
)
def test_no_list_of_what_is_not_whole(name: str, error: type[PackLlamaError], tmp_path: Path) -> None:
    put_model(tmp_path, "a")
    put_manifest(tmp_path, "broken", b"{")
    put_model(tmp_path, "holey", (LayerKind.SYSTEM, b"gone"))
    put_blob(tmp_path, b"gone").unlink()
    put_model(tmp_path, "short", (LayerKind.SYSTEM, b"cut short"))
    os.truncate(put_blob(tmp_path, b"cut short"), 3)
    before = snapshot(tmp_path)
    with pytest.raises(error):
        files(tmp_path, "a", name)
    assert snapshot(tmp_path) == before
