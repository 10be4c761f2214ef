"""Where things are in a store."""

from pathlib import Path

from packllama.digest import Digest
from packllama.name import ModelName
from packllama.places.store.layout import Layout


def test_paths() -> None:
    layout = Layout(Path("/s"))
    digest = Digest.of(b"")
    assert layout.blob(digest) == Path(f"/s/blobs/sha256-{digest.hex}")
    assert layout.manifest(ModelName.parse("Me/m:T")) == Path("/s/manifests/registry.ollama.ai/Me/m/T")
    assert layout.manifest(ModelName.parse("h:5000/n/m")) == Path("/s/manifests/h:5000/n/m/latest")
    assert layout.newer_manifests == Path("/s/manifests-v2")
    assert [layout.version_file, layout.locks, layout.work] == [
        Path("/s/.packllama") / part for part in ("version", "locks", "work")
    ]
