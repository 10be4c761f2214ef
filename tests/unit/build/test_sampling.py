"""The publisher's parameters, from keys of a GGUF and from generation_config.json."""

import json

import pytest

from packllama.base.errors import InvalidManifest
from packllama.build.sampling import sampling_of_config, sampling_of_gguf
from packllama.gguf import ValueType
from tests.unit.gguf.builder import gguf, parse, scalar, string


def test_keys_of_a_gguf() -> None:
    keys = [
        scalar("general.sampling.temp", ValueType.FLOAT32, 0.6),
        scalar("general.sampling.top_k", ValueType.INT32, 20),
        scalar("general.sampling.top_p", ValueType.FLOAT64, 0.95),
        scalar("general.sampling.penalty_repeat", ValueType.FLOAT32, 1.0),
        scalar("general.sampling.penalty_last_n", ValueType.INT32, -1),
        scalar("general.sampling.xtc_threshold", ValueType.FLOAT32, 0.1),
        scalar("general.sampling.min_p", ValueType.FLOAT32, float("nan")),
    ]
    assert sampling_of_gguf(parse(gguf(keys))) == {
        "temperature": "0.6",
        "top_k": "20",
        "top_p": "0.95",
        "repeat_last_n": "-1",
        "repeat_penalty": "1.0",
    }


def test_a_key_of_another_type_is_none() -> None:
    assert sampling_of_gguf(parse(gguf([string("general.sampling.temp", "0.6\nSYSTEM x")]))) == {}


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"temperature": 0.7, "top_p": 0.8, "top_k": 20}, {"temperature": "0.7", "top_p": "0.8", "top_k": "20"}),
        ({"repetition_penalty": 1.05}, {"repeat_penalty": "1.05"}),
        ({"top_k": 50.0, "temperature": 1}, {"top_k": "50", "temperature": "1.0"}),
        ({"top_k": 50.5}, {}),
        ({"temperature": "0.7\nSYSTEM x"}, {}),
        ({"temperature": True}, {}),
        ({"temperature": None}, {}),
        ({"temperature": [0.7]}, {}),
        ({"temperature": 1e300}, {}),
        ({"top_k": 1 << 70}, {}),
        ({"temperature": -1e-50}, {"temperature": "-0.0"}),
        ({"Temperature": 0.7, "eos_token_id": 2}, {}),
        ([{"temperature": 0.7}], {}),
        ("temperature", {}),
        (None, {}),
    ],
)
def test_generation_config(config: object, found: dict[str, str]) -> None:
    assert sampling_of_config(json.dumps(config).encode(), where="c") == found


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"{'temperature': 1}", b"[" * 100_000, b'{"temperature": NaN}'])
def test_what_is_no_json(raw: bytes) -> None:
    with pytest.raises(InvalidManifest):
        sampling_of_config(raw, where="c")
