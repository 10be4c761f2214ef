"""A model's layers as files."""

from pathlib import Path

from packllama.describe import layer_files
from packllama.manifest import LayerKind
from packllama.name import ModelName
from packllama.places.store import Store
from tests.unit.stores import TINY_GGUF, put_blob, put_manifest, put_model


def test_layers_then_config_and_who_shares_them(tmp_path: Path) -> None:
    for name in ("a", "me/b:c"):
        put_model(tmp_path, name, (LayerKind.SYSTEM, name.encode()))
    put_manifest(tmp_path, "broken", b"{")
    store = Store(tmp_path)
    files = layer_files(store, store.model(ModelName.parse("a")))
    assert [file.what for file in files] == ["model", "system", "config"]
    assert [[name.short for name in file.shared_with] for file in files] == [["me/b:c"], [], ["me/b:c"]]
    assert tmp_path / files[0].path == put_blob(tmp_path, TINY_GGUF)
