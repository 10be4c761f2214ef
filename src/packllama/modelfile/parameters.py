"""The parameters that PARAMETER knows: their names, their types, and how their values are read.

Follows the PARAMETER table of Ollama's Modelfile grammar. There are no range checks: Ollama has none.
"""

import difflib
import math
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias

from packllama.base.errors import ModelfileError
from packllama.float32 import shortest_float32
from packllama.jsonfields import Json
from packllama.modelfile.strconv import parse_bool, parse_float32, parse_int


class Kind(Enum):
    """A parameter's type, by the word that Ollama's errors use."""

    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    STRINGS = "strings"


ParameterValue: TypeAlias = int | float | bool | tuple[str, ...]

PARAMETERS: Mapping[str, Kind] = MappingProxyType(
    {
        "num_keep": Kind.INT,
        "seed": Kind.INT,
        "num_predict": Kind.INT,
        "top_k": Kind.INT,
        "top_p": Kind.FLOAT,
        "min_p": Kind.FLOAT,
        "typical_p": Kind.FLOAT,
        "repeat_last_n": Kind.INT,
        "temperature": Kind.FLOAT,
        "repeat_penalty": Kind.FLOAT,
        "presence_penalty": Kind.FLOAT,
        "frequency_penalty": Kind.FLOAT,
        "stop": Kind.STRINGS,
        "num_ctx": Kind.INT,
        "num_batch": Kind.INT,
        "num_gpu": Kind.INT,
        "main_gpu": Kind.INT,
        "use_mmap": Kind.BOOL,
        "num_thread": Kind.INT,
        "draft_num_predict": Kind.INT,
    }
)

# Accepted, warned about, and ignored.
DEPRECATED = frozenset(
    (
        "penalize_newline",
        "low_vram",
        "f16_kv",
        "logits_all",
        "vocab_only",
        "use_mlock",
        "mirostat",
        "mirostat_tau",
        "mirostat_eta",
    )
)

_WANTED = {
    Kind.INT: "Write a whole number of digits only: 4096, not 4k, 4_096 or 4096.0.",
    Kind.FLOAT: "Write a number with a decimal point, for example 0.7.",
    Kind.BOOL: "Write true or false.",
}
_LONGEST_SHOWN = 200  # characters of a name or value in an error: a value may be megabytes long


def parse_parameter(name: str, text: str, *, where: str = "") -> ParameterValue:
    """The value that ``PARAMETER <name> <text>`` sets.

    An int stays an int, although Ollama stores what becomes of it as a 64-bit float; a float is rounded
    to 32 bits and is the shortest decimal for them; ``stop`` gives a tuple of one text.

    Raises:
        ModelfileError: the name is unknown or the value is not of its type, in Ollama's words.
    """
    kind = PARAMETERS.get(name)
    if kind is None:
        raise ModelfileError(f"unknown parameter '{_shown(name)}'", where=where, hint=_closest(name))
    if kind is Kind.STRINGS:
        return (text,)
    value = _read(kind, text)
    if value is None:
        raise ModelfileError(
            f"invalid {kind.value} value [{_shown(text)}]", where=where, hint=f"{name}: {_WANTED[kind]}"
        )
    if not math.isfinite(value):
        found = "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
        raise ModelfileError(f"json: unsupported value: {found}", where=where, hint=f"{name}: {_WANTED[Kind.FLOAT]}")
    return value


def parameter_texts(name: str, value: Json) -> tuple[str, ...] | None:
    """What PARAMETER takes, line by line, to set a known parameter to a value of JSON; None: it is of another type."""
    kind = PARAMETERS[name]
    if kind is Kind.STRINGS:
        items = value if isinstance(value, list) else [value]
        texts = tuple(item for item in items if isinstance(item, str))
        return texts if len(texts) == len(items) else None
    if isinstance(value, bool) or kind is Kind.BOOL:
        return (str(value).lower(),) if isinstance(value, bool) and kind is Kind.BOOL else None
    if not isinstance(value, int | float):
        return None
    whole = isinstance(value, int) or (kind is Kind.INT and value.is_integer())
    try:
        # 0.1 that was stored in 32 bits is 0.10000000149011612 in 64; read as a parameter it has its few digits again.
        return (str(parse_parameter(name, str(int(value) if whole else value))),)
    except ModelfileError:
        return None


def _read(kind: Kind, text: str) -> int | float | bool | None:
    if kind is Kind.INT:
        return parse_int(text)
    if kind is Kind.BOOL:
        return parse_bool(text)
    number = parse_float32(text)
    return None if number is None else shortest_float32(number)


def _closest(name: str) -> str:
    found = difflib.get_close_matches(name[:_LONGEST_SHOWN].lower(), PARAMETERS, n=1)
    if found:
        return f"Did you mean {found[0]}?"
    return "Write PARAMETER, one space, the name, one space, the value." if not name else ""


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
