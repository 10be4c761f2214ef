"""What a GGUF's own template can do besides talking, shown by what it renders."""

from collections.abc import Mapping
from enum import Enum

from packllama.catalog.conversations import ANSWER, THOUGHT, TOOL_WORDS
from packllama.catalog.jinja import Rendering
from packllama.template.template import Template


class Ability(Enum):
    """What a request may ask for, and a template without it would ignore."""

    TOOLS = "tools"
    THINKING = "thinking"


def abilities_shown(renderings: Mapping[str, Rendering]) -> frozenset[Ability]:
    """The abilities of the template that rendered all conversations so."""
    shown = {Ability.TOOLS: _has_tools(renderings), Ability.THINKING: _has_thinking(renderings)}
    return frozenset(ability for ability, there in shown.items() if there)


def abilities_of(template: Template) -> frozenset[Ability]:
    """The abilities of a template of ours or a user's, as Ollama judges them."""
    shown = {Ability.TOOLS: "tools" in template.words, Ability.THINKING: all(template.thinking_tags)}
    return frozenset(ability for ability, there in shown.items() if there)


def _has_tools(renderings: Mapping[str, Rendering]) -> bool:
    # A refusal counts as a change: a template that cannot do with our tools may well know others.
    offered = any(renderings[f"{name} with tools"] != renderings[name] for name in ("u", "su"))
    return offered or any(_shows(renderings[name], *TOOL_WORDS) for name in ("a call", "a call with tools"))


def _has_thinking(renderings: Mapping[str, Rendering]) -> bool:
    ways = ("thinking", "not thinking", "thinking hard", "thinking little")
    changed = any(renderings[f"{name}, {way}"] != renderings[name] for name in ("u", "uau") for way in ways)
    thoughtful = ("uau with a thought", "ua with a thought", "a call with a thought")
    shown = any(_shows(renderings[name], THOUGHT) for name in thoughtful)
    marked = renderings["uau with a marked thought"]
    # The answer beside the thought must be there: other templates leave out whole turns.
    return changed or shown or (_shows(marked, ANSWER) and not _shows(marked, THOUGHT))


def _shows(rendering: Rendering, *words: str) -> bool:
    return isinstance(rendering, str) and all(word in rendering for word in words)
