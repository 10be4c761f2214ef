"""Which models are stubs of remote ones."""

from pathlib import Path

from packllama.manifest import LayerKind
from packllama.name import ModelName
from packllama.places.store import Store, is_remote
from tests.unit.stores import put_manifest, put_model


def test_a_stub_has_no_weights_and_a_config_that_says_so(tmp_path: Path) -> None:
    stub = put_model(tmp_path, "stub", (LayerKind.SYSTEM, b"x"), config=b'{"remote_model":"gpt-oss:20b"}')
    put_model(tmp_path, "model", config=b'{"remote_model":"gpt-oss:20b"}')
    put_manifest(tmp_path, "lost", b'{"config":{"digest":"sha256:' + b"0" * 64 + b'","size":1}}')
    stub.write_bytes(stub.read_bytes().replace(b"image.model", b"image.license"))
    store = Store(tmp_path)
    remote = {name: is_remote(store, store.model(ModelName.parse(name))) for name in ("stub", "model", "lost")}
    assert remote == {"stub": True, "model": False, "lost": False}
