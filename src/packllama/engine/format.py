"""The shape an answer shall have: any JSON object, or what a JSON Schema describes.

The package's engine is held to it by LLGuidance, which passes over in silence what it cannot compile; so the same
library is asked here first. A llama-server has a compiler of its own, which refuses.
"""

import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from packllama.base.errors import BadInput, EngineMissing
from packllama.jsonfields import Json

# One blank after each comma and colon, as models have learnt it; free white space tempts them to go on with it.
_SPACING: dict[str, Json] = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}

# The engine unrolls what is counted: at 100,000 it gives the format up in silence, at ten million it hangs.
_COUNTS = frozenset({"minItems", "maxItems", "minProperties", "maxProperties"})
_MOST_COUNTED = 10_000

# The lines that show the grammar itself.
_SOURCE = re.compile(r"\n +\d+ \|.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """A JSON Schema that an answer keeps to."""

    schema: Mapping[str, Json]

    @classmethod
    def parse(cls, text: str) -> Self:
        """``json``, or the text of a JSON Schema.

        Raises: BadInput.
        """
        if text == "json":
            return cls({"type": "object"})
        try:
            schema = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _unknown(text) from error
        if not isinstance(schema, dict):
            raise _unknown(text)
        return cls(schema)

    def check(self, *, guided: bool) -> None:
        """Whether an engine can keep to it; one without LLGuidance will say so itself.

        Raises:
            BadInput: it cannot keep to all of it.
            EngineMissing: the library that knows is not installed.
        """
        if guided:
            _check_compiles(self._grammar)
            _check_counts(self.schema)

    def request(self, *, guided: bool) -> dict[str, object]:
        """The members of a ``POST /completion`` body that enforce it. ``guided``: the engine has LLGuidance."""
        return {"grammar": self._grammar} if guided else {"json_schema": dict(self.schema)}

    @property
    def _grammar(self) -> str:
        return f"%llguidance {{}}\nstart: %json {json.dumps({**self.schema, 'x-guidance': _SPACING})}"


def _unknown(text: str) -> BadInput:
    return BadInput(
        f'invalid format: {text[:80]}; expected "json" or a valid JSON Schema object',
        hint="""For example --format '{"type": "object", "properties": {"age": {"type": "integer"}}}'.""",
    )


def _check_compiles(grammar: str) -> None:
    if importlib.util.find_spec("llguidance") is None:
        raise EngineMissing(
            "the package llguidance is missing, without which the engine may ignore a format",
            hint="pip install 'packllama[engine]'",
        )
    import llguidance  # noqa: PLC0415  only a format needs it

    _, complaints = llguidance.LLMatcher.validate_grammar_with_warnings(grammar)
    if complaints:
        raise _refused(_reason(complaints[0]))
    matcher = llguidance.LLMatcher(llguidance.LLTokenizer("byte"), grammar, log_level=0)
    matcher.compute_bitmask()
    if matcher.is_error():
        raise _refused("nothing can begin as it says")


def _check_counts(schema: object) -> None:
    for name, value in schema.items() if isinstance(schema, Mapping) else ():
        if name in _COUNTS and isinstance(value, int | float) and value > _MOST_COUNTED:
            raise _refused(f"{name} of {value:,}; at most {_MOST_COUNTED:,}")
        for inner in value if isinstance(value, list) else (value,):
            _check_counts(inner)


def _refused(why: str) -> BadInput:
    return BadInput(
        f"the engine cannot keep to this format: {why}", hint="Describe it by simpler parts of JSON Schema."
    )


def _reason(complaint: str) -> str:
    """Without the place, which is one in our grammar."""
    return " ".join(_SOURCE.sub("", complaint).rpartition("JSON schema: ")[2].split())
