"""The config of a new model: what the recipe says, what a parent leaves, what the GGUF headers tell."""

from collections.abc import Sequence

from packllama.config import DraftConfig, ModelConfig
from packllama.gguf import GGUF, architecture, file_type, human_count, parameter_count
from packllama.modelfile import Recipe

# Architectures that Ollama gives a built-in renderer and parser, and the stop words that go with them.
_BUILT_IN = {
    "gemma4": "gemma4",
    "laguna": "laguna",
    "nemotron_h": "nemotron-3-nano",
    "nemotron_h_moe": "nemotron-3-nano",
    "nemotron_h_omni": "nemotron-3-nano",
}
_BUILT_IN_STOPS = {"gemma4": ("<turn|>",)}


def configure(
    recipe: Recipe, *, models: Sequence[GGUF], drafts: Sequence[GGUF], inherited: ModelConfig | None
) -> ModelConfig:
    """The config for these headers, in layer order. Of several models the first one's facts count."""
    parent = inherited or ModelConfig()
    built_in = next((_BUILT_IN[name] for name in map(architecture, models) if name in _BUILT_IN), "")
    return ModelConfig(
        model_format=parent.model_format or ("gguf" if models else ""),
        model_family=architecture(models[0]) if models else "",
        model_families=tuple(architecture(model) for model in models) or None,
        model_type=human_count(parameter_count(models[0])) if models else "",
        file_type=file_type(models[0]) if models else "",
        renderer=recipe.renderer or parent.renderer or built_in,
        parser=recipe.parser or parent.parser or built_in,
        requires=recipe.requires or parent.requires,
        capabilities=parent.capabilities,
        draft=DraftConfig("gguf", architecture(drafts[-1])) if drafts else None,
    )


def built_in_stops(models: Sequence[GGUF], config: ModelConfig) -> tuple[str, ...]:
    """Stop words that the architecture brings along; none for a model with a renderer and parser of its own."""
    names = [name for name in map(architecture, models) if name in _BUILT_IN_STOPS]
    used = [name for name in names if _BUILT_IN[name] in (config.renderer, config.parser)]
    return _BUILT_IN_STOPS[used[0]] if used else ()
