"""The facts about a stored model."""

from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import GGUFError, IntegrityError, NotSupported
from packllama.describe import Description, Projector, describe
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.name import ModelName
from packllama.places.store import Store
from packllama.places.store.layout import Layout
from tests.unit.gguf import builder
from tests.unit.stores import GEMMA_NAME, GEMMA_TEMPLATE, TINY_GGUF, put_gemma, put_model

# A header that says it is gemma3 with 12.2 billion parameters in Q4_0, of 18 bytes for 32.
GEMMA_HEADER = builder.gguf(
    [
        builder.string("general.architecture", "gemma3"),
        builder.uint32("general.file_type", 2),
        builder.uint32("gemma3.context_length", 131072),
        builder.uint32("gemma3.embedding_length", 3840),
    ],
    [builder.tensor("token_embd.weight", [3840, 3_177_083], kind=2)],
)

OLD_PROJECTOR = builder.gguf(
    [builder.string("general.architecture", "clip"), builder.boolean("clip.has_vision_encoder", True)]
)


def described(root: Path, name: str = "a") -> Description:
    store = Store(root)
    return describe(store, store.find(ModelName.parse(name)))


def test_the_smallest_model(tmp_path: Path) -> None:
    put_model(tmp_path, "a")
    found = described(tmp_path)
    assert (found.architecture, found.parameters, found.quantization) == ("test", "0", "unknown")
    assert (found.context_length, found.embedding_length, found.requires, found.projector) == (None, None, "", None)
    assert (found.capabilities, found.template) == (("completion",), "{{ .Prompt }}")
    assert found.gguf_path == Layout(tmp_path).blob(Digest.of(TINY_GGUF))


def test_the_published_gemma3(tmp_path: Path) -> None:
    put_gemma(tmp_path, GEMMA_HEADER)
    found = described(tmp_path, GEMMA_NAME)
    assert (found.architecture, found.parameters, found.quantization) == ("gemma3", "12.2B", "Q4_0")
    assert (found.context_length, found.embedding_length) == (131072, 3840)
    assert found.template == GEMMA_TEMPLATE.decode()
    assert found.parts.parameters == {"stop": ["<end_of_turn>"], "temperature": 1, "top_k": 64, "top_p": 0.95}


def test_a_template_that_does_not_parse(tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    put_model(tmp_path, "a", (LayerKind.TEMPLATE, b"{{ .Tools"), weights=gguf("tiny-jtools.gguf").read_bytes())
    found = described(tmp_path)
    assert (found.capabilities, found.template) == (("completion",), "{{ .Tools")
    (note,) = found.notes
    assert "its TEMPLATE does not parse: template: :1: unclosed action" in note


@pytest.mark.parametrize(
    ("weights", "projector", "family"),
    [
        ("tiny-gemma3-inline.gguf", b"", "gemma3"),
        ("tiny-gemma3-inline.gguf", OLD_PROJECTOR, "gemma3"),
        ("tiny-gemma3.gguf", OLD_PROJECTOR, "llava-projector"),
        ("tiny-gemma3.gguf", b"", None),
    ],
)
def test_dialect(
    weights: str, projector: bytes, family: str | None, tmp_path: Path, gguf: Callable[[str], Path]
) -> None:
    more = [(LayerKind.PROJECTOR, projector)] if projector else []
    put_model(tmp_path, "a", *more, weights=gguf(weights).read_bytes())
    found = described(tmp_path)
    assert (found.dialect and found.dialect.family) == family
    assert found.notes == ((found.dialect.note,) if found.dialect else ())


def test_the_users_choice_between_templates(tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    put_model(tmp_path, "a", (LayerKind.TEMPLATE, b"{{ .Prompt }}"), weights=gguf("tiny-jtools.gguf").read_bytes())
    store = Store(tmp_path)
    model = store.find(ModelName.parse("a"))
    for wish, able in ((None, ("tools", "completion")), (False, ("tools", "completion")), (True, ("completion",))):
        found = describe(store, model, go_template=wish)
        assert found.capabilities == able
        assert (found.template == "{{ .Prompt }}") is (wish is True)
        assert found.notes == ()


def test_a_real_file(tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    put_model(tmp_path, "a", weights=gguf("tiny-jinja.gguf").read_bytes())
    found = described(tmp_path)
    assert found.architecture == "llama"
    assert found.context_length
    assert "(rules)" in found.template


def test_the_last_of_several_weights_is_loaded(tmp_path: Path) -> None:
    put_model(tmp_path, "a", (LayerKind.MODEL, TINY_GGUF + b"\0"))
    assert described(tmp_path).gguf_path == Layout(tmp_path).blob(Digest.of(TINY_GGUF + b"\0"))


def test_the_config_fills_in_what_the_file_does_not_say(tmp_path: Path) -> None:
    config = (
        b'{"model_family":"f","model_type":"9B","file_type":"Q8_0",'
        b'"context_length":5,"embedding_length":6,"requires":"1"}'
    )
    put_model(tmp_path, "a", config=config)
    found = described(tmp_path)
    assert (found.architecture, found.parameters, found.quantization) == ("test", "9B", "Q8_0")
    assert (found.context_length, found.embedding_length, found.requires) == (5, 6, "1")


def test_a_projector(tmp_path: Path) -> None:
    projector = builder.gguf([
        builder.string("general.architecture", "clip"),
        builder.boolean("clip.has_vision_encoder", True),
        builder.uint32("clip.vision.embedding_length", 1152),
        builder.uint32("clip.vision.projection_dim", 2560),
    ])  # fmt: skip
    put_model(tmp_path, "a", (LayerKind.PROJECTOR, projector))
    found = described(tmp_path)
    assert found.projector == Projector("clip", "0", 1152, 2560)
    assert found.capabilities == ("completion", "vision")


@pytest.mark.parametrize(
    ("weights", "error"), [(b"no gguf at all", GGUFError), (TINY_GGUF[:30], GGUFError), (b"", GGUFError)]
)
def test_weights_that_are_no_gguf(tmp_path: Path, weights: bytes, error: type[Exception]) -> None:
    put_model(tmp_path, "a", weights=weights)
    with pytest.raises(error):
        described(tmp_path)


def test_missing_weights(tmp_path: Path) -> None:
    put_model(tmp_path, "a")
    Layout(tmp_path).blob(Digest.of(TINY_GGUF)).unlink()
    with pytest.raises(IntegrityError):
        described(tmp_path)


def test_a_stub_of_a_remote_model(tmp_path: Path) -> None:
    put_model(tmp_path, "a", config=b'{"remote_model":"gpt-oss:20b"}')
    with pytest.raises(NotSupported, match="gpt-oss:20b"):
        described(tmp_path)
