"""What Ollama's built-in output parsers add to the models whose config names one (templates C.7)."""

_TOOLS = ("tools",)
_THINKING = ("thinking",)
_BOTH = ("tools", "thinking")

_PARSERS: dict[str, tuple[str, ...]] = {
    "cogito": _BOTH,
    "cohere": _BOTH,
    "deepseek3": _BOTH,
    "functiongemma": _TOOLS,
    "gemma4": _BOTH,
    "gemma4-no-thinking": _TOOLS,
    "glimmer": _BOTH,
    "glm-4.7": _BOTH,
    "glm-ocr": _TOOLS,
    "harmony": _BOTH,
    "laguna": _BOTH,
    "lfm2": _TOOLS,
    "lfm2-thinking": _BOTH,
    # It can read [THINK], but Ollama registers it with that off.
    "ministral": _TOOLS,
    "nemotron-3-nano": _BOTH,
    "nemotron-3.5-nano": _BOTH,
    "olmo3": _TOOLS,
    "olmo3-think": _THINKING,
    "ornith": _BOTH,
    "passthrough": (),
    "poolside-v1": _BOTH,
    "qwen3": _TOOLS,
    "qwen3-coder": _TOOLS,
    "qwen3-thinking": _BOTH,
    "qwen3-vl-instruct": _TOOLS,
    "qwen3-vl-thinking": _BOTH,
    "qwen3.5": _BOTH,
}


def parser_capabilities(name: str) -> tuple[str, ...]:
    """What a parser of this name can read out of an answer; nothing for a name that is not known."""
    return _PARSERS.get(name, ())
