"""Config blobs: today's bytes written, every older form read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.base.errors import InvalidManifest
from packllama.config import ModelConfig
from packllama.digest import Digest
from tests.unit.stores import TINY_CONFIG, gemma_config, old_config

TINY = ModelConfig(
    model_format="gguf", model_family="test", model_families=("test",), model_type="0", file_type="unknown"
)
TINY_DIGEST = "sha256:89a2116c3a82d6a97f59f748d86ed4417214353fd178ee54df418fde32495fad"


def test_todays_form() -> None:
    raw = TINY.encode()
    assert raw == TINY_CONFIG
    assert (len(raw), Digest.of(raw).hex) == (147, "99759ad5b91e723db0393d698ffbb448b1b7df5ff6377a108c49254583b1bc8c")
    assert ModelConfig.decode(raw, where="c") == TINY


def test_the_form_of_older_versions() -> None:
    raw = old_config("test", "0", "unknown", [TINY_DIGEST])
    assert (len(raw), Digest.of(raw).hex) == (261, "6bcdb8859d417753645538d7bbfbd7ca91a3f0c191aef5379c53c05e86b669dd")
    assert ModelConfig.decode(raw, where="c") == TINY


def test_the_published_gemma3() -> None:
    raw = gemma_config()
    assert (len(raw), Digest.of(raw).hex) == (414, "505f8883abf333a307ed4120ef5f3116f442e6c537e5c4332d9044492e2d637c")
    assert ModelConfig.decode(raw, where="c") == ModelConfig(
        model_format="gguf", model_family="gemma3", model_families=("gemma3",), model_type="12.2B", file_type="Q4_0"
    )


def test_a_remote_stub() -> None:
    raw = (
        b'{"model_format":"","model_family":"gptoss","model_families":["gptoss"],"model_type":"20.9B",'
        b'"file_type":"MXFP4","remote_host":"https://ollama.com:443","remote_model":"gpt-oss:20b",'
        b'"capabilities":["completion","tools","thinking"],"context_length":131072,"embedding_length":2880,'
        b'"architecture":"amd64","os":"linux"}\n'
    )
    config = ModelConfig.decode(raw, where="c")
    assert (config.remote_model, config.context_length) == ("gpt-oss:20b", 131072)
    assert config.encode() == raw


def test_every_field_in_its_place() -> None:
    config = ModelConfig("f", "m", ("m", "n"), "t", "q", "r", "p", "1", "h", "x", ("c",), 1, 2, "b")
    assert list(json.loads(config.encode())) == [
        "model_format", "model_family", "model_families", "model_type", "file_type", "renderer", "parser", "requires",
        "remote_host", "remote_model", "capabilities", "context_length", "embedding_length", "base_name",
        "architecture", "os",
    ]  # fmt: skip
    assert ModelConfig.decode(config.encode(), where="c") == config


@pytest.mark.parametrize(
    ("raw", "families"),
    [
        (b"{}", None),
        (b'{"model_families":null}', None),
        (b'{"model_families":[]}', ()),
        (b'{"MODEL_FAMILIES":["a"]} trailing', ("a",)),
        (b"null", None),
    ],
)
def test_families(raw: bytes, families: tuple[str, ...] | None) -> None:
    assert ModelConfig.decode(raw, where="c").model_families == families


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'{"model_type":7}',
        b'{"model_families":[1]}',
        b'{"model_families":"a"}',
        b'{"context_length":"1"}',
    ],
)
def test_what_is_no_config(raw: bytes) -> None:
    with pytest.raises(InvalidManifest):
        ModelConfig.decode(raw, where="c")


TEXTS = st.text(st.characters(codec="utf-8"))


@given(
    st.builds(
        ModelConfig,
        model_families=st.none() | st.lists(TEXTS).map(tuple),
        capabilities=st.lists(TEXTS).map(tuple),
        context_length=st.integers(0, (1 << 63) - 1),
        embedding_length=st.integers(0, (1 << 63) - 1),
        **dict.fromkeys(
            ("model_format", "model_family", "model_type", "file_type", "renderer", "requires", "base_name"), TEXTS
        ),
    )
)
def test_what_is_written_is_read_again(config: ModelConfig) -> None:
    assert ModelConfig.decode(config.encode(), where="c") == config
