"""What a model takes over from another one, and that it is what writing the same by hand would give."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.base.errors import BadInput, IntegrityError, InvalidManifest, PackLlamaError, TemplateError
from packllama.build import Likeness, create, propose
from packllama.build.proposal import Line, Proposal
from packllama.build.propose import handed_down
from packllama.build.take_over import read_likeness
from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, compose
from packllama.modelfile import Command, Modelfile, Recipe
from packllama.name import ModelName
from packllama.places.store import Store
from tests.unit.stores import GEMMA_NAME, GEMMA_PARAMS, GEMMA_TEMPLATE, gemma_config, put_blob, put_manifest, put_model

CONFIG = (
    b'{"model_format":"gguf","model_family":"llama","renderer":"r1","parser":"p1","requires":"0.14.0",'
    b'"capabilities":["tools"],"architecture":"amd64","os":"linux"}'
)
PARAMS = b'{"stop":["<a>","<b>"],"temperature":0.7,"num_ctx":131072,"use_mmap":false}'
RICH = (
    (LayerKind.TEMPLATE, b"{{ .System }}|{{ .Prompt }}"),
    (LayerKind.SYSTEM, b'Say """yes""".\nOr no.'),
    (LayerKind.PARAMS, PARAMS),
    (LayerKind.LICENSE, b"one\n\nand more\n"),
    (LayerKind.LICENSE, b"two"),
    (LayerKind.MESSAGES, b'[{"role":"user","content":"hi"}]'),
    (LayerKind.PROJECTOR, b"no projector, and nobody looks"),
)
BY_HAND = '''\
FROM model.gguf
TEMPLATE {{ .System }}|{{ .Prompt }}
SYSTEM """Say """yes""".
Or no."""
RENDERER r1
PARSER p1
REQUIRES 0.14.0
PARAMETER stop <a>
PARAMETER stop <b>
PARAMETER temperature 0.7
PARAMETER num_ctx 131072
PARAMETER use_mmap false
LICENSE """one

and more
"""
LICENSE two
'''


def likeness(folder: Path, *layers: tuple[LayerKind, bytes], config: bytes = CONFIG) -> Likeness:
    put_model(folder / "there", "m", *layers, config=config)
    store = Store(folder / "there")
    return read_likeness(store.find(ModelName.parse("m")), source=store)


@pytest.fixture
def build(tmp_path: Path, gguf: Callable[[str], Path]) -> Callable[..., bytes]:
    """The bytes of the manifest that a Modelfile gives, with a likeness or without."""
    (tmp_path / "model.gguf").write_bytes(gguf("tiny.gguf").read_bytes())

    def build(text: str, like: str | Likeness = "") -> bytes:
        store = Store(tmp_path / "store")
        return create(ModelName.parse("new"), Modelfile.parse(text), base=tmp_path, store=store, like=like).manifest.raw

    return build


def test_the_same_bytes_as_by_hand(tmp_path: Path, build: Callable[..., bytes]) -> None:
    like = likeness(tmp_path, *RICH)
    assert build("FROM model.gguf\n", like) == build(BY_HAND)
    assert like.sentences == (
        "taking over from m:latest: template, system, renderer, parser, requires, 5 parameters, 2 licenses",
    )


def test_what_init_writes_is_the_same_again(tmp_path: Path, build: Callable[..., bytes]) -> None:
    build("FROM model.gguf\n")
    like = likeness(tmp_path, *RICH)
    text = propose(tmp_path / "model.gguf", base=tmp_path, like=like).text
    assert Recipe.of(Modelfile.parse(text)) == Recipe.of(Modelfile.parse(BY_HAND.replace("FROM ", "FROM ./")))
    assert build(text) == build(BY_HAND)


@pytest.mark.parametrize(
    ("said", "by_hand"),
    [
        (
            "TEMPLATE own\n",
            "TEMPLATE own\nSYSTEM s\nREQUIRES 0.14.0\nPARAMETER stop a\nPARAMETER top_k 1\nLICENSE one\n",
        ),
        (
            "SYSTEM own\nPARAMETER stop c\nPARAMETER seed 3\nLICENSE two\nLICENSE one\nRENDERER r2\n",
            "TEMPLATE t\nSYSTEM own\nRENDERER r2\nPARSER p1\nREQUIRES 0.14.0\nPARAMETER stop c\nPARAMETER top_k 1\n"
            "PARAMETER seed 3\nLICENSE two\nLICENSE one\n",
        ),
        (
            "LICENSE three\n",
            "TEMPLATE t\nSYSTEM s\nRENDERER r1\nPARSER p1\nREQUIRES 0.14.0\nPARAMETER stop a\nPARAMETER top_k 1\n"
            "LICENSE one\nLICENSE three\n",
        ),
        (
            'TEMPLATE ""\nSYSTEM ""\n',
            "TEMPLATE t\nSYSTEM s\nRENDERER r1\nPARSER p1\nREQUIRES 0.14.0\nPARAMETER stop a\nPARAMETER top_k 1\n"
            "LICENSE one\n",
        ),
    ],
    ids=["its own template is not left to a renderer", "each by itself", "licences come in addition", "empty is none"],
)
def test_what_the_modelfile_says_counts(said: str, by_hand: str, tmp_path: Path, build: Callable[..., bytes]) -> None:
    layers = (
        (LayerKind.TEMPLATE, b"t"),
        (LayerKind.SYSTEM, b"s"),
        (LayerKind.PARAMS, b'{"stop":["a"],"top_k":1}'),
        (LayerKind.LICENSE, b"one"),
    )
    like = likeness(tmp_path, *layers)
    assert build(f"FROM model.gguf\n{said}", like) == build(f"FROM model.gguf\n{by_hand}")


def test_layers_of_a_published_model_come_out_as_they_are(tmp_path: Path, build: Callable[..., bytes]) -> None:
    """Template and parameters keep the digests that they have in gemma3:12b-it-qat."""
    layers = ((LayerKind.TEMPLATE, GEMMA_TEMPLATE), (LayerKind.PARAMS, GEMMA_PARAMS))
    put_model(tmp_path / "there", GEMMA_NAME, *layers, config=gemma_config())
    store = Store(tmp_path / "there")
    like = read_likeness(store.find(ModelName.parse(GEMMA_NAME)), source=store)
    raw = build("FROM model.gguf\n", like)
    assert all(str(Digest.of(data)).encode() in raw for _, data in layers)


def test_weights_of_another_family_are_told(tmp_path: Path, build: Callable[..., bytes]) -> None:
    build("FROM model.gguf\n")
    like = likeness(tmp_path, *RICH, config=b'{"model_family":"gemma3"}')
    store = Store(tmp_path / "store")
    name, modelfile = ModelName.parse("new"), Modelfile.parse("FROM model.gguf\n")
    notes = create(name, modelfile, base=tmp_path, store=store, like=like).notes
    warning = "warning: m:latest is made of gemma3 and these weights are llama: it may not fit them"
    assert notes == (warning,)
    assert f"# {warning}." in propose(tmp_path / "model.gguf", base=tmp_path, like=like).text


def test_of_several_layers_the_last_one_counts_and_parameters_are_merged(tmp_path: Path) -> None:
    layers = (
        (LayerKind.TEMPLATE, b"first"),
        (LayerKind.PROMPT, b"last"),
        (LayerKind.PARAMS, b'{"seed":1,"top_k":1}'),
        (LayerKind.PARAMS, b'{"seed":2,"min_p":null}'),
    )
    like = likeness(tmp_path, *layers, config=b"{}")
    assert [(each.name, each.argument) for each in like.commands] == [
        ("template", "last"),
        ("seed", "2"),
        ("top_k", "1"),
    ]


def test_a_parameter_that_is_no_parameter_is_left_out(tmp_path: Path) -> None:
    """Above all those that are called like other commands: nothing of a file's may come in that way."""
    params = b'{"model":"/etc/passwd","adapter":"/x","license":"y","mirostat":1,"\\u001b[31m":2,"num_gqa":8,"top_k":2}'
    like = likeness(tmp_path, (LayerKind.PARAMS, params), config=b"{}")
    assert like.commands == (Command("top_k", "2"),)
    assert like.left_out == (
        "not taken over from m:latest, because no Modelfile can say it: \x1b[31m, adapter, license, mirostat, model"
        " and 1 more",
    )


@pytest.mark.parametrize(
    ("layers", "config", "error", "words"),
    [
        ([(LayerKind.TEMPLATE, b"\xff\xfe")], b"{}", InvalidManifest, "m:latest: template: expected text"),
        ([(LayerKind.LICENSE, b"a\xc3")], b"{}", InvalidManifest, "license: expected text, .* byte 1 on"),
        ([(LayerKind.TEMPLATE, b"{{ if }}")], b"{}", TemplateError, "m:latest: its template does not parse"),
        ([(LayerKind.PARAMS, b'{"top_k":')], b"{}", InvalidManifest, "params: not JSON"),
        ([(LayerKind.PARAMS, b"[1]")], b"{}", InvalidManifest, "expected an object of parameters"),
        ([(LayerKind.PARAMS, b'{"top_k":"x"}')], b"{}", InvalidManifest, "m:latest: params: expected int as top_k"),
        ([(LayerKind.PARAMS, b'{"top_p":NaN}')], b"{}", InvalidManifest, "not JSON"),
        ([(LayerKind.SYSTEM, b"s")], b"no JSON", InvalidManifest, "config: not JSON"),
        ([(LayerKind.SYSTEM, b"s")], b'{"renderer":1}', InvalidManifest, "expected a string"),
        ([(LayerKind.SYSTEM, b"s")], b'{"requires":"new"}', BadInput, "m:latest: requires must be"),
        ([(LayerKind.SYSTEM, b"")], b"{}", BadInput, "nothing|no template"),
        ([(LayerKind.TEMPLATE, bytes((1 << 20) + 1))], b"{}", InvalidManifest, "a template of 1,048,577 bytes"),
        ([(LayerKind.LICENSE, bytes([i]) * (1 << 20)) for i in range(5)], b"{}", InvalidManifest, "bytes of texts"),
    ],
)
def test_what_is_refused(
    layers: list[tuple[LayerKind, bytes]], config: bytes, error: type[PackLlamaError], words: str, tmp_path: Path
) -> None:
    with pytest.raises(error) as caught:
        likeness(tmp_path, *layers, config=config)
    caught.match(words)
    assert len(caught.value.sentence) < 300


@pytest.mark.parametrize("damaged", [b"x" * 100, b"short", None])
def test_a_layer_that_is_not_what_its_digest_says(damaged: bytes | None, tmp_path: Path) -> None:
    text = b"y" * 100
    put_model(tmp_path, "m", (LayerKind.TEMPLATE, text))
    path = tmp_path / "blobs" / Digest.of(text).file_name
    path.unlink() if damaged is None else path.write_bytes(damaged)
    store = Store(tmp_path)
    with pytest.raises(IntegrityError):
        read_likeness(store.find(ModelName.parse("m")), source=store)


def test_weights_under_the_name_of_a_template(tmp_path: Path) -> None:
    """A manifest that calls the weights a template: its stated size bounds what is read, its digest what is taken."""
    weights, config = b"w" * 5000, b"{}"
    for data in (weights, config):
        put_blob(tmp_path, data)
    layers = [Layer(LayerKind.TEMPLATE.media_type, Digest.of(weights), 100)]
    put_manifest(tmp_path, "m", compose(Layer(CONFIG_TYPE, Digest.of(config), 2), layers))
    store = Store(tmp_path)
    with pytest.raises(IntegrityError):
        read_likeness(store.find(ModelName.parse("m")), source=store)


@pytest.mark.parametrize("name", ["system", "stop", "license"])
@given(text=st.text(st.sampled_from('a"\n \t\r#{}PARAMETERé'), min_size=1, max_size=30))
def test_what_init_writes_reads_back_or_is_said_to_be_left_out(name: str, text: str) -> None:
    lines = [Line("", Command("model", "x")), *handed_down(Likeness("m", "", (Command(name, text),)), "llama")]
    written = Proposal(Path("x"), tuple(lines)).text
    found = [(each.name, each.argument) for each in Modelfile.parse(written).commands[1:]]
    assert found == [(name, text)] if found else "is left out" in written or not text.strip()
