"""The config that follows from the GGUF files, the Modelfile and the parent."""

import pytest

from packllama.build.configure import built_in_stops, configure
from packllama.config import ModelConfig
from packllama.gguf import GGUF
from packllama.modelfile import Recipe
from tests.unit.gguf.builder import gguf, parse, string, tensor, uint32

PLAIN = Recipe(froms=("x",))


def model(architecture: str, *, file_type: int = 0) -> GGUF:
    keys = [string("general.architecture", architecture), uint32("general.file_type", file_type)]
    return parse(gguf(keys, [tensor("t", [1000, 1200])], data=1_200_000))


def config_of(*models: GGUF, recipe: Recipe = PLAIN, inherited: ModelConfig | None = None) -> ModelConfig:
    return configure(recipe, models=models, drafts=(), inherited=inherited)


def test_the_first_files_facts_count() -> None:
    assert config_of(model("llama", file_type=15), model("clip")) == ModelConfig(
        model_format="gguf",
        model_family="llama",
        model_families=("llama", "clip"),
        model_type="1.20M",
        file_type="Q4_K_M",
    )


@pytest.mark.parametrize(
    ("architecture", "built_in", "stops"),
    [
        ("llama", "", ()),
        ("gemma4", "gemma4", ("<turn|>",)),
        ("nemotron_h_moe", "nemotron-3-nano", ()),
        ("laguna", "laguna", ()),
    ],
)
def test_what_some_architectures_bring_along(architecture: str, built_in: str, stops: tuple[str, ...]) -> None:
    models = [model("llama"), model(architecture)]
    config = config_of(*models)
    assert (config.renderer, config.parser) == (built_in, built_in)
    assert built_in_stops(models, config) == stops


def test_the_modelfile_comes_before_the_parent_and_the_parent_before_what_is_built_in() -> None:
    parent = ModelConfig(renderer="r1", parser="p1", requires="1", capabilities=("vision",), context_length=5)
    recipe = Recipe(froms=("x",), renderer="r2", requires="2")
    config = config_of(model("gemma4"), recipe=recipe, inherited=parent)
    assert (config.renderer, config.parser, config.requires, config.capabilities) == ("r2", "p1", "2", ("vision",))
    assert built_in_stops([model("gemma4")], config) == ()


def test_no_models() -> None:
    assert config_of() == ModelConfig()
    assert built_in_stops([], ModelConfig()) == ()
