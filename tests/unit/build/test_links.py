"""Links and special files in a store: read through, never written or removed through, never waited for.

One table: which part of the store is replaced by what, and what listing, showing, creating and removing then do.
"""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from packllama.base.errors import PackLlamaError
from packllama.base.stop import Stop
from packllama.build import create
from packllama.describe import describe
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.modelfile import Modelfile
from packllama.name import ModelName
from packllama.places.store import Store, remove_model
from packllama.places.store.layout import Layout
from tests.unit.stores import TINY_GGUF, put_model, snapshot

ONE = ModelName.parse("one")
SYSTEM = b"only in one"

# What list, show, create and rm do: "ok", or the error's kind, or for list the number of models and of broken ones.
EXPECTED = {
    ("root", "link"): ("2 0", "ok", "ok", "ok"),
    ("root", "dangling"): ("0 0", "model-not-found", "machine-error", "model-not-found"),
    ("root", "loop"): ("bad-input", "bad-input", "machine-error", "bad-input"),
    ("root", "pipe"): ("missing-file", "missing-file", "machine-error", "missing-file"),
    ("root", "folder"): ("0 0", "model-not-found", "ok", "model-not-found"),
    ("blobs", "inside"): ("2 0", "ok", "machine-error", "machine-error"),
    ("blobs", "outside"): ("2 0", "ok", "machine-error", "machine-error"),
    ("blobs", "dangling"): ("2 0", "integrity-error", "machine-error", "machine-error"),
    ("blobs", "loop"): ("2 0", "bad-input", "machine-error", "machine-error"),
    ("blobs", "pipe"): ("2 0", "missing-file", "machine-error", "machine-error"),
    ("blobs", "folder"): ("2 0", "integrity-error", "ok", "ok"),
    ("blob", "inside"): ("2 0", "ok", "ok", "ok"),
    ("blob", "outside"): ("2 0", "ok", "ok", "ok"),
    ("blob", "dangling"): ("2 0", "integrity-error", "ok", "ok"),
    ("blob", "loop"): ("2 0", "bad-input", "ok", "ok"),
    ("blob", "pipe"): ("2 0", "integrity-error", "ok", "ok"),
    ("blob", "folder"): ("2 0", "integrity-error", "bad-input", "ok"),
    ("manifests", "inside"): ("2 0", "ok", "machine-error", "machine-error"),
    ("manifests", "outside"): ("2 0", "ok", "machine-error", "machine-error"),
    ("manifests", "dangling"): ("missing-file", "missing-file", "machine-error", "missing-file"),
    ("manifests", "loop"): ("bad-input", "bad-input", "machine-error", "bad-input"),
    ("manifests", "pipe"): ("missing-file", "missing-file", "machine-error", "missing-file"),
    ("manifests", "folder"): ("0 0", "model-not-found", "ok", "model-not-found"),
    ("host", "inside"): ("2 0", "ok", "machine-error", "machine-error"),
    ("host", "outside"): ("2 0", "ok", "machine-error", "machine-error"),
    ("host", "dangling"): ("0 0", "model-not-found", "missing-file", "model-not-found"),
    ("host", "loop"): ("0 0", "bad-input", "bad-input", "model-not-found"),
    ("host", "pipe"): ("0 0", "model-not-found", "machine-error", "model-not-found"),
    ("host", "folder"): ("0 0", "model-not-found", "ok", "model-not-found"),
    ("tag", "inside"): ("2 0", "ok", "ok", "ok"),
    ("tag", "outside"): ("2 0", "ok", "ok", "ok"),
    ("tag", "dangling"): ("1 1", "model-not-found", "ok", "ok"),
    ("tag", "loop"): ("1 1", "bad-input", "bad-input", "ok"),
    ("tag", "pipe"): ("1 1", "bad-input", "bad-input", "ok"),
    ("tag", "folder"): ("1 0", "bad-input", "bad-input", "bad-input"),
}


@pytest.fixture(autouse=True)
def no_hanging() -> Iterator[None]:
    """Whoever waits for a pipe that nobody writes into fails."""

    def fail(_number: int, _frame: FrameType | None) -> None:
        pytest.fail("it hangs")

    previous = signal.signal(signal.SIGALRM, fail)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


class Scene:
    """A store of two models beside a folder that nobody may touch."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "store"
        self.outside = folder / "outside"
        self.outside.mkdir()
        (self.outside / "precious").write_bytes(b"data")
        self.gguf = folder / "model.gguf"
        self.gguf.write_bytes(TINY_GGUF)
        put_model(self.root, "one", (LayerKind.SYSTEM, SYSTEM))
        put_model(self.root, "two")
        layout = Layout(self.root)
        self.part = {
            "root": self.root,
            "blobs": layout.blobs,
            "blob": layout.blob(Digest.of(SYSTEM)),
            "manifests": layout.manifests,
            "host": layout.manifests / ONE.host,
            "tag": layout.manifest(ONE),
        }

    def replace(self, part: str, kind: str) -> Path:
        """Put something else in the place of a part; where the part itself is then."""
        at = self.part[part]
        moved = (self.root if kind == "inside" else self.outside) / "moved"
        at.rename(moved)
        if kind == "pipe":
            os.mkfifo(at)
        elif kind == "folder":
            at.mkdir()
        elif kind == "dangling":
            at.symlink_to(self.outside / "nowhere")
        else:
            at.symlink_to(at if kind == "loop" else moved)
        return moved

    def list(self) -> str:
        listed, broken = Store(self.root).listing()
        return f"{len(listed)} {len(broken)}"

    def show(self) -> str:
        store = Store(self.root)
        return "ok" if describe(store, store.find(ONE)).parts.system == SYSTEM.decode() else "wrong"

    def create(self) -> str:
        modelfile = Modelfile.parse(f"FROM {self.gguf}\nSYSTEM {SYSTEM.decode()}\n")
        create(ONE, modelfile, base=self.root.parent, store=Store(self.root))
        return self.show()

    def remove(self) -> str:
        remove_model(Store(self.root), ONE, stop=Stop())
        return "wrong" if ONE in Store(self.root).scan().names else "ok"


def outcome(verb: Callable[[], str]) -> str:
    try:
        return verb()
    except PackLlamaError as error:
        assert error.where or error.kind == "model-not-found"
        return error.kind


@pytest.mark.parametrize("verb", ["list", "show", "create", "remove"])
@pytest.mark.parametrize(("part", "kind"), EXPECTED)
def test_table(tmp_path: Path, part: str, kind: str, verb: str) -> None:
    scene = Scene(tmp_path)
    moved = scene.replace(part, kind)
    outside, behind = snapshot(scene.outside), _content(moved)
    found = outcome(getattr(scene, verb))
    assert found == EXPECTED[part, kind][["list", "show", "create", "remove"].index(verb)]
    if (part, kind) != ("root", "link"):  # the user named that link, so it is followed
        assert snapshot(scene.outside) == outside
        assert _content(moved) == behind


def _content(path: Path) -> object:
    return path.read_bytes() if path.is_file() else snapshot(path)


@pytest.mark.parametrize("kind", ["inside", "outside", "dangling", "loop", "pipe"])
def test_creating_puts_a_real_blob_in_the_place_of_what_was_none(tmp_path: Path, kind: str) -> None:
    scene = Scene(tmp_path)
    scene.replace("blob", kind)
    assert scene.create() == "ok"
    assert not scene.part["blob"].is_symlink()
    assert scene.part["blob"].read_bytes() == SYSTEM


@pytest.mark.parametrize("kind", ["inside", "outside", "dangling", "loop", "pipe"])
def test_removing_removes_the_link_itself(tmp_path: Path, kind: str) -> None:
    scene = Scene(tmp_path)
    scene.replace("blob", kind)
    scene.remove()
    assert not os.path.lexists(scene.part["blob"])


@pytest.mark.parametrize("part", [".packllama", ".packllama/locks", ".packllama/work"])
@pytest.mark.parametrize("verb", ["create", "remove"])
def test_our_own_folders_are_no_way_out(tmp_path: Path, part: str, verb: str) -> None:
    scene = Scene(tmp_path)
    link = scene.root / part
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(scene.outside)
    before = snapshot(scene.outside)
    assert outcome(getattr(scene, verb)) == "machine-error"
    assert snapshot(scene.outside) == before
