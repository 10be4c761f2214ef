"""What a Modelfile asks for, and the blobs that come of it."""

from pathlib import Path

import pytest

from packllama import gojson
from packllama.base.errors import ModelfileError
from packllama.digest import Digest
from packllama.message import Message
from packllama.modelfile import Modelfile, Recipe


def recipe(text: str, *, where: str = "") -> Recipe:
    return Recipe.of(Modelfile.parse(f"FROM base\n{text}"), where=where)


def test_what_accumulates_and_what_the_last_one_wins() -> None:
    found = recipe(
        "FROM b\nADAPTER x\nADAPTER y\nDRAFT d\nDRAFT e\nTEMPLATE 1\nTEMPLATE 2\nSYSTEM 1\nSYSTEM 2\n"
        "RENDERER 1\nRENDERER 2\nPARSER 1\nPARSER 2\nREQUIRES 0.1\nREQUIRES v0.2\nLICENSE 1\nLICENSE \nLICENSE 2\n"
        "MESSAGE user hi\nMESSAGE assistant a: b\nPARAMETER top_k 1\nPARAMETER stop a\nPARAMETER top_k 2\n"
        "PARAMETER stop b\nPARAMETER model c\n"
    )
    assert found == Recipe(
        froms=("base", "b", "c"),
        adapters=("x", "y"),
        drafts=("d", "e"),
        template="2",
        system="2",
        renderer="2",
        parser="2",
        requires="0.2",
        licenses=("1", "", "2"),
        messages=(Message("user", "hi"), Message("assistant", "a: b")),
        parameters={"top_k": 2, "stop": ("a", "b")},
    )


def test_an_empty_text_takes_an_earlier_one_back() -> None:
    assert recipe("SYSTEM a\nSYSTEM \n").system == ""


def test_deprecated_parameters_are_named_and_ignored() -> None:
    found = recipe("PARAMETER mirostat nonsense\nPARAMETER use_mlock true\nPARAMETER mirostat 2\n")
    assert found.parameters == {}
    assert found.deprecated == ("mirostat", "use_mlock", "mirostat")
    assert found.warnings[1] == "warning: parameter use_mlock is deprecated"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("PARAMETER nope 1", "unknown parameter 'nope'", 2),
        ("\nPARAMETER  num_ctx 1", "unknown parameter ''", 3),
        ("PARAMETER num_ctx 4k\nPARAMETER num_ctx 4096", "invalid int value [4k]", 2),
        ("PARAMETER from x", "unknown parameter 'from'", 2),
        ("REQUIRES new\nREQUIRES 1.0.0", "requires must be a valid semver (e.g. 0.14.0)", 2),
    ],
)
def test_errors_name_the_line(text: str, message: str, line: int) -> None:
    for where, place in (("M", f"M:{line}"), ("", f"line {line}")):
        with pytest.raises(ModelfileError) as caught:
            recipe(text, where=where)
        assert caught.value.message == message
        assert caught.value.where == place


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("0.14.0", "0.14.0"),
        ("v0.14.0", "0.14.0"),
        ("0.14", "0.14"),
        ("1", "1"),
        ("0", "0"),
        ("1.2.3-rc.1", "1.2.3-rc.1"),
        ("1.2.3-0a.x-y+build.007", "1.2.3-0a.x-y+build.007"),
        ("1.2.3+007", "1.2.3+007"),
        ("10.20.30", "10.20.30"),
    ],
)
def test_requires(text: str, stored: str) -> None:
    assert recipe(f"REQUIRES {text}").requires == stored


@pytest.mark.parametrize(
    "text",
    ["", "v", "vv1.0.0", "V1.0.0", "01.0.0", "1.02.0", "1.0.0.0", "1.0-rc1", "1-rc1", "1.0+b", "1.", "1.0.", "1.0.0-",
     "1.0.0-01", "1.0.0-a..b", "1.0.0+", "1.0.0-é", ">=1.0", "1.0 .0", "latest", "\u0661"],
)  # fmt: skip
def test_requires_wants_a_version(text: str) -> None:
    with pytest.raises(ModelfileError, match="valid semver"):
        recipe(f"REQUIRES {text}")


def test_the_parameters_of_a_real_modelfile() -> None:
    text = (Path(__file__).parent / "golden.Modelfile").read_bytes().decode()
    found = Recipe.of(Modelfile.parse(text))
    blob = gojson.line(found.parameters, sort_keys=True, as_float64=True)
    assert found.froms == ("gemma-3-12b-it-q4_0.gguf", "mmproj-google_gemma-3-12b-it-qat-f16.gguf")
    assert len(blob) == 77
    assert Digest.of(blob).hex == "3116c52250752e00dd06b16382e952bd33c34fd79fc4fe3a5d2c77cf7de1b14b"


def test_the_blobs_of_a_derived_model() -> None:
    found = recipe(
        'TEMPLATE """{{ if .System }}<|system|>{{ .System }}{{ end }}{{ .Prompt }}"""\n'
        'SYSTEM You are "terse" & <polite>.\nPARAMETER temperature 0.7\nPARAMETER num_ctx 8192\n'
        'PARAMETER stop <|end|>\nPARAMETER stop "User: "\nLICENSE MIT\nMESSAGE user Hi\n'
        "MESSAGE assistant Hello & welcome\n"
    )
    messages = [{"role": message.role, "content": message.content} for message in found.messages]
    blobs = (
        found.template.encode(),
        found.system.encode(),
        found.licenses[0].encode(),
        gojson.line(found.parameters, sort_keys=True, as_float64=True),
        gojson.line(messages),
    )
    assert [Digest.of(blob).hex for blob in blobs] == [
        "a1110959ef27c0e18e4cf3951c7c710d9ba9cfa9e266b1809c824c58dbb79937",
        "5b27ef1bd70bbd322fc666713eb7508339711ded50c7fa9e9894d7593a82acac",
        "e5dcffe836b6ec8a58e492419b550e65fb8cbdc308503979e5dacb33ac7ea3b7",
        "a504f6bef0ce1c75f85f4c1b8459ba14412a036c3f9e5e3b17a17e8ac0ccd7c8",
        "fb44e63e379aa5ee6c231ce24c5190ce091ddfc6dad2c635330145c55ce3d0a4",
    ]


def test_numbers_keep_go_s_bytes() -> None:
    found = recipe("PARAMETER seed 9223372036854775807\nPARAMETER top_p 0.1234567890\nPARAMETER min_p -0")
    blob = gojson.line(found.parameters, sort_keys=True, as_float64=True)
    assert blob == b'{"min_p":-0,"seed":9223372036854776000,"top_p":0.12345679}\n'
