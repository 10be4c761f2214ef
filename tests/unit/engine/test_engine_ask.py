"""A stored model asked: what each of its questions becomes in requests, and what is refused before one is sent."""

import pytest

from packllama.base.errors import BadInput, EngineFailed, NotSupported
from packllama.base.stop import Stop
from packllama.engine import AnswerFormat, LoadedModel, SamplingOptions
from packllama.message import Message
from packllama.prompt import ChatRequest, GenerateRequest
from tests.fixtures import gguf_files
from tests.unit.engine.conftest import Ask, Scripted

THINKS = (
    "{{ range .Messages }}<{{ .Role }}>{{ if .Thinking }}<t>{{ .Thinking }}</t>{{ end }}{{ .Content }}{{ end }}<bot>"
)
OPENS = THINKS + "{{ if .Think }}<t>{{ end }}"
JSON = AnswerFormat.parse("json")


def ask(model: LoadedModel, answer_format: AnswerFormat | None = None, **options: object) -> tuple[str, str]:
    """Thinking and text."""
    request = ChatRequest((Message("user", "Hi"),))
    chunks = list(model.chat(request, options=options, answer_format=answer_format, stop=Stop()))
    assert chunks[-1].done is not None
    return "".join(chunk.thinking for chunk in chunks), "".join(chunk.text for chunk in chunks)


def questions(double: Scripted) -> list[tuple[str, bool]]:
    """Each prompt, and whether it came with a format."""
    return [(body["prompt"], "json_schema" in body) for body in double.bodies("/completion")]


def test_thinking_and_its_marks(asking: Ask) -> None:
    with asking(THINKS, pieces=["<t>H", "m</t>", " Yes"]) as (model, double):
        assert ask(model) == ("Hm", "Yes")
    (body,) = double.bodies("/completion")
    assert body["preserved_tokens"] == ["<t>", "</t>"]


def test_a_model_without_thinking_preserves_nothing(asking: Ask) -> None:
    with asking() as (model, double):
        assert ask(model) == ("", "Hello there")
    assert "preserved_tokens" not in double.bodies("/completion")[0]


@pytest.mark.parametrize(
    ("template", "first", "thinking", "second"),
    [
        pytest.param(THINKS, ["<t>", "Hm", "</t>", "Yes"], "Hm", "<user>Hi<bot><t>Hm</t>", id="thinks"),
        pytest.param(THINKS, ["<t>Hm"], "Hm", "<user>Hi<bot><t>Hm</t>", id="ends inside its thinking"),
        pytest.param(THINKS, ["Yes"], "", "<user>Hi<bot>", id="does not think"),
        pytest.param(OPENS, ["Hm</t>Yes"], "Hm", "<user>Hi<bot><t>Hm</t>", id="the prompt opens it"),
        pytest.param(OPENS, ["Hm"], "Hm", "<user>Hi<bot><t>Hm</t>", id="the prompt opens it, nothing closes it"),
    ],
)
def test_a_format_holds_after_the_thinking(
    template: str, first: list[str], thinking: str, second: str, asking: Ask
) -> None:
    answers = [{"pieces": first}, {"pieces": ['{"a"', ": 1}"]}]
    with asking(template, answers=answers) as (model, double):
        assert ask(model, JSON) == (thinking, '{"a": 1}')
    opened = "<t>" if template == OPENS else ""
    assert questions(double) == [("<user>Hi<bot>" + opened, False), (second, True)]
    assert double.bodies("/completion")[1]["json_schema"] == {"type": "object"}


def test_a_model_without_thinking_is_asked_once(asking: Ask) -> None:
    with asking(pieces=["{}"]) as (model, double):
        assert ask(model, JSON) == ("", "{}")
    assert questions(double) == [("Hi", True)]


@pytest.mark.parametrize(
    ("config", "options"),
    [({"ending": "limit"}, {}), ({}, {"stop": ["x"]})],
    ids=["the limit cut it", "a stop text may have cut it"],
)
def test_what_may_have_been_cut_is_let_through(
    config: dict[str, object], options: dict[str, object], asking: Ask
) -> None:
    with asking(pieces=['{"a'], **config) as (model, _):
        assert ask(model, JSON, **options) == ("", '{"a')


def test_an_engine_that_ignores_the_format(asking: Ask) -> None:
    with asking(pieces=["Hello"]) as (model, _), pytest.raises(EngineFailed, match="did not keep to the format"):
        ask(model, JSON)


def test_an_engine_that_refuses_a_format(asking: Ask) -> None:
    with asking(refuse="failed to parse grammar") as (model, _), pytest.raises(EngineFailed, match="parse grammar"):
        ask(model, JSON)


def test_a_format_that_cannot_be_kept_is_refused_before_the_question(asking: Ask) -> None:
    with asking() as (model, double):
        model.engine.own = True
        with pytest.raises(BadInput, match="uniqueItems"):
            ask(model, AnswerFormat({"type": "array", "uniqueItems": True}))
    assert double.bodies("/completion") == []


def test_parameters_and_options(asking: Ask) -> None:
    with asking(parameters='{"top_k": 7, "temperature": 0.5, "num_ctx": 512}') as (model, double):
        ask(model, temperature=0)
        with pytest.raises(BadInput, match='"top_k" must be of type integer'):
            ask(model, top_k="many")
    (body,) = double.bodies("/completion")
    assert (body["top_k"], body["temperature"], body["n_predict"]) == (7, 0, 5120)


PICTURE = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("props", "marker"), [({}, "<__media__>"), ({"media_marker": "<__media_7f__>"}, "<__media_7f__>")]
)
def test_where_pictures_stand(props: dict[str, str], marker: str, asking: Ask) -> None:
    with asking(props=props) as (model, double):
        model.engine.sees = True
        list(model.engine.complete("[img-0] and [img-1]?", SamplingOptions(), pictures=(PICTURE, b"2"), stop=Stop()))
        list(model.engine.complete("[img-0]", SamplingOptions(), pictures=(PICTURE,), stop=Stop()))
    both, alone = (body["prompt"] for body in double.bodies("/completion"))
    assert both == {"prompt_string": f"{marker} and {marker}?", "multimodal_data": ["iVBORw0KGgo=", "Mg=="]}
    assert alone == {"prompt_string": f"{marker}\n", "multimodal_data": ["iVBORw0KGgo="]}


@pytest.mark.parametrize(
    ("sees", "prompt", "pictures", "sentence"),
    [
        (False, "[img-0]", (PICTURE,), "the model has no eyes"),
        (True, "what?", (PICTURE,), "no place for picture 1"),
        (True, "[img-0]", (PICTURE, PICTURE), "no place for picture 2"),
        (True, "[img-0]", (bytes(73 * 1024 * 1024),), "more than 75,497,472 bytes together"),
    ],
)
def test_pictures_that_cannot_be_shown(
    sees: bool, prompt: str, pictures: tuple[bytes, ...], sentence: str, asking: Ask
) -> None:
    with asking() as (model, double):
        model.engine.sees = sees
        with pytest.raises(NotSupported, match=sentence):
            list(model.engine.complete(prompt, SamplingOptions(), pictures=pictures, stop=Stop()))
    assert double.bodies("/completion") == []


BERT = gguf_files.path("tiny-bert.gguf").read_bytes()


def test_a_vector(asking: Ask) -> None:
    with asking(weights=BERT, vector=[0.6, 0.8]) as (model, double):
        assert model.embed("the quick brown fox", stop=Stop()) == [0.6, 0.8]
        assert model.embed("fox", dimensions=1, stop=Stop()) == [1.0]
        assert model.embed("fox", dimensions=5, stop=Stop()) == [0.6, 0.8]
    assert double.bodies("/embedding")[0] == {"content": [0, 1, 2, 3]}
    (start,) = double.starts
    assert "--embeddings" in start["argv"]


def test_a_text_that_is_too_long_for_a_vector(asking: Ask) -> None:
    with asking(weights=BERT, parameters='{"num_ctx": 8}') as (model, double):
        model.embed("w " * 8, stop=Stop())
        model.embed("w " * 20, stop=Stop())
        with pytest.raises(NotSupported, match="the input length exceeds the context length") as caught:
            model.embed("w " * 20, truncate=False, stop=Stop())
    assert "20 tokens, where 8 fit" in caught.value.where
    # The last token ends the text for the model.
    assert [body["content"] for body in double.bodies("/embedding")] == [[*range(8)], [*range(7), 19]]


def test_vectors_and_answers_are_not_mixed_up(asking: Ask) -> None:
    with asking(weights=BERT) as (model, _):
        with pytest.raises(NotSupported, match="makes vectors and no answers"):
            ask(model)
        with pytest.raises(NotSupported, match="makes vectors and no answers"):
            model.generate(GenerateRequest("Hi"), stop=Stop())


def test_a_model_that_makes_no_vectors(asking: Ask) -> None:
    with asking() as (model, _), pytest.raises(NotSupported, match="makes no vectors"):
        model.embed("Hi", stop=Stop())
