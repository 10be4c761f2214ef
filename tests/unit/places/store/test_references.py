"""Which blobs are in use, and when that cannot be known."""

from pathlib import Path

import pytest

from packllama.base.errors import PackLlamaError
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.name import ModelName
from packllama.places.store import Store
from packllama.places.store.references import referenced
from tests.unit.stores import TINY_CONFIG, TINY_GGUF, put_manifest, put_model


def test_all_digests_of_all_manifests(tmp_path: Path) -> None:
    put_model(tmp_path, "a", (LayerKind.SYSTEM, b"one"))
    put_model(tmp_path, "h/n/b", (LayerKind.SYSTEM, b"two"))
    shared = {Digest.of(TINY_GGUF), Digest.of(TINY_CONFIG), Digest.of(b"two")}
    store = Store(tmp_path)
    assert referenced(store) == shared | {Digest.of(b"one")}
    assert referenced(store, besides=ModelName.parse("a")) == shared


def test_an_empty_store_uses_nothing(tmp_path: Path) -> None:
    assert referenced(Store(tmp_path)) == frozenset()


@pytest.mark.parametrize("kind", ["corrupt", "empty", "stray", "dangling", "dangling host", "newer layout"])
def test_doubt(tmp_path: Path, kind: str) -> None:
    folder = put_model(tmp_path, "a").parent
    if kind == "newer layout":
        (tmp_path / "manifests-v2").mkdir()
    elif kind == "stray":
        (folder / ".DS_Store").touch()
    elif kind == "dangling":
        (folder / "link").symlink_to("nowhere")
    elif kind == "dangling host":
        (tmp_path / "manifests/h").symlink_to("nowhere")
    else:
        put_manifest(tmp_path, "b", b"" if kind == "empty" else b"{")
    with pytest.raises(PackLlamaError) as caught:
        referenced(Store(tmp_path))
    assert caught.value.where.startswith(str(tmp_path))
