"""The config of a new model: what its GGUF files say, and what follows from their architecture (create §8)."""

from collections.abc import Sequence

from packllama.config import ModelConfig
from packllama.gguf import GGUF, architecture, file_type, human_count, parameter_count

# Architectures that Ollama gives a built-in renderer and parser, and the stop words that go with them.
_BUILT_IN = {
    "gemma4": "gemma4",
    "laguna": "laguna",
    "nemotron_h": "nemotron-3-nano",
    "nemotron_h_moe": "nemotron-3-nano",
    "nemotron_h_omni": "nemotron-3-nano",
}
_BUILT_IN_STOPS = {"gemma4": ("<turn|>",)}


def configure(models: Sequence[GGUF]) -> ModelConfig:
    """The config for these model files, in layer order; the first one's facts count."""
    if not models:
        return ModelConfig()
    first = models[0]
    built_in = next((_BUILT_IN[name] for name in map(architecture, models) if name in _BUILT_IN), "")
    return ModelConfig(
        model_format="gguf",
        model_family=architecture(first),
        model_families=tuple(architecture(model) for model in models),
        model_type=human_count(parameter_count(first)),
        file_type=file_type(first),
        renderer=built_in,
        parser=built_in,
    )


def built_in_stops(models: Sequence[GGUF]) -> tuple[str, ...]:
    """Stop words that the architecture brings along, unless the Modelfile has its own."""
    return next((_BUILT_IN_STOPS[name] for name in map(architecture, models) if name in _BUILT_IN_STOPS), ())
