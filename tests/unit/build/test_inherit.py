"""What a model hands down to one that is built FROM it, and which models are no base."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from packllama.base.errors import PackLlamaError
from packllama.build import create
from packllama.build.parent import missing_parent
from packllama.manifest import CONFIG_TYPE, LayerKind
from packllama.modelfile import Modelfile
from packllama.name import ModelName
from packllama.places.store import ModelParts, Store, read_parts
from packllama.places.store.layout import Layout
from tests.faults.checker import check
from tests.unit.stores import put_model, snapshot

PARENT = """\
FROM model.gguf
TEMPLATE {{ .Prompt }}
SYSTEM parent
LICENSE one
PARAMETER temperature 0.5
PARAMETER stop a
PARAMETER stop b
MESSAGE user hi
MESSAGE assistant hello
RENDERER r1
PARSER p1
REQUIRES 0.14.0
"""


class Scene:
    """A store with one model, ``parent``, beside GGUFs of every kind."""

    def __init__(self, folder: Path, gguf: Callable[[str], Path]) -> None:
        self.folder = folder
        self.store = Store(folder / "store")
        for name, fixture in [
            ("model", "tiny"),
            ("other", "tiny-plain"),
            ("lora", "tiny-lora"),
            ("draft", "tiny-q4"),
            ("mmproj", "tiny-mmproj"),
        ]:
            (folder / f"{name}.gguf").write_bytes(gguf(f"{fixture}.gguf").read_bytes())
        self.create("parent", PARENT)

    def create(self, name: str, text: str) -> ModelParts:
        create(ModelName.parse(name), Modelfile.parse(text), base=self.folder, store=self.store)
        assert check(str(self.store.layout.root)) == []
        return read_parts(self.store, self.store.model(ModelName.parse(name)))

    def refused(self, text: str) -> PackLlamaError:
        before = snapshot(self.store.layout.root, without=".packllama")
        with pytest.raises(PackLlamaError) as caught:
            self.create("child", text)
        assert snapshot(self.store.layout.root, without=".packllama") == before
        return caught.value


@pytest.fixture
def scene(tmp_path: Path, gguf: Callable[[str], Path]) -> Scene:
    return Scene(tmp_path, gguf)


@dataclass(frozen=True)
class Told:
    """What a model says of itself."""

    template: str = "{{ .Prompt }}"
    system: str = "parent"
    licenses: tuple[str, ...] = ("one",)
    parameters: str = '{"stop": ["a", "b"], "temperature": 0.5}'
    messages: tuple[str, ...] = ("hi", "hello")
    renderer: str = "r1"
    parser: str = "p1"
    requires: str = "0.14.0"


def told(parts: ModelParts) -> Told:
    return Told(
        parts.template or "",
        parts.system,
        parts.licenses,
        json.dumps(parts.parameters, sort_keys=True),
        tuple(message.content for message in parts.messages),
        parts.config.renderer,
        parts.config.parser,
        parts.config.requires,
    )


LINES = [
    ("", Told()),
    ("TEMPLATE new", Told(template="new")),
    ('TEMPLATE ""', Told()),
    ("SYSTEM new", Told(system="new")),
    ('SYSTEM ""', Told()),
    ("LICENSE two", Told(licenses=("one", "two"))),
    ("LICENSE two\nLICENSE three", Told(licenses=("one", "two", "three"))),
    ("PARAMETER top_k 7", Told(parameters='{"stop": ["a", "b"], "temperature": 0.5, "top_k": 7}')),
    ("PARAMETER temperature 1", Told(parameters='{"stop": ["a", "b"], "temperature": 1}')),
    ("PARAMETER stop c", Told(parameters='{"stop": ["c"], "temperature": 0.5}')),
    ("MESSAGE user bye", Told(messages=("bye",))),
    ("RENDERER r2", Told(renderer="r2")),
    ("PARSER p2", Told(parser="p2")),
    ("REQUIRES v1.2", Told(requires="1.2")),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_one_level(scene: Scene, line: str, expected: Told) -> None:
    assert told(scene.create("child", f"FROM parent\n{line}\n")) == expected


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_two_levels(scene: Scene, line: str, expected: Told) -> None:
    scene.create("child", f"FROM parent\n{line}\n")
    assert told(scene.create("grandchild", "FROM child\n")) == expected


def test_layers_keep_their_order_and_say_whence_they_came(scene: Scene) -> None:
    parent = scene.store.model(ModelName.parse("parent"))
    scene.create("me/child", "FROM parent\n")
    for level, source in (("me/child", "parent:latest"), ("grandchild", "me/child:latest")):
        if level == "grandchild":
            scene.create(level, "FROM me/child\n")
        layers = scene.store.model(ModelName.parse(level)).manifest.layers
        kinds = [layer.kind for layer in parent.manifest.layers]
        # Parameters are written anew, which moves them to the end.
        assert [layer.kind for layer in layers] == sorted(kinds, key=lambda kind: kind is LayerKind.PARAMS)
        assert {layer.digest for layer in layers} == {layer.digest for layer in parent.manifest.layers}
        assert {layer.source for layer in layers if layer.kind is not LayerKind.PARAMS} == {source}


def test_of_a_name_built_from_itself_the_old_layers_go(scene: Scene) -> None:
    assert told(scene.create("parent", "FROM parent\nSYSTEM new\n")) == Told(system="new")
    assert b"parent" not in [path.read_bytes() for path in scene.store.layout.blobs.iterdir()]


def kinds(parts: ModelParts) -> list[str]:
    names = {LayerKind.MODEL, LayerKind.PROJECTOR, LayerKind.ADAPTER, LayerKind.DRAFT}
    return [str(layer.kind) for layer in parts.model.manifest.layers if layer.kind in names]


def test_adapters_and_drafts_are_added_at_every_level(scene: Scene) -> None:
    child = scene.create("child", "FROM parent\nADAPTER lora.gguf\n")
    assert kinds(child) == ["model", "adapter"]
    grandchild = scene.create("grandchild", "FROM child\nADAPTER lora.gguf\nDRAFT draft.gguf\n")
    assert kinds(grandchild) == ["model", "adapter", "adapter", "draft"]
    assert grandchild.config.draft is not None
    assert kinds(scene.create("last", "FROM grandchild\nDRAFT other.gguf\n"))[-2:] == ["draft", "draft"]


def test_of_several_adapters_the_last_counts(scene: Scene) -> None:
    (scene.folder / "adapters").mkdir()
    for name in ("a", "b"):
        (scene.folder / f"adapters/{name}.gguf").write_bytes((scene.folder / "lora.gguf").read_bytes())
    two_lines = scene.create("child", "FROM parent\nADAPTER adapters/a.gguf\nADAPTER adapters/b.gguf\n")
    (layer,) = two_lines.model.manifest.of_kind(LayerKind.ADAPTER)
    assert layer.source == "b.gguf"
    assert scene.refused("FROM parent\nADAPTER adapters/none.gguf\nADAPTER adapters/b.gguf\n").kind == "missing-file"
    error = scene.refused("FROM parent\nADAPTER adapters\n")
    assert (error.exit_status, "only one adapter" in error.message) == (4, True)


def test_files_beside_a_model_are_not_used(scene: Scene) -> None:
    assert kinds(scene.create("child", "FROM parent\nFROM mmproj.gguf\n")) == ["model"]


@pytest.mark.parametrize("text", ["DRAFT ./model.gguf", "DRAFT ./alias.gguf", "DRAFT sub/../model.gguf"])
@pytest.mark.parametrize("first", [True, False])
def test_a_model_is_not_its_own_draft(scene: Scene, text: str, first: bool) -> None:
    (scene.folder / "sub").mkdir()
    (scene.folder / "alias.gguf").symlink_to("model.gguf")
    lines = [text, "FROM ./model.gguf"] if first else ["FROM ./model.gguf", text]
    error = scene.refused("\n".join(lines) + "\n")
    assert (error.exit_status, "DRAFT must not reference the same local path as FROM" in error.message) == (4, True)


@pytest.mark.parametrize("kind", [LayerKind.MODEL, LayerKind.ADAPTER, LayerKind.SYSTEM, LayerKind.LICENSE])
@pytest.mark.parametrize("damage", ["other bytes", "shorter", "gone"])
def test_a_damaged_parent_is_no_base(scene: Scene, kind: LayerKind, damage: str) -> None:
    child = scene.create("middle", "FROM parent\nADAPTER lora.gguf\n")
    (layer,) = child.model.manifest.of_kind(kind)
    blob = Layout(scene.store.layout.root).blob(layer.digest)
    data = blob.read_bytes()
    if damage == "gone":
        blob.unlink()
    else:
        blob.write_bytes(data[:-1] + (bytes([data[-1] ^ 1]) if damage == "other bytes" else b""))
    error = scene.refused("FROM middle\n")
    assert (error.exit_status, error.where) == (5, str(blob))


def test_the_config_of_a_damaged_parent(scene: Scene) -> None:
    config = scene.store.model(ModelName.parse("parent")).manifest.config
    assert config.media_type == CONFIG_TYPE
    blob = Layout(scene.store.layout.root).blob(config.digest)
    blob.write_bytes(blob.read_bytes().replace(b"r1", b"r2"))
    error = scene.refused("FROM parent\n")
    assert (error.exit_status, error.where) == (5, str(blob))


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        ("Parent", "There is parent:latest; FROM minds letter case."),
        ("parent:LATEST", "There is parent:latest; FROM minds letter case."),
        ("LIBRARY/parent", "There is parent:latest; FROM minds letter case."),
        ("nobody", "Nothing is downloaded unasked."),
        ("parent:8b", "Nothing is downloaded unasked."),
    ],
)
def test_a_parent_that_is_not_there(scene: Scene, reference: str, hint: str) -> None:
    error = scene.refused(f"FROM {reference}\n")
    assert (error.exit_status, error.kind) == (3, "model-not-found")
    assert error.hint.startswith(hint)


@pytest.mark.parametrize(
    "config", [{"remote_host": "https://ollama.com:443", "remote_model": "x"}, {"remote_host": "h"}]
)
def test_a_stub_of_a_remote_model_is_no_base(scene: Scene, config: dict[str, str]) -> None:
    put_model(scene.store.layout.root, "stub", config=json.dumps(config).encode())
    error = scene.refused("FROM stub\n")
    assert (error.exit_status, "stub of a remote model" in error.message, error.where) == (4, True, "stub:latest")


def test_a_parent_whose_weights_are_no_gguf(scene: Scene) -> None:
    put_model(scene.store.layout.root, "odd", weights=b"ggml, an older format")
    assert scene.refused("FROM odd\n").kind == "gguf-error"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("FROM nobody", "nobody:latest"),
        ("FROM hf.co/me/Repo:Q8_0", "hf.co/me/Repo:Q8_0"),
        ("FROM parent", None),
        ("FROM PARENT", None),
        ("FROM far:cloud", None),
        ("FROM model.gguf", None),
    ],
)
def test_what_would_have_to_be_pulled(text: str, missing: str | None, scene: Scene) -> None:
    name = missing_parent(Modelfile.parse(text), base=scene.folder, store=scene.store)
    assert (name and name.short) == missing
