"""Templates that a Modelfile does not name: the layers they become, and what is said about them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled, UsageError
from packllama.base.stop import Stop
from packllama.build import Created, create, rehearse
from packllama.catalog.formats import FORMATS
from packllama.manifest import LayerKind
from packllama.modelfile import Modelfile
from packllama.name import ModelName
from packllama.places.store import Store
from tests.unit.gguf import builder
from tests.unit.gguf.builder import string, strings

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
DEFAULT = "{% if messages[0].role != 'system' %}<|im_start|>system\nBe brief.<|im_end|>\n{% endif %}" + CHATML
STOPS = '{"stop":["\\u003c|im_start|\\u003e","\\u003c|im_end|\\u003e"]}\n'
OWN = "{{ .Prompt }}"
TEXT = FORMATS["chatml"].text()
MODEL, TEMPLATE, SYSTEM, PARAMS = LayerKind.MODEL, LayerKind.TEMPLATE, LayerKind.SYSTEM, LayerKind.PARAMS


def weights(jinja: str, *, architecture: str = "llama") -> bytes:
    keys = [string("general.architecture", architecture), string("tokenizer.ggml.model", "llama")]
    keys.append(strings("tokenizer.ggml.tokens", ("<unk>", "<s>", "<|eos|>")))
    return builder.gguf([*keys, *([string("tokenizer.chat_template", jinja)] if jinja else [])])


def build(folder: Path, text: str, *, like: str = "", stop: Stop | None = None) -> Created:
    name, store = ModelName.parse("m"), Store(folder / "store")
    return create(name, Modelfile.parse(text), base=folder, store=store, like=like, stop=stop)


def texts(folder: Path, created: Created) -> list[tuple[LayerKind | None, str]]:
    """The layers that are texts."""
    store = folder / "store" / "blobs"
    layers = [built.layer for built in created.layers if built.layer.kind is not MODEL]
    return [(layer.kind, (store / str(layer.digest).replace(":", "-")).read_text()) for layer in layers]


@pytest.mark.parametrize(
    ("jinja", "lines", "layers", "sentences"),
    [
        pytest.param(
            CHATML,
            "",
            [(TEMPLATE, TEXT), (PARAMS, STOPS)],
            ["using autodetected template chatml (exact)"],
            id="exact",
        ),
        pytest.param(
            DEFAULT,
            "",
            [(TEMPLATE, TEXT), (SYSTEM, "Be brief."), (PARAMS, STOPS)],
            ["using autodetected template chatml (exact, with its default system text)"],
            id="default",
        ),
        pytest.param(
            DEFAULT,
            "SYSTEM Be long.\n",
            [(TEMPLATE, TEXT), (SYSTEM, "Be long."), (PARAMS, STOPS)],
            [
                "using autodetected template chatml (exact, with its default system text)",
                "the Modelfile's SYSTEM takes the place of the default system text",
            ],
            id="a SYSTEM beside a default",
        ),
        pytest.param(
            DEFAULT,
            f"TEMPLATE {OWN}\n",
            [(TEMPLATE, OWN), (PARAMS, STOPS)],
            ["adding the stop words of chatml"],
            id="a TEMPLATE beside a default",
        ),
        pytest.param(
            CHATML,
            f"TEMPLATE {OWN}\nPARAMETER stop x\n",
            [(TEMPLATE, OWN), (PARAMS, '{"stop":["x"]}\n')],
            [],
            id="all given",
        ),
        pytest.param(
            CHATML,
            "RENDERER x\n",
            [(TEMPLATE, TEXT), (PARAMS, STOPS)],
            ["using autodetected template chatml (exact)"],
            id="a renderer",
        ),
        pytest.param("{{ messages }}", f"TEMPLATE {OWN}\n", [(TEMPLATE, OWN)], [], id="none needed"),
        pytest.param("{{ messages }}", "RENDERER x\n", [], [], id="rendered by code"),
    ],
)
def test_layers_and_words(
    jinja: str, lines: str, layers: list[tuple[LayerKind, str]], sentences: list[str], tmp_path: Path
) -> None:
    (tmp_path / "m.gguf").write_bytes(weights(jinja))
    created = build(tmp_path, f"FROM m.gguf\n{lines}")
    assert texts(tmp_path, created) == layers
    assert list(created.about_template) == sentences


@pytest.mark.parametrize(
    ("jinja", "begins"),
    [
        ("", "no template, and the GGUF brings none: a prompt reaches the model as it is"),
        ("{{ messages }}", "no template chosen: no template of ours "),
        (
            "{% for a in range(9999) %}" * 3 + "{% endfor %}" * 3,
            "no template chosen: the GGUF's own template takes more",
        ),
    ],
)
def test_no_template_names_the_way_out(jinja: str, begins: str, tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(weights(jinja))
    created = build(tmp_path, "FROM m.gguf\n")
    (sentence,) = created.about_template
    assert sentence.startswith(begins)
    assert "--like NAME" in sentence
    assert texts(tmp_path, created) == []


def test_a_rehearsal_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(weights(DEFAULT))
    store = Store(tmp_path / "store")
    rehearsed = rehearse(ModelName.parse("m"), Modelfile.parse("FROM m.gguf\n"), base=tmp_path, store=store)
    created = build(tmp_path, "FROM m.gguf\n")
    assert rehearsed.about_template == created.about_template
    assert [built.layer.kind for built in rehearsed.layers] == [MODEL, TEMPLATE, SYSTEM, PARAMS]
    assert rehearsed.layers[1].layer == created.layers[1].layer


def test_the_stop_words_of_an_architecture_come_first(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(weights(CHATML, architecture="gemma4"))
    assert (PARAMS, '{"stop":["\\u003cturn|\\u003e"]}\n') in texts(tmp_path, build(tmp_path, "FROM m.gguf\n"))


def test_a_template_by_name(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(weights(CHATML))
    created = build(tmp_path, "FROM m.gguf\nPARAMETER top_k 3\n", like="zephyr")
    stops = '["\\u003c|system|\\u003e","\\u003c/s\\u003e","\\u003c|user|\\u003e","\\u003c|assistant|\\u003e"]'
    params = f'{{"stop":{stops},"top_k":3}}\n'
    assert texts(tmp_path, created) == [(TEMPLATE, FORMATS["zephyr"].text()), (PARAMS, params)]
    assert created.about_template == ("using template zephyr",)


@pytest.mark.parametrize(("like", "between"), [("zephyr-tight", "<|eos|>"), ("llama2", "<|eos|><s>")])
def test_a_named_template_parts_turns_as_the_tokenizer_does(like: str, between: str, tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(weights(""))
    created = build(tmp_path, "FROM m.gguf\n", like=like)
    assert between in texts(tmp_path, created)[0][1]


@pytest.mark.parametrize(
    ("text", "like", "words"),
    [
        ("FROM m.gguf\n", "nothing", "there is no template 'nothing'"),
        ("FROM m.gguf\nTEMPLATE x\n", "chatml", "the Modelfile has a TEMPLATE"),
        ("FROM b\n", "chatml", "FROM names no file with weights"),
    ],
)
def test_what_like_cannot_do(text: str, like: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(weights(CHATML))
    store = Store(tmp_path / "store")
    create(ModelName.parse("b"), Modelfile.parse("FROM m.gguf\n"), base=tmp_path, store=store)
    with pytest.raises(UsageError, match=words):
        build(tmp_path, text, like=like)


def test_nothing_is_chosen_for_a_model_of_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m.gguf").write_bytes(weights(CHATML))
    store = Store(tmp_path / "store")
    first = create(ModelName.parse("b"), Modelfile.parse("FROM m.gguf\n"), base=tmp_path, store=store)
    monkeypatch.delattr("packllama.build.detect.choose")
    second = build(tmp_path, "FROM b\n")
    assert second.about_template == ()
    assert texts(tmp_path, second) == texts(tmp_path, first)


def test_the_last_of_several_models_decides(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(weights("{{ messages }}"))
    (tmp_path / "b.gguf").write_bytes(weights(CHATML))
    created = build(tmp_path, "FROM a.gguf\nFROM b.gguf\n")
    assert [built.layer.kind for built in created.layers] == [MODEL, MODEL, TEMPLATE, PARAMS]


def test_a_stop_leaves_the_store_alone(tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    (tmp_path / "m.gguf").write_bytes(gguf("tiny.gguf").read_bytes())
    stop = Stop()
    stop.set()
    with pytest.raises(Cancelled):
        build(tmp_path, "FROM m.gguf\n", stop=stop)
    assert not (tmp_path / "store").exists()
