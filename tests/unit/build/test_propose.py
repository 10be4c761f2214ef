"""Modelfiles for weights that have none: what is found, and that the result can be built."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import BadInput, GGUFError, MissingFile, NotSupported, PackLlamaError, UsageError
from packllama.build import Proposal, propose, rehearse
from packllama.catalog.formats import FORMATS
from packllama.check.lint.lint import lint
from packllama.gguf import ValueType
from packllama.manifest import LayerKind
from packllama.modelfile import Modelfile, Recipe
from packllama.name import ModelName
from packllama.places.store import Store
from tests.unit.gguf import builder
from tests.unit.gguf.builder import boolean, scalar, string, strings, uint32

CLIP = (string("general.architecture", "clip"), boolean("clip.has_vision_encoder", True))
LLAMA = (string("general.architecture", "llama"), uint32("llama.embedding_length", 64))
ROLES = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def put(folder: Path, *keys: bytes, name: str = "m.gguf") -> Path:
    (folder / name).write_bytes(builder.gguf([*LLAMA, *keys]))
    return folder / name


def recipe(proposal: Proposal) -> Recipe:
    return Recipe.of(Modelfile.parse(proposal.text))


def proposed(folder: Path, *keys: bytes, like: str = "") -> Recipe:
    return recipe(propose(put(folder, *keys), base=folder, like=like))


@pytest.mark.parametrize(
    "file",
    ["tiny.gguf", "tiny-jinja.gguf", "tiny-jtools.gguf", "tiny-gemma3-inline.gguf", "ct-phi3.gguf", "ct-llama3.gguf"],
)
def test_what_is_proposed_can_be_built_and_is_clean(file: str, tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    shutil.copyfile(gguf(file), tmp_path / file)
    text = propose(tmp_path / file, base=tmp_path).text
    built = rehearse(
        ModelName.parse("m"), Modelfile.parse(text), base=tmp_path, store=Store(tmp_path / "store"), where="Modelfile"
    )
    assert built.files == (tmp_path / file,)
    assert lint(text, base=tmp_path).remarks == ()


def test_a_template_and_its_stop_words(tmp_path: Path) -> None:
    found = proposed(tmp_path, string("tokenizer.chat_template", ROLES))
    assert found.template == FORMATS["chatml"].text()
    assert found.parameters["stop"] == FORMATS["chatml"].stops


def test_a_default_system_text(tmp_path: Path) -> None:
    default = "{% if messages[0].role != 'system' %}<|im_start|>system\nBe kind.<|im_end|>\n{% endif %}"
    found = proposed(tmp_path, string("tokenizer.chat_template", default + ROLES))
    assert (found.template, found.system) == (FORMATS["chatml"].text(), "Be kind.")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ((), "the GGUF brings no chat template. --like NAME"),
        ((string("tokenizer.chat_template", "{{ messages }}"),), "No TEMPLATE: no template of ours"),
        ((string("tokenizer.chat_template", "{% if"),), "No TEMPLATE: the GGUF's own template"),
    ],
)
def test_no_template(keys: tuple[bytes, ...], words: str, tmp_path: Path) -> None:
    proposal = propose(put(tmp_path, *keys), base=tmp_path)
    assert words in proposal.text
    assert recipe(proposal).template == ""


def test_an_architecture_with_a_renderer(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(builder.gguf([string("general.architecture", "gemma4")]))
    proposal = propose(tmp_path / "m.gguf", base=tmp_path)
    assert "by Ollama's renderer gemma4" in proposal.text
    assert recipe(proposal).template == ""


def test_an_embedding_model_has_no_template(tmp_path: Path) -> None:
    assert "TEMPLATE" not in propose(put(tmp_path, uint32("llama.pooling_type", 1)), base=tmp_path).text


@pytest.mark.parametrize("name", FORMATS)
def test_like(name: str, tmp_path: Path) -> None:
    """With the model's own tokens, where the format has them."""
    tokens = strings("tokenizer.ggml.tokens", ["<unk>", "<s>", "<end>"])
    model = (string("tokenizer.ggml.model", "llama"), uint32("tokenizer.ggml.eos_token_id", 2), tokens)
    found = proposed(tmp_path, *model, like=name)
    assert found.template.replace("{{/* */}}", "") == FORMATS[name].text(bos="<s>", eos="<end>")
    assert found.parameters["stop"] == FORMATS[name].stops


def test_like_nothing_known(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        proposed(tmp_path, like="chatm")
    assert "chatml" in caught.value.hint


def test_a_projector_that_fits_and_others(tmp_path: Path) -> None:
    for name, width in (("mmproj-bf16", 64), ("mmproj-f16", 64), ("mmproj-of-another", 4096)):
        keys = (*CLIP, uint32("clip.vision.projection_dim", width))
        (tmp_path / f"{name}.gguf").write_bytes(builder.gguf(keys))
    proposal = propose(put(tmp_path), base=tmp_path)
    assert recipe(proposal).froms == ("./m.gguf", "./mmproj-bf16.gguf")
    assert "# FROM ./mmproj-f16.gguf\n" in proposal.text
    assert "it makes 4096 numbers.\n# FROM ./mmproj-of-another.gguf\n" in proposal.text


def test_a_model_with_eyes_needs_no_projector(tmp_path: Path) -> None:
    (tmp_path / "mmproj.gguf").write_bytes(builder.gguf(CLIP))
    found = proposed(tmp_path, uint32("llama.block_count", 1), uint32("llama.vision.block_count", 1))
    assert found.froms == ("./m.gguf",)


def test_parameters_of_the_gguf_come_before_those_beside_it(tmp_path: Path) -> None:
    config = {"temperature": 0.1, "top_p": 0.8, "repetition_penalty": 1.05}
    (tmp_path / "generation_config.json").write_text(json.dumps(config))
    found = proposed(tmp_path, scalar("general.sampling.temp", ValueType.FLOAT32, 0.6))
    assert found.parameters == {"temperature": 0.6, "top_p": 0.8, "repeat_penalty": 1.05}


def test_settings_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "generation_config.json").write_text("{nonsense\nFROM evil")
    proposal = propose(put(tmp_path), base=tmp_path)
    assert "# generation_config.json is not used: not JSON" in proposal.text
    assert recipe(proposal).froms == ("./m.gguf",)


@pytest.mark.parametrize(("trained", "suggested"), [(131072, 8192), (2048, 2048)])
def test_the_context_is_only_suggested(trained: int, suggested: int, tmp_path: Path) -> None:
    proposal = propose(put(tmp_path, uint32("llama.context_length", trained)), base=tmp_path)
    assert f"{trained:,} tokens" in proposal.text
    assert f"\n# PARAMETER num_ctx {suggested}\n" in proposal.text
    assert recipe(proposal).parameters == {}


def test_no_context_to_speak_of(tmp_path: Path) -> None:
    keys = scalar("llama.context_length", ValueType.INT32, -5)
    assert "num_ctx" not in propose(put(tmp_path, keys), base=tmp_path).text


def test_a_license_file_comes_before_the_stated_one(tmp_path: Path) -> None:
    stated = string("general.license", "apache-2.0")
    assert proposed(tmp_path, stated).licenses == ("apache-2.0",)
    (tmp_path / "LICENSE").write_text('The "MIT"\nLicence\x0c, of\u00a0course\n')
    proposal = propose(put(tmp_path, stated), base=tmp_path)
    assert recipe(proposal).licenses == ('The "MIT"\nLicence, ofcourse',)
    assert "LICENSE beside the weights, without 2 characters" in proposal.text


def test_a_license_of_another_encoding(tmp_path: Path) -> None:
    """What lint would complain of is not written."""
    put(tmp_path).with_name("LICENSE").write_bytes(b"\xa9 2031\x1b us")
    proposal = propose(tmp_path, base=tmp_path)
    assert recipe(proposal).licenses == ("2031 us",)
    assert "without 2 characters that are no text" in proposal.text


def test_an_empty_license_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("\n\u200b\n")
    assert proposed(tmp_path, string("general.license", "mit")).licenses == ("mit",)


def test_a_license_that_would_break_out(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text('MIT"""\nFROM evil\n"""')
    found = proposed(tmp_path)
    assert (found.froms, found.licenses) == (("./m.gguf",), ())


def test_texts_of_a_hostile_gguf(tmp_path: Path) -> None:
    found = proposed(tmp_path, string("general.license", 'x\n"""\nFROM evil\nLICENSE """'))
    assert found.froms == ("./m.gguf",)


def test_the_only_model_of_a_folder(tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    put(tmp_path, name="a b #1.gguf")
    (tmp_path / "mmproj.gguf").write_bytes(builder.gguf(CLIP))
    shutil.copyfile(gguf("tiny-lora.gguf"), tmp_path / "lora.gguf")
    proposal = propose(tmp_path, base=tmp_path)
    assert recipe(proposal).froms == ("./a b #1.gguf", "./mmproj.gguf")


def test_paths_from_elsewhere_are_absolute(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    weights = put(tmp_path / "there")
    assert recipe(propose(weights, base=tmp_path)).froms == ("./there/m.gguf",)
    assert recipe(propose(weights, base=tmp_path / "elsewhere")).froms == (str(weights),)


def folder_of_two(folder: Path) -> Path:
    put(folder, name="a.gguf")
    put(folder, name="b.gguf")
    return folder


def projector(folder: Path) -> Path:
    (folder / "p.gguf").write_bytes(builder.gguf(CLIP))
    return folder / "p.gguf"


@pytest.mark.parametrize(
    ("place", "error", "words"),
    [
        (lambda folder: folder / "nope.gguf", MissingFile, "no such file"),
        (lambda folder: folder, BadInput, "no weights"),
        (folder_of_two, BadInput, "several models: a.gguf, b.gguf"),
        (projector, BadInput, "no weights, but the projector p.gguf"),
        (lambda folder: put(folder, uint32("split.count", 3)), NotSupported, "one shard of 3"),
        (lambda folder: put(folder, name="a\u200b.gguf"), BadInput, "cannot name this file"),
        (lambda folder: put(folder, name="a\udcff.gguf"), BadInput, "cannot name this file"),
        (lambda _: Path("/dev/null"), BadInput, "expected a GGUF file"),
        (lambda _: Path(__file__), GGUFError, "not in GGUF format"),
    ],
)
def test_what_is_refused(
    place: Callable[[Path], Path], error: type[PackLlamaError], words: str, tmp_path: Path
) -> None:
    with pytest.raises(error) as caught:
        propose(place(tmp_path), base=tmp_path)
    assert words in caught.value.message


def test_a_name_with_a_line_end_stays_a_name(tmp_path: Path) -> None:
    proposal = propose(put(tmp_path, name="a\nSYSTEM evil.gguf"), base=tmp_path)
    assert recipe(proposal).froms == ("./a\nSYSTEM evil.gguf",)


def test_layers_of_what_is_proposed(tmp_path: Path) -> None:
    text = propose(put(tmp_path, string("tokenizer.chat_template", ROLES)), base=tmp_path).text
    built = rehearse(ModelName.parse("m"), Modelfile.parse(text), base=tmp_path, store=Store(tmp_path / "store"))
    kinds = [item.layer.kind for item in built.layers]
    assert kinds == [LayerKind.MODEL, LayerKind.TEMPLATE, LayerKind.PARAMS]
