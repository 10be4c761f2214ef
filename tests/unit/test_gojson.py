"""JSON in Go's spelling: bytes that hash to the digests Ollama's own blobs have."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama import gojson
from packllama.base.errors import BadInput
from packllama.digest import Digest
from packllama.gojson import JSON

CONFIG: dict[str, JSON] = {
    "model_format": "gguf",
    "model_family": "test",
    "model_families": ["test"],
    "model_type": "0",
    "file_type": "unknown",
    "architecture": "amd64",
    "os": "linux",
}
MODEL = "sha256:89a2116c3a82d6a97f59f748d86ed4417214353fd178ee54df418fde32495fad"
CONFIG_DIGEST = "sha256:99759ad5b91e723db0393d698ffbb448b1b7df5ff6377a108c49254583b1bc8c"


def _layer(kind: str, digest: str, size: int, **more: str) -> dict[str, JSON]:
    return {"mediaType": f"application/vnd.ollama.image.{kind}", "digest": digest, "size": size, **more}


def _manifest(*layers: dict[str, JSON]) -> dict[str, JSON]:
    return {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "digest": CONFIG_DIGEST,
            "size": 147,
        },
        "layers": layers,
    }


DERIVED = _manifest(
    _layer("model", MODEL, 68, **{"from": "test:latest"}),
    _layer("template", "sha256:a1110959ef27c0e18e4cf3951c7c710d9ba9cfa9e266b1809c824c58dbb79937", 61),
    _layer("system", "sha256:5b27ef1bd70bbd322fc666713eb7508339711ded50c7fa9e9894d7593a82acac", 27),
    _layer("license", "sha256:e5dcffe836b6ec8a58e492419b550e65fb8cbdc308503979e5dacb33ac7ea3b7", 3),
    _layer("params", "sha256:a504f6bef0ce1c75f85f4c1b8459ba14412a036c3f9e5e3b17a17e8ac0ccd7c8", 73),
    _layer("messages", "sha256:fb44e63e379aa5ee6c231ce24c5190ce091ddfc6dad2c635330145c55ce3d0a4", 87),
)


def _messages(*pairs: tuple[str, str]) -> list[JSON]:
    return [{"role": role, "content": content} for role, content in pairs]


@pytest.mark.parametrize(
    ("value", "size", "digest"),
    [
        (CONFIG, 147, CONFIG_DIGEST),
        (
            {**CONFIG, "rootfs": {"type": "layers", "diff_ids": [MODEL]}},
            261,
            "sha256:6bcdb8859d417753645538d7bbfbd7ca91a3f0c191aef5379c53c05e86b669dd",
        ),
        (
            _manifest(_layer("model", MODEL, 68)),
            408,
            "sha256:f75369d1dd1fb2f7c3db80c05854077604d2e78397dbe270fbe9d8a453ae62ff",
        ),
        (DERIVED, 1158, "sha256:6c53f05dcf6e32b93e917bc29781222782b205600c0439384e22bc2fc3cbda16"),
        (
            _messages(("user", "Hi"), ("assistant", "Hello & welcome")),
            87,
            "sha256:fb44e63e379aa5ee6c231ce24c5190ce091ddfc6dad2c635330145c55ce3d0a4",
        ),
        (
            _messages(("assistant", "What is my purpose?"), ("user", "You run tests."), ("assistant", "Oh, my god.")),
            143,
            "sha256:298baeaf6928a60cf666d88d64a1ba606feb43a2865687c39e40652e407bffc4",
        ),
        (
            _messages(
                ("assistant", "You're a test, Harry."),
                ("user", "I-I'm a what?"),
                ("assistant", "A test. And a thumping good one at that, I'd wager."),
            ),
            184,
            "sha256:a60ecc9da299ec7ede453f99236e5577fd125e143689b646d9f0ddc9971bf4db",
        ),
    ],
)
def test_blobs_with_known_digests(value: JSON, size: int, digest: str) -> None:
    data = gojson.line(value)
    assert (len(data), str(Digest.of(data))) == (size, digest)


@pytest.mark.parametrize(
    ("parameters", "digest"),
    [
        (
            {"temperature": 0.7, "num_ctx": 8192, "stop": ["<|end|>", "User: "]},
            "a504f6bef0ce1c75f85f4c1b8459ba14412a036c3f9e5e3b17a17e8ac0ccd7c8",
        ),
        (
            {"top_k": 10, "temperature": 1.0, "stop": ("USER:", "ASSISTANT:")},
            "1d0ad71299d48c2fb7ae2b98e683643e771f8a5b72be34942af90d97a91c1e37",
        ),
        (
            {"stop": ["USER:", "ASSISTANT:"], "top_p": 0.7, "top_k": 10, "temperature": 0.6},
            "e29a7b3c47287a2489c895d21fe413c20f859a85d20e749492f52a838e36e1ba",
        ),
        (
            {"stop": ["<|endoftext|>"], "temperature": 0.6, "top_k": 10, "top_p": 0.7},
            "12f58bb75cb3042d69a7e013ab87fb3c3c7088f50ddc62f0c77bd332f0d44d35",
        ),
    ],
)
def test_params_blobs_with_known_digests(parameters: dict[str, JSON], digest: str) -> None:
    assert Digest.of(gojson.line(parameters, sort_keys=True, as_float64=True)).hex == digest


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('"\\', r"\"\\"),
        ("\b\t\n\f\r", r"\b\t\n\f\r"),
        ("\0\x01\x0b\x1f", r"\u0000\u0001\u000b\u001f"),
        ("<>&", r"\u003c\u003e\u0026"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\x7f/'é€😀\ufffd", "\x7f/'é€😀\ufffd"),
        (b"a\xff\xe2\x82z".decode("utf-8", "surrogateescape"), r"a\ufffd\ufffd\ufffdz"),
        ("\ud83d", r"\ufffd"),
        ("", ""),
    ],
)
def test_texts(text: str, written: str) -> None:
    assert gojson.encode(text) == f'"{written}"'
    assert gojson.encode({text: None}) == f'{{"{written}":null}}'


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (1, "1"),
        (-7, "-7"),
        (9223372036854775807, "9223372036854775807"),
        (10**30, "1" + "0" * 30),
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (4096.0, "4096"),
        (0.7, "0.7"),
        (1e-05, "0.00001"),
        (1e-06, "0.000001"),
        (9.5e-07, "9.5e-7"),
        (1e-07, "1e-7"),
        (1.25e-10, "1.25e-10"),
        (1e16, "10000000000000000"),
        (1.5e20, "150000000000000000000"),
        (1e21, "1e+21"),
        (-1.5e300, "-1.5e+300"),
        (5e-324, "5e-324"),
        (9.223372036854775807e18, "9223372036854776000"),
        (0.1 + 0.2, "0.30000000000000004"),
    ],
)
def test_numbers(number: float, written: str) -> None:
    assert gojson.encode(number) == written


def test_numbers_after_a_trip_through_64_bit_floats() -> None:
    assert gojson.float64(9223372036854775807) == 2.0**63
    assert gojson.encode([9223372036854775807, 2**53 + 1], as_float64=True) == "[9223372036854776000,9007199254740992]"
    assert gojson.encode({"a": [True, 1, {"b": 1.0}]}, as_float64=True) == '{"a":[true,1,{"b":1}]}'


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_reads_back(number: float) -> None:
    assert float(gojson.encode(number)) == number


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e15, 1e15) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_VALUES)
def test_what_is_written_reads_back(value: JSON) -> None:
    assert json.loads(gojson.line(value)) == value
    assert json.loads(gojson.line(value, sort_keys=True)) == value


def test_objects_keep_their_order_or_are_sorted_by_bytes() -> None:
    value: JSON = {"b": 1, "😀": 2, "a": {"z": [], "B": {}}, "\uffff": 3}
    assert gojson.encode(value) == '{"b":1,"😀":2,"a":{"z":[],"B":{}},"\uffff":3}'
    assert gojson.encode(value, sort_keys=True) == '{"a":{"B":{},"z":[]},"b":1,"\uffff":3,"😀":2}'


def test_a_line_ends_with_a_newline() -> None:
    assert gojson.line({}) == b"{}\n"


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (math.inf, "json: unsupported value: +Inf"),
        (-math.inf, "json: unsupported value: -Inf"),
        (math.nan, "json: unsupported value: NaN"),
        pytest.param(10**5000, "too large", id="thousands-of-digits"),
    ],
)
def test_refuses_numbers_that_json_lacks(number: float, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        gojson.encode({"a": [number]})
    assert message in caught.value.message


def test_refuses_numbers_beyond_the_floats() -> None:
    with pytest.raises(BadInput, match="64-bit float"):
        gojson.encode(10**400, as_float64=True)


def test_depth_is_bounded() -> None:
    value: JSON = []
    for _ in range(gojson.MAX_DEPTH):
        value = [value]
    assert gojson.encode(value).startswith("[[[")
    assert gojson.percent_v(value) == gojson.encode(value)
    for write in (gojson.encode, gojson.percent_v, gojson.percent_sharp_v):
        with pytest.raises(BadInput, match="levels deep"):
            write([value])
    loop: list[JSON] = []
    loop.append(loop)
    with pytest.raises(BadInput, match="levels deep"):
        gojson.encode(loop)


def test_bytes_are_not_json() -> None:
    with pytest.raises(TypeError, match="bytes"):
        gojson.encode([b"x"])


@pytest.mark.parametrize(
    ("value", "plain", "sharp"),
    [
        (4096, "4096", "4096"),
        (0.7, "0.7", "0.7"),
        (262144, "262144", "262144"),
        (1_000_000, "1e+06", "1e+06"),
        (1_048_576, "1.048576e+06", "1.048576e+06"),
        (999999.5, "999999.5", "999999.5"),
        (0.0001, "0.0001", "0.0001"),
        (0.00001, "1e-05", "1e-05"),
        (-1, "-1", "-1"),
        (0, "0", "0"),
        (-0.0, "-0", "-0"),
        (1e300, "1e+300", "1e+300"),
        (9223372036854775807, "9.223372036854776e+18", "9.223372036854776e+18"),
        (math.inf, "+Inf", "+Inf"),
        (True, "true", "true"),
        (False, "false", "false"),
        (None, "<nil>", "<nil>"),
        ("<|end|>", "<|end|>", '"<|end|>"'),
        ("a\"b\\c'", "a\"b\\c'", '"a\\"b\\\\c\'"'),
        ("\a\b\f\n\r\t\v", "\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"'),
        ("\0\x1b\x7f", "\0\x1b\x7f", r'"\x00\x1b\x7f"'),
        ("é€\xa0\u200b\ufeff", "é€\xa0\u200b\ufeff", r'"é€\u00a0\u200b\ufeff"'),
        ("\U000e0001😀\ufffd", "\U000e0001😀\ufffd", '"\\U000e0001😀\ufffd"'),
        ("\udc80", "\udc80", r'"\x80"'),
        ([1, "a", None, True], "[1 a <nil> true]", '[]interface {}{1, "a", interface {}(nil), true}'),
        ({"b": None, "a": 1e6}, "map[a:1e+06 b:<nil>]", 'map[string]interface {}{"a":1e+06, "b":interface {}(nil)}'),
    ],
)
def test_go_values(value: JSON, plain: str, sharp: str) -> None:
    assert gojson.percent_v(value) == plain
    assert gojson.percent_sharp_v(value) == sharp


@pytest.mark.parametrize(
    ("number", "general", "as_json"),
    [
        (0.0, "0", "0"),
        (-0.0, "-0", "-0"),
        (999999.5, "999999.5", "999999.5"),
        (1e6, "1e+06", "1000000"),
        (1e-5, "1e-05", "0.00001"),
        (1e-7, "1e-07", "1e-7"),
        (1e21, "1e+21", "1e+21"),
    ],
)
def test_floats(number: float, general: str, as_json: str) -> None:
    assert gojson.general(number) == general
    assert gojson.number(number) == as_json


def test_floats_that_json_does_not_have() -> None:
    assert [gojson.general(float(name)) for name in ("inf", "-inf", "nan")] == ["+Inf", "-Inf", "NaN"]
    with pytest.raises(BadInput, match="unsupported value: NaN"):
        gojson.number(math.nan)


def test_between_the_quotes() -> None:
    assert gojson.escaped('<a>"\n\udcff') == '\\u003ca\\u003e\\"\\n\\ufffd'


def test_depth_can_be_refused() -> None:
    gojson.refuse_depth([[1]], levels=2)
    with pytest.raises(BadInput, match="nests more than 1 levels"):
        gojson.refuse_depth([[1]], levels=1)
