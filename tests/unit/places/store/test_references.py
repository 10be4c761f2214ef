"""Which blobs are in use, and when that cannot be known."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from packllama.base.errors import MachineError, PackLlamaError
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


@pytest.mark.parametrize(
    "kind", ["corrupt", "empty", "stray", "dangling", "dangling host", "newer layout", "newer layout elsewhere"]
)
def test_doubt(tmp_path: Path, kind: str) -> None:
    folder = put_model(tmp_path, "a").parent
    if kind == "newer layout":
        (tmp_path / "manifests-v2").mkdir()
    elif kind == "newer layout elsewhere":
        (tmp_path / "manifests-v2").symlink_to("not-mounted")
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


class Unseen:
    """An entry of a folder that the disk fails to describe."""

    def __init__(self, entry: os.DirEntry[str]) -> None:
        self._entry = entry
        self.name, self.path = entry.name, entry.path

    def is_symlink(self) -> bool:
        return self._entry.is_symlink()

    def is_dir(self) -> bool:
        if self.name == "other":
            raise OSError(errno.EIO, "Input/output error", self.path)
        return self._entry.is_dir()


def test_a_folder_that_cannot_be_looked_at_hides_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else rm would take the blobs behind it for unused."""
    put_model(tmp_path, "a")
    put_model(tmp_path, "other")
    scandir = os.scandir

    @contextlib.contextmanager
    def failing(path: str) -> Iterator[list[Unseen]]:
        with scandir(path) as entries:
            yield [Unseen(entry) for entry in entries]

    monkeypatch.setattr(os, "scandir", failing)
    with pytest.raises(MachineError, match="Input/output error"):
        referenced(Store(tmp_path))
