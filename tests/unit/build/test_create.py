"""Models built from Modelfiles, byte for byte as Ollama builds them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import (
    BadInput,
    Cancelled,
    FileChanged,
    InvalidName,
    MissingFile,
    NotSupported,
    PackLlamaError,
    TemplateError,
)
from packllama.base.observer import SILENT, Observer, SilentObserver
from packllama.base.stop import Stop
from packllama.build import Created, create
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.modelfile import Modelfile
from packllama.name import ModelName
from packllama.places.store import Removal, Store
from packllama.places.store.layout import Layout
from tests.unit.stores import (
    GEMMA_MANIFEST,
    GEMMA_NAME,
    TINY_CONFIG,
    TINY_GGUF,
    put_gemma,
    put_model,
    snapshot,
)

# The worked example of Ollama's store format: a derived model with one layer of each kind.
PARTS = '''\
TEMPLATE """{{ if .System }}<|system|>{{ .System }}{{ end }}{{ .Prompt }}"""
SYSTEM You are "terse" & <polite>.
PARAMETER temperature 0.7
PARAMETER num_ctx 8192
PARAMETER stop <|end|>
PARAMETER stop "User: "
LICENSE MIT
MESSAGE user Hi
MESSAGE assistant Hello & welcome
'''
LAYERS = [
    (LayerKind.MODEL, 68, "89a2116c3a82d6a97f59f748d86ed4417214353fd178ee54df418fde32495fad"),
    (LayerKind.TEMPLATE, 61, "a1110959ef27c0e18e4cf3951c7c710d9ba9cfa9e266b1809c824c58dbb79937"),
    (LayerKind.SYSTEM, 27, "5b27ef1bd70bbd322fc666713eb7508339711ded50c7fa9e9894d7593a82acac"),
    (LayerKind.LICENSE, 3, "e5dcffe836b6ec8a58e492419b550e65fb8cbdc308503979e5dacb33ac7ea3b7"),
    (LayerKind.PARAMS, 73, "a504f6bef0ce1c75f85f4c1b8459ba14412a036c3f9e5e3b17a17e8ac0ccd7c8"),
    (LayerKind.MESSAGES, 87, "fb44e63e379aa5ee6c231ce24c5190ce091ddfc6dad2c635330145c55ce3d0a4"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the smallest GGUF, last written long ago, beside a store that is not there yet."""
    (tmp_path / "model.gguf").write_bytes(TINY_GGUF)
    os.utime(tmp_path / "model.gguf", (1e9, 1e9))
    return tmp_path


def build(
    folder: Path,
    text: str,
    name: str = "test",
    *,
    keep_replaced: bool = False,
    observer: Observer = SILENT,
    stop: Stop | None = None,
) -> Created:
    return create(
        ModelName.parse(name),
        Modelfile.parse(text),
        base=folder,
        store=Store(folder / "store"),
        keep_replaced=keep_replaced,
        observer=observer,
        stop=stop,
    )


def blob(folder: Path, data: bytes) -> Path:
    return Layout(folder / "store").blob(Digest.of(data))


def test_the_smallest_model(folder: Path) -> None:
    created = build(folder, "FROM ./model.gguf\n")
    assert created.manifest.digest.hex == "f75369d1dd1fb2f7c3db80c05854077604d2e78397dbe270fbe9d8a453ae62ff"
    assert created.manifest.config.digest.hex == "99759ad5b91e723db0393d698ffbb448b1b7df5ff6377a108c49254583b1bc8c"
    assert snapshot(folder / "store", without=".packllama").keys() == {
        "blobs",
        "blobs/sha256-89a2116c3a82d6a97f59f748d86ed4417214353fd178ee54df418fde32495fad",
        "blobs/sha256-99759ad5b91e723db0393d698ffbb448b1b7df5ff6377a108c49254583b1bc8c",
        "manifests",
        "manifests/registry.ollama.ai",
        "manifests/registry.ollama.ai/library",
        "manifests/registry.ollama.ai/library/test",
        "manifests/registry.ollama.ai/library/test/latest",
    }
    assert blob(folder, TINY_CONFIG).read_bytes() == TINY_CONFIG


def test_one_layer_of_each_kind_in_ollamas_order(folder: Path) -> None:
    created = build(folder, f"FROM ./model.gguf\n{PARTS}")
    assert [(item.layer.kind, item.layer.size, item.layer.digest.hex) for item in created.layers] == LAYERS
    assert [item.existed for item in created.layers] == [False] * 6
    assert created.manifest.layers == tuple(item.layer for item in created.layers)


def test_the_order_of_the_lines_does_not_matter(folder: Path) -> None:
    lines = PARTS.splitlines(keepends=True)
    text = "".join([*lines[6:7], *lines[2:6], *lines[7:], *lines[:2], "FROM ./model.gguf\n"])
    assert [item.layer.digest.hex for item in build(folder, text).layers] == [digits for *_, digits in LAYERS]


def test_a_derived_model(folder: Path) -> None:
    build(folder, "FROM ./model.gguf\n")
    created = build(folder, f"FROM test\n{PARTS}", "derived")
    assert created.manifest.digest.hex == "6c53f05dcf6e32b93e917bc29781222782b205600c0439384e22bc2fc3cbda16"
    assert created.manifest.total_size == 466


@pytest.mark.parametrize(
    ("line", "digits"),
    [
        ("TEMPLATE {{ .Prompt }}", "b507b9c2f6ca642bffcd06665ea7c91f235fd32daeefdf875a0f938db05fb315"),
        ("TEMPLATE {{ .System }} {{ .Prompt }}", "fe7ac77b725cda2ccad03f88a880ecdfd7a33192d6cae08fce2c0ee1455991ed"),
        ("SYSTEM Say hi!", "f29e82a8284dbdf5910b1555580ff60b04238b8da9d5e51159ada67a4d0d5851"),
        ("LICENSE Apache-2.0", "2af71558e438db0b73a20beab92dc278a94e1bbe974c00c1a33e3ab62d53a608"),
        (
            "PARAMETER temperature 1\nPARAMETER top_k 10\nPARAMETER stop USER:\nPARAMETER stop ASSISTANT:",
            "1d0ad71299d48c2fb7ae2b98e683643e771f8a5b72be34942af90d97a91c1e37",
        ),
        (
            "PARAMETER top_p 0.7\nPARAMETER temperature 0.6\nPARAMETER top_k 10\nPARAMETER stop <|endoftext|>",
            "12f58bb75cb3042d69a7e013ab87fb3c3c7088f50ddc62f0c77bd332f0d44d35",
        ),
        (
            "MESSAGE assistant What is my purpose?\nMESSAGE user You run tests.\nMESSAGE assistant Oh, my god.",
            "298baeaf6928a60cf666d88d64a1ba606feb43a2865687c39e40652e407bffc4",
        ),
        (
            "MESSAGE assistant You're a test, Harry.\nMESSAGE user I-I'm a what?\n"
            "MESSAGE assistant A test. And a thumping good one at that, I'd wager.",
            "a60ecc9da299ec7ede453f99236e5577fd125e143689b646d9f0ddc9971bf4db",
        ),
    ],
)
def test_known_layers(folder: Path, line: str, digits: str) -> None:
    assert build(folder, f"FROM ./model.gguf\n{line}\n").layers[1].layer.digest.hex == digits


def test_creating_again_changes_nothing(folder: Path) -> None:
    build(folder, f"FROM ./model.gguf\n{PARTS}")
    before = snapshot(folder / "store", without=".packllama")
    created = build(folder, f"FROM ./model.gguf\n{PARTS}")
    assert snapshot(folder / "store", without=".packllama") == before
    assert [item.existed for item in created.layers] == [True] * 6
    assert created.removed == Removal(0)


@pytest.mark.parametrize("keep", [False, True])
def test_what_the_replaced_model_alone_used_goes(folder: Path, keep: bool) -> None:
    build(folder, "FROM ./model.gguf\nSYSTEM one\nLICENSE shared\n")
    build(folder, "FROM ./model.gguf\nLICENSE shared\n", "other")
    created = build(folder, "FROM ./model.gguf\nSYSTEM two\n", "TEST", keep_replaced=keep)
    assert created.name == ModelName.parse("test")
    assert created.removed == Removal(0 if keep else 3)
    assert blob(folder, b"one").exists() is keep
    assert blob(folder, b"shared").exists()


def test_in_doubt_nothing_of_the_replaced_model_goes(folder: Path) -> None:
    build(folder, "FROM ./model.gguf\nSYSTEM one\n")
    (folder / "store/manifests/registry.ollama.ai/library/test/.DS_Store").touch()
    created = build(folder, "FROM ./model.gguf\nSYSTEM two\n")
    assert ".DS_Store" in created.removed.kept_because
    assert blob(folder, b"one").exists()


def test_the_published_gemma3_survives_its_neighbours(folder: Path) -> None:
    manifest = put_gemma(folder / "store", TINY_GGUF)
    put_model(folder / "store", "old", (LayerKind.SYSTEM, b"one"))
    before = snapshot(folder / "store")
    build(folder, "FROM ./model.gguf\nSYSTEM two\n", "old")
    build(folder, "FROM ./model.gguf\n", "gemma3:other")
    assert manifest.read_bytes() == GEMMA_MANIFEST
    after = snapshot(folder / "store")
    for layer in Store(folder / "store").find(ModelName.parse(GEMMA_NAME)).blobs:
        path = f"blobs/{layer.digest.file_name}"
        assert after[path] == before[path]


@pytest.mark.parametrize("tag", ["local", "cloud", "20b-cloud", "LOCAL"])
def test_tags_that_mean_something_else_to_ollama(folder: Path, tag: str) -> None:
    with pytest.raises(InvalidName):
        build(folder, "FROM ./model.gguf\n", f"test:{tag}")
    assert not (folder / "store").exists()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda path: None, MissingFile),
        (lambda path: path.write_bytes(b""), BadInput),
        (lambda path: path.write_bytes(b"PK\x03\x04 no gguf"), BadInput),
        (lambda path: path.write_bytes(TINY_GGUF[:40]), BadInput),
        (lambda path: path.mkdir(), PackLlamaError),
        (pipe, BadInput),
        (loop, BadInput),
        (lambda path: path.symlink_to("nowhere"), MissingFile),
    ],
)
def test_a_file_that_is_no_gguf_leaves_no_store(
    folder: Path, make: Callable[[Path], object], error: type[PackLlamaError]
) -> None:
    make(folder / "bad.gguf")
    with pytest.raises(error) as caught:
        build(folder, "FROM ./bad.gguf\n")
    assert "bad.gguf" in caught.value.where
    assert not (folder / "store").exists()


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{{ .Prompt", "template: :1: unclosed action"),
        ("{{ if .Prompt }}x", "template: :1: unexpected EOF"),
        ("{{ Prompt }}", 'template: :1: function "Prompt" not defined'),
        ('{{ template "x" }}', "undefined template specified"),
    ],
)
def test_a_template_that_does_not_parse_leaves_no_store(folder: Path, template: str, fault: str) -> None:
    with pytest.raises(TemplateError) as caught:
        build(folder, f"FROM ./model.gguf\nTEMPLATE {template}\nSYSTEM x\n")
    assert caught.value.message.startswith(f"template error: {fault}")
    assert caught.value.where == "line 2"
    assert not (folder / "store").exists()


def test_the_last_template_counts(folder: Path) -> None:
    created = build(folder, "FROM ./model.gguf\nTEMPLATE {{\nTEMPLATE {{ .Prompt }}\n")
    assert created.layers[-1].layer.kind is LayerKind.TEMPLATE


class Acting(SilentObserver):
    """Does something when the first bytes have passed."""

    def __init__(self, action: Callable[[], object]) -> None:
        self._action = action

    def advanced(self, count: int) -> None:
        self._action()


def test_a_file_that_grows_meanwhile_makes_no_model(folder: Path) -> None:
    put_model(folder / "store", "other")
    before = snapshot(folder / "store", without=".packllama")

    def grow() -> None:
        with (folder / "model.gguf").open("ab") as file:
            file.write(b"more")

    with pytest.raises(FileChanged):
        build(folder, f"FROM ./model.gguf\n{PARTS}", observer=Acting(grow))
    assert snapshot(folder / "store", without=".packllama") == before
    assert snapshot(folder / "store/.packllama/work") == {}


def test_stopping_makes_no_model(folder: Path) -> None:
    put_model(folder / "store", "other")
    before, stop = snapshot(folder / "store", without=".packllama"), Stop()
    with pytest.raises(Cancelled):
        build(folder, "FROM ./model.gguf\n", observer=Acting(stop.set), stop=stop)
    assert snapshot(folder / "store", without=".packllama") == before
    assert snapshot(folder / "store/.packllama/work") == {}


def test_deprecated_parameters_are_left_out_and_named(folder: Path) -> None:
    created = build(folder, "FROM ./model.gguf\nPARAMETER mirostat 1\nPARAMETER top_k 5\n")
    assert created.warnings == ("warning: parameter mirostat is deprecated",)
    assert blob(folder, b'{"top_k":5}\n').exists()


def test_the_stub_of_a_remote_model_is_no_base(folder: Path) -> None:
    put_model(folder / "store", "stub", config=b'{"remote_host":"https://ollama.com:443","remote_model":"x"}\n')
    with pytest.raises(NotSupported):
        build(folder, "FROM stub\n")
