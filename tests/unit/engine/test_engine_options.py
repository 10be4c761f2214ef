"""Ollama's options: defaults, layers, types, and the names they have in a request."""

from pathlib import Path

import pytest

from packllama.base.errors import BadInput
from packllama.engine import LoadOptions, SamplingOptions, load_options, sampling_options
from packllama.engine.options import TABLE, Option

MODEL = Path("/m.gguf")


def test_every_default_is_sent() -> None:
    assert SamplingOptions().request(context=4096) == {
        "n_keep": 4,
        "seed": -1,
        "n_predict": 40960,
        "top_k": 40,
        "top_p": 0.9,
        "min_p": 0.0,
        "typical_p": 1.0,
        "repeat_last_n": 64,
        "temperature": 0.8,
        "repeat_penalty": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "stop": [],
    }


@pytest.mark.parametrize(("asked", "sent"), [(-2, 100), (-1, 100), (0, 100), (1, 1), (99, 99), (101, 100)])
def test_an_answer_is_bounded(asked: int, sent: int) -> None:
    assert SamplingOptions(num_predict=asked).request(context=10)["n_predict"] == sent


@pytest.mark.parametrize(
    ("options", "context"),
    [
        (LoadOptions(MODEL), 4096),
        (LoadOptions(MODEL, num_ctx=0), 4096),
        (LoadOptions(MODEL, num_ctx=1), 4),
        (LoadOptions(MODEL, num_ctx=-5), 4),
        (LoadOptions(MODEL, num_ctx=512), 512),
        (LoadOptions(MODEL, (Path("/p.gguf"),), num_ctx=512), 2048),
        (LoadOptions(MODEL, trained_ctx=2048), 2048),
        (LoadOptions(MODEL, num_ctx=9999, trained_ctx=8192), 8192),
        (LoadOptions(MODEL, (Path("/p.gguf"),), trained_ctx=1024), 1024),
    ],
)
def test_context(options: LoadOptions, context: int) -> None:
    assert options.context == context


@pytest.mark.parametrize(
    ("options", "batch"),
    [
        (LoadOptions(MODEL), 512),
        (LoadOptions(MODEL, num_batch=0), 512),
        (LoadOptions(MODEL, num_batch=-1), 512),
        (LoadOptions(MODEL, num_batch=1), 32),
        (LoadOptions(MODEL, num_batch=1024), 1024),
        (LoadOptions(MODEL, num_batch=64, num_ctx=256, embedding=True), 256),
    ],
)
def test_batch(options: LoadOptions, batch: int) -> None:
    assert options.batch == batch


@pytest.mark.parametrize(
    ("options", "drafted"),
    [
        (LoadOptions(MODEL, draft_num_predict=7), 0),
        (LoadOptions(MODEL, draft=MODEL), 4),
        (LoadOptions(MODEL, draft=MODEL, draft_num_predict=0), 0),
        (LoadOptions(MODEL, draft=MODEL, draft_num_predict=-7), 0),
        (LoadOptions(MODEL, draft=MODEL, draft_num_predict=7), 7),
    ],
)
def test_drafted(options: LoadOptions, drafted: int) -> None:
    assert options.drafted == drafted


INT = 2**31 - 1


@pytest.mark.parametrize("row", [row for row in TABLE if row.type == "integer"], ids=lambda row: row.name)
def test_no_integer_is_more_than_the_engine_can_hold(row: Option) -> None:
    """Each is refused or wrapped around by the engine otherwise, and some take it minutes or all memory."""
    most = {"num_thread": 512, "draft_num_predict": 31, "seed": 2**32 - 1}.get(row.name, INT)
    least = -1 if row.name == "num_keep" else -INT
    for asked, taken in ((2**62, most), (-(2**62), least), (5, 5), (-1, -1)):
        made = sampling_options({row.name: asked}) if row.wire else load_options(MODEL, {row.name: asked})
        assert getattr(made, row.name) == taken


@pytest.mark.parametrize(
    ("asked", "sent"),
    [(-(2**62), 256), (-1, 256), (0, 0), (64, 64), (256, 256), (257, 256), (2**62, 256)],
)
def test_repeat_last_n_is_at_most_the_context(asked: int, sent: int) -> None:
    assert sampling_options({"repeat_last_n": asked}).request(context=256)["repeat_last_n"] == sent


def test_an_empty_stop_text_is_none() -> None:
    assert sampling_options({"stop": ["", "a", " ", ""]}).request(context=256)["stop"] == ["a", " "]


def test_layers_later_over_earlier() -> None:
    model = {"temperature": 0.5, "top_k": 20, "num_ctx": 1024, "stop": ["a"]}
    request = {"temperature": 1, "top_k": None, "mirostat": 2, "num_predict": 7.9, "use_mmap": False}
    assert sampling_options(model, request) == SamplingOptions(temperature=1.0, top_k=20, num_predict=7, stop=("a",))
    assert load_options(MODEL, model, request) == LoadOptions(MODEL, num_ctx=1024, use_mmap=False)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"top_k": "40"}, 'option "top_k" must be of type integer'),
        ({"top_k": True}, 'option "top_k" must be of type integer'),
        ({"top_k": float("inf")}, 'option "top_k" must be of type integer'),
        ({"top_p": "x"}, 'option "top_p" must be of type float32'),
        ({"temperature": float("nan")}, 'option "temperature" must be of type float32'),
        ({"use_mmap": 1}, 'option "use_mmap" must be of type boolean'),
        ({"stop": "end"}, 'option "stop" must be of type array'),
        ({"stop": [1]}, 'option "stop" must be of an array of strings'),
    ],
)
def test_wrong_types(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(BadInput) as caught:
        sampling_options(options)
    assert caught.value.message == complaint
