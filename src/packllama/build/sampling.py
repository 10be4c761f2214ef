"""How a publisher wants the next word chosen: from the GGUF's keys, or from ``generation_config.json`` beside it."""

from collections.abc import Mapping
from types import MappingProxyType

from packllama.gguf import GGUF
from packllama.jsonfields import Json, first_value
from packllama.modelfile import parameter_texts

GENERATION_CONFIG = "generation_config.json"

# The names of PARAMETER, by llama.cpp's keys.
_GGUF_KEYS = MappingProxyType(
    {
        "general.sampling.temp": "temperature",
        "general.sampling.top_k": "top_k",
        "general.sampling.top_p": "top_p",
        "general.sampling.min_p": "min_p",
        "general.sampling.penalty_last_n": "repeat_last_n",
        "general.sampling.penalty_repeat": "repeat_penalty",
    }
)

# And by those of transformers.
_CONFIG_KEYS = MappingProxyType(
    {
        "temperature": "temperature",
        "top_k": "top_k",
        "top_p": "top_p",
        "min_p": "min_p",
        "typical_p": "typical_p",
        "repetition_penalty": "repeat_penalty",
        "presence_penalty": "presence_penalty",
        "frequency_penalty": "frequency_penalty",
    }
)


def sampling_of_gguf(gguf: GGUF) -> dict[str, str]:
    """Parameters by name, as texts that PARAMETER takes. What is no sound number is left out."""
    return _texts({name: gguf.number(key) for key, name in _GGUF_KEYS.items()})


def sampling_of_config(raw: bytes, *, where: str) -> dict[str, str]:
    """The same of a ``generation_config.json``.

    Raises: InvalidManifest, when it is no JSON.
    """
    members, _ = first_value(raw, where=where)
    if not isinstance(members, dict):
        return {}
    return _texts({name: members.get(key) for key, name in _CONFIG_KEYS.items()})


def _texts(values: Mapping[str, Json]) -> dict[str, str]:
    """One text each: all these are numbers."""
    written = {name: parameter_texts(name, value) for name, value in values.items()}
    return {name: texts[0] for name, texts in written.items() if texts}
