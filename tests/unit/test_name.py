"""Model names: Ollama's grammar as tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.base.errors import InvalidName
from packllama.name import ModelName, Source, cloud_stub, reserved, split_source

HOST = "registry.ollama.ai"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("llama3", (HOST, "library", "llama3", "latest")),
        ("llama3:8b", (HOST, "library", "llama3", "8b")),
        ("me/llama3", (HOST, "me", "llama3", "latest")),
        ("hf.co/me/Repo-GGUF:Q4_K_M", ("hf.co", "me", "Repo-GGUF", "Q4_K_M")),
        ("localhost:5000/me/m", ("localhost:5000", "me", "m", "latest")),
        ("http://h/ns/m:t", ("h", "ns", "m", "t")),
        ("odd+scheme://h/ns/m", ("h", "ns", "m", "latest")),
        ("://h/ns/m", ("h", "ns", "m", "latest")),
        ("http:///ns/m", (HOST, "ns", "m", "latest")),
        ("_why/_the/_lucky:_stiff", ("_why", "_the", "_lucky", "_stiff")),
        ("a.", (HOST, "library", "a.", "latest")),
        ("a..b", (HOST, "library", "a..b", "latest")),
        ("_", (HOST, "library", "_", "latest")),
        ("1", (HOST, "library", "1", "latest")),
        ("a:b:c/n/m", ("a:b:c", "n", "m", "latest")),
        ("h:/n/m", ("h:", "n", "m", "latest")),
        ("h" * 350 + "/" + "n" * 80 + "/" + "m" * 80 + ":" + "t" * 80, ("h" * 350, "n" * 80, "m" * 80, "t" * 80)),
    ],
)
def test_parses(text: str, parts: tuple[str, str, str, str]) -> None:
    assert ModelName.parse(text).path_parts == parts


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("localhost:5000/m", "the namespace may hold letters, digits and '_' '-', not ':'"),
        ("http://h/m", "the host may hold letters, digits and '_' '-' '.' ':', not '/'"),
        ("a/b/c/d", "the host may hold letters, digits and '_' '-' '.' ':', not '/'"),
        ("m:", "the tag is missing"),
        (":t", "the model is missing"),
        ("/m", "the namespace is missing"),
        ("n/", "the model is missing"),
        ("//m", "the host is missing"),
        ("", "the model is missing"),
        ("host/name:space/model:tag", "the namespace may hold"),
        ("user.name/m", "the namespace may hold letters, digits and '_' '-', not '.'"),
        ("m@d", "the model may hold letters, digits and '_' '-' '.', not '@'"),
        ("m@sha256:" + "0" * 64, "not '@'"),
        (".hidden", "the model must start with"),
        ("-x", "the model must start with"),
        (":h/n/m", "the host must start with"),
        ("m:a:b", "the model may hold"),
    ],
)
def test_refuses_and_says_why(text: str, hint: str) -> None:
    with pytest.raises(InvalidName) as caught:
        ModelName.parse(text)
    assert caught.value.message == f"invalid model name: {text}"
    assert hint in caught.value.hint


HOSTILE = [
    ".",
    "..",
    "../m",
    "../../etc/passwd",
    "a/../m",
    "h/../m",
    "../n/m",
    "h/n/..",
    "h/n/m:..",
    "h/n/m:../../x",
    "/etc/passwd",
    "//server/share/m",
    "a\\b",
    "..\\..\\m",
    "C:\\m",
    "C:/m",
    "m\0",
    "m\0.txt",
    "m\n",
    "m:t\n",
    "\nm",
    "m\r",
    "m\t",
    " m",
    "m ",
    "m:t ",
    "n n/m",
    "%2e%2e/m",
    "m%00",
    "m:%2e%2e",
    "~/m",
    "~root",
    "$HOME/m",
    "m;id",
    "m|id",
    "`id`",
    "m*",
    "m?x=1",
    "m#x",
    "mé",
    "m\u0301",
    "\u0430dmin/m",  # a Cyrillic a
    "ｍ",  # full width
    "m\u200b",
    "m\u202egpj",
    "m\x1b[31m",
    "m\u2215x",  # a division slash
    "m:\u0661",  # an Arabic digit one
    "m\ud800",
    "!MISSING!",
    "m:!MISSING!",
    "n" * 81 + "/m",
    "m" * 81,
    "m:" + "t" * 81,
    "h" * 351 + "/n/m",
    "m" * 1_000_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_refuses_hostile_names(text: str) -> None:
    with pytest.raises(InvalidName) as caught:
        ModelName.parse(text)
    assert len(str(caught.value)) < 1200


@pytest.mark.parametrize("part", ["", ".", "..", "a/b", "a\0", "a\n", "-a", ".a", "é"])
@pytest.mark.parametrize("place", range(4))
def test_no_name_can_be_built_of_a_bad_part(part: str, place: int) -> None:
    parts = ["host", "namespace", "model", "tag"]
    parts[place] = part
    with pytest.raises(InvalidName):
        ModelName.from_path_parts(parts)
    with pytest.raises(InvalidName):
        ModelName(*parts)


@pytest.mark.parametrize("parts", [[], ["h", "n", "m"], ["h", "n", "m", "t", "x"]])
def test_a_manifest_lies_four_levels_deep(parts: list[str]) -> None:
    with pytest.raises(InvalidName, match="4 parts"):
        ModelName.from_path_parts(parts)


@given(st.text() | st.text(alphabet="ab.:/-_@%\\\0\n", max_size=20))
def test_whatever_parses_is_safe_and_reads_back(text: str) -> None:
    try:
        name = ModelName.parse(text)
    except InvalidName:
        return
    assert ModelName.parse(name.full) == name
    assert ModelName.parse(name.short).folded == name.folded
    assert ModelName.from_path_parts(name.relative_path().parts) == name
    assert len(name.relative_path().parts) == 4
    for part in name.path_parts:
        assert part.isascii()
        assert part.isprintable()
        assert part[0] not in ".-:"
        assert not set(part) & set("/\\\0 %~")


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("gemma3", "gemma3:latest"),
        ("me/gemma3:12b", "me/gemma3:12b"),
        ("hf.co/me/Repo-GGUF:Q4_K_M", "hf.co/me/Repo-GGUF:Q4_K_M"),
        ("hf.co/library/m", "hf.co/library/m:latest"),
        ("Registry.Ollama.AI/library/m", "m:latest"),
        ("LIBRARY/m", "m:latest"),
        ("registry.ollama.ai/Me/m", "Me/m:latest"),
        ("https://registry.ollama.ai/library/m:t", "m:t"),
    ],
)
def test_short_form(text: str, short: str) -> None:
    assert ModelName.parse(text).short == short


def test_full_form_and_path() -> None:
    name = ModelName.parse("Llama3:8B")
    assert str(name) == name.full == "registry.ollama.ai/library/Llama3:8B"
    assert str(name.relative_path()) == "registry.ollama.ai/library/Llama3/8B"


def test_letter_case_counts_unless_folded() -> None:
    assert ModelName.parse("Foo") != ModelName.parse("foo")
    assert ModelName.parse("Foo").folded == ModelName.parse("fOO:LATEST").folded
    assert ModelName.parse("b") > ModelName.parse("a:z")


@pytest.mark.parametrize(
    ("name", "existing", "canonical"),
    [
        ("Foo", ["foo:latest"], "foo:latest"),
        ("bar:q8_0", ["other:Q8_0"], "bar:Q8_0"),
        ("bar", ["other:LATEST"], "bar:LATEST"),
        ("HF.co/ME/m", ["hf.co/x/y", "Me/z"], "hf.co/Me/m:latest"),
        ("foo", [], "foo:latest"),
        ("foo", ["bar:1"], "foo:latest"),
        ("FOO", ["foo", "Foo"], "Foo:latest"),
        ("FOO", ["foo", "FOO", "Foo"], "FOO:latest"),
        ("latest", ["LATEST:x"], "LATEST:latest"),
    ],
)
def test_adopts_existing_spellings(name: str, existing: list[str], canonical: str) -> None:
    names = [ModelName.parse(other) for other in existing]
    assert ModelName.parse(name).canonical(names) == ModelName.parse(canonical)
    assert ModelName.parse(name).canonical(reversed(names)) == ModelName.parse(canonical)


@pytest.mark.parametrize(
    ("text", "rest", "source"),
    [
        ("qwen3", "qwen3", Source.UNSPECIFIED),
        ("  qwen3\n", "qwen3", Source.UNSPECIFIED),
        ("qwen3:8b", "qwen3:8b", Source.UNSPECIFIED),
        ("qwen3:cloud", "qwen3", Source.CLOUD),
        ("qwen3:Cloud", "qwen3", Source.CLOUD),
        ("qwen3: cloud ", "qwen3", Source.CLOUD),
        ("qwen3:local", "qwen3", Source.LOCAL),
        ("foo:8b:LOCAL", "foo:8b", Source.LOCAL),
        ("gpt-oss:20b-cloud", "gpt-oss:20b", Source.CLOUD),
        ("gpt-oss:20b-CLOUD", "gpt-oss:20b", Source.CLOUD),
        ("gpt-oss:20b:cloud", "gpt-oss:20b", Source.CLOUD),
        ("my-cloud", "my-cloud", Source.UNSPECIFIED),
        ("localhost:5000/n/m-cloud", "localhost:5000/n/m-cloud", Source.UNSPECIFIED),
        ("localhost:5000/n/m:cloud", "localhost:5000/n/m", Source.CLOUD),
        ("m:cloudy", "m:cloudy", Source.UNSPECIFIED),
    ],
)
def test_splits_the_source_off(text: str, rest: str, source: Source) -> None:
    assert split_source(text) == (rest, source)


@pytest.mark.parametrize(
    "text", ["m:cloud:local", "m:local:cloud", "m:20b-cloud:cloud", "m:local:local", "m:a-cloud:local"]
)
def test_one_source_is_enough(text: str) -> None:
    with pytest.raises(InvalidName) as caught:
        split_source(text)
    assert caught.value.message == "use either :local or :cloud, not both"


@pytest.mark.parametrize("text", ["", " \t\n\u3000"])
def test_a_blank_reference_names_nothing(text: str) -> None:
    with pytest.raises(InvalidName, match="model is required"):
        split_source(text)


@pytest.mark.parametrize(
    ("reference", "stub"),
    [
        ("gpt-oss:20b", "gpt-oss:20b-cloud"),
        ("qwen3", "qwen3:cloud"),
        ("localhost:5000/n/m", "localhost:5000/n/m:cloud"),
    ],
)
def test_names_cloud_stubs(reference: str, stub: str) -> None:
    assert cloud_stub(reference) == stub
    assert split_source(stub) == (reference, Source.CLOUD)


@pytest.mark.parametrize(
    ("tag", "is_reserved"),
    [("local", True), ("CLOUD", True), ("20b-Cloud", True), ("latest", False), ("clouds", False), ("cloud-1", False)],
)
def test_reserved_tags(tag: str, is_reserved: bool) -> None:
    assert reserved(tag) is is_reserved


@pytest.mark.parametrize(
    ("asked", "there", "near"),
    [
        ("gemma3", "gemma3:12b gemma3:4b qwen3 llama3", ["gemma3:12b", "gemma3:4b"]),
        ("gema3", "gemma3 qwen3", ["gemma3:latest"]),
        ("me/Gemma3", "gemma3:12b", ["gemma3:12b"]),
        ("qwen3", "gemma3 m", []),
        ("a", "a:1 a:2 a:3 a:4", ["a:1", "a:2", "a:3"]),
        ("a", "", []),
    ],
)
def test_near(asked: str, there: str, near: list[str]) -> None:
    names = map(ModelName.parse, there.split())
    assert [name.short for name in ModelName.parse(asked).near(names)] == near
