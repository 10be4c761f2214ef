"""The conversations that templates are compared on: fixed, and of texts that occur nowhere else.

A name says who speaks: ``s`` system, ``u`` user, ``a`` assistant. No two neighbours have one role, because Ollama
joins such messages for its own templates and for no other.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from packllama.jsonfields import Json
from packllama.message import Message, decode_messages
from packllama.template.template import Think
from packllama.tool import Tool, decode_tools

_TODAY = "2031-03-14T15:09:26"
_LATER = "2033-11-05T08:47:01"


@dataclass(frozen=True, slots=True)
class Request:
    """A conversation to be rendered, as the JSON of an API. Keys of either kind of template stand side by side.

    ``think`` and ``variables`` say the same to the one kind and to the other.
    """

    messages: tuple[dict[str, Json], ...]
    tools: tuple[dict[str, Json], ...] = ()
    think: Think = None
    variables: Mapping[str, Json] = field(default_factory=dict)
    now: str = _TODAY

    def as_json(self) -> dict[str, Json]:
        """What the child process is told."""
        return {
            "messages": list(self.messages),
            "tools": list(self.tools) or None,
            "variables": dict(self.variables),
            "now": self.now,
        }

    @property
    def has_system(self) -> bool:
        """Whether a system message is in it."""
        return any(message["role"] == "system" for message in self.messages)

    def as_messages(self, *, system: str = "") -> tuple[Message, ...]:
        """The nouns that our own engine takes; ``system`` is put first."""
        first: list[Json] = [{"role": "system", "content": system}] if system else []
        return decode_messages([*first, *self.messages])

    def as_tools(self) -> tuple[Tool, ...] | None:
        """The tools, as nouns; None for none."""
        return decode_tools(list(self.tools) or None)


_ROLES = {"s": "system", "u": "user", "a": "assistant"}
_TEXTS = {
    "s": ("Answer as the harbour master of Quillmouth would.", "From now on mention the tide."),
    "u": ("When does the ferry to Larkholm leave?", "Does it carry bicycles?", "Then book two places for Thursday."),
    "a": ("It leaves at noon, from the eastern pier.", "Seven at most, on the upper deck."),
}


def _talk(speakers: str, dress: Callable[[str], str] = str) -> tuple[dict[str, Json], ...]:
    texts = {letter: iter(texts) for letter, texts in _TEXTS.items()}
    return tuple({"role": _ROLES[letter], "content": dress(next(texts[letter]))} for letter in speakers)


# What templates may do something with that they should not.
_ODDITIES = """
  two  blanks,\ta tab, "quoted", 'so', <b>&amp;</b>, {{ .Prompt }}, 船は正午に出る, ⛵
the end"""


def _odd(text: str) -> str:
    return text + _ODDITIES


def _blanks(text: str) -> str:
    return f"  \n{text} \n\n"


PLAIN: Mapping[str, Request] = MappingProxyType(
    {speakers: Request(_talk(speakers)) for speakers in ("u", "uau", "uauau", "su", "suau", "suasu")}
    | {"odd": Request(_talk("uau", _odd)), "s-odd": Request(_talk("suau", _odd))}
    | {"blanks": Request(_talk("uau", _blanks)), "s-blanks": Request(_talk("suau", _blanks))}
)
"""Every template must agree on these."""

LATER = Request(_talk("u"), now=_LATER)
"""``u`` on another day."""

_TIDES: dict[str, Json] = {
    "type": "function",
    "function": {
        "name": "look_up_tides",
        # No quotes: published templates write this one text as it is.
        "description": "High and low water at a harbour, now & later",
        "parameters": {
            "type": "object",
            "properties": {
                "harbour": {"type": "string", "description": "The harbour's name"},
                "days": {"type": "integer", "description": "How many days, < 8"},
                "unit": {"type": "string", "enum": ["metre", "foot"], "description": "For heights"},
            },
            "required": ["harbour"],
        },
    },
}
_BERTHS: dict[str, Json] = {
    "type": "function",
    "function": {
        "name": "reserve_berth",
        "description": "Keep a berth free",
        "parameters": {
            "type": "object",
            "properties": {"vessel": {"type": "string", "description": "The vessel's name"}},
            "required": ["vessel"],
        },
    },
}
_OFFER = (_TIDES, _BERTHS)
TOOL_WORDS = ("look_up_tides", "Ravenspoint")
"""The name and an argument of the first call."""
THOUGHT = "The pier is closed on Mondays, so noon it is."
"""What a message's thinking is, where it has any."""
ANSWER = "Aye."
"""What the answer after a marked thought is."""

_MARKED = f"<think>\n{THOUGHT}\n</think>\n\n{ANSWER}"
_MIND: dict[str, Json] = {"thinking": THOUGHT, "reasoning_content": THOUGHT}

# Ids as the strictest templates want them, nine letters and digits; tools, their arguments, and their results.
_CALLS: tuple[tuple[str, str, dict[str, Json], str], ...] = (
    ("tideCall1", TOOL_WORDS[0], {"harbour": TOOL_WORDS[1], "days": 3, "unit": "<foot>"}, "High water at 04:10."),
    ("berthCal2", "reserve_berth", {"vessel": 'The "Heron" & son'}, "Berth nine is yours."),
)


def _calling(count: int, **more: Json) -> Iterator[dict[str, Json]]:
    """An assistant's message with so many calls, and their results."""
    calls: list[Json] = [
        {"id": call, "type": "function", "function": {"name": name, "arguments": arguments}}
        for call, name, arguments, _ in _CALLS[:count]
    ]
    yield {"role": "assistant", "content": "", "tool_calls": calls, **more}
    for call, name, _, result in _CALLS[:count]:
        yield {"role": "tool", "content": result, "name": name, "tool_name": name, "tool_call_id": call}


_ONE_CALL = (*_talk("u"), *_calling(1))
_TWO_CALLS = (*_talk("u"), *_calling(2), *_talk("uau")[1:])

TOOLS: Mapping[str, Request] = MappingProxyType(
    {f"{speakers} with tools": Request(_talk(speakers), _OFFER) for speakers in ("u", "su", "uau")}
    | {"a call": Request(_ONE_CALL), "a call with tools": Request(_ONE_CALL, _OFFER)}
    | {"two calls with tools": Request(_TWO_CALLS, _OFFER)}
)
"""Templates with tools must agree on these too."""


def _thinking(speakers: str, *, think: bool) -> Request:
    return Request(_talk(speakers), think=think, variables={"enable_thinking": think, "thinking": think})


def _effort(speakers: str, effort: Literal["low", "high"]) -> Request:
    return Request(_talk(speakers), think=effort, variables={"reasoning_effort": effort})


def _answering(speakers: str, more: dict[str, Json]) -> tuple[dict[str, Json], ...]:
    """A conversation whose assistant's messages have something of their own."""
    return tuple(turn | more if turn["role"] == "assistant" else turn for turn in _talk(speakers))


_SHORT = ("u", "uau")

THINKING: Mapping[str, Request] = MappingProxyType(
    {f"{speakers}, thinking": _thinking(speakers, think=True) for speakers in _SHORT}
    | {f"{speakers}, not thinking": _thinking(speakers, think=False) for speakers in _SHORT}
    | {f"{speakers}, thinking hard": _effort(speakers, "high") for speakers in _SHORT}
    | {"uau with a thought": Request(_answering("uau", _MIND))}
    | {"a call with a thought": Request((*_talk("u"), *_calling(1, **_MIND)))}
)
"""Templates that tell thinking from answers must agree on these too."""

PROBES: Mapping[str, Request] = MappingProxyType(
    {f"{speakers}, thinking little": _effort(speakers, "low") for speakers in _SHORT}
    | {"ua with a thought": Request(_answering("ua", _MIND))}
    | {
        "uau with a marked thought": Request(
            _answering("uau", {"content": f"<think>\n{THOUGHT}\n</think>\n\n{ANSWER}"})
        )
    }
)
"""Only for a GGUF's own template, to learn what it can."""
