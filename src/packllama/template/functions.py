"""The functions that a template may call: Go's own and Ollama's.

Follows Ollama's template rules, "Built-in functions" and "Parsing a TEMPLATE". ``and`` and ``or`` stand here with the
number of their arguments only: whoever runs a template evaluates them, one argument after the other.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeAlias
from urllib.parse import quote_plus

from packllama.printable import is_printable
from packllama.template.budget import Budget
from packllama.template.comparison import equal, equal_any, less
from packllama.template.formatting import account
from packllama.template.indexing import index, length, sliced
from packllama.template.json import to_json
from packllama.template.objects import type_script
from packllama.template.printf import sprintf
from packllama.template.printing import sprint, sprint_followed, sprintln
from packllama.template.values import CallError, Value, encoded, is_nothing, type_name

Call: TypeAlias = Callable[[Sequence[Value], Budget], Value]


@dataclass(frozen=True, slots=True)
class Function:
    """What a name in a template calls.

    ``least`` and ``most`` (None: no limit) bound its arguments. Those whose places are in ``texts`` must be texts.
    `INVALID` stands for a literal nil among the arguments. The call raises `CallError` and `OverBudget`.
    """

    call: Call
    least: int
    most: int | None
    texts: range = range(0)


_TEXTS: Final = range(sys.maxsize)


def _last(values: Sequence[Value], _: Budget) -> Value:
    return values[-1]


def _not(values: Sequence[Value], _: Budget) -> Value:
    return not values[0]


def _call(values: Sequence[Value], _: Budget) -> Value:
    if is_nothing(values[0]):
        raise CallError("call of nil")
    raise CallError(f"non-function of type {type_name(values[0])}")


def _ne(values: Sequence[Value], budget: Budget) -> Value:
    return not equal(values[0], values[1], budget)


def _lt(values: Sequence[Value], budget: Budget) -> Value:
    return less(values[0], values[1], budget)


def _le(values: Sequence[Value], budget: Budget) -> Value:
    return less(values[0], values[1], budget) or equal(values[0], values[1], budget)


def _gt(values: Sequence[Value], budget: Budget) -> Value:
    return not _le(values, budget)


def _ge(values: Sequence[Value], budget: Budget) -> Value:
    return not _lt(values, budget)


def _printf(values: Sequence[Value], budget: Budget) -> Value:
    return sprintf(str(values[0]), values[1:], budget)


_HTML = str.maketrans({"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"})


def _html(values: Sequence[Value], budget: Budget) -> Value:
    # The longest escape has five characters for one.
    return _roomy(values, budget, 5).translate(_HTML)


def _js(values: Sequence[Value], budget: Budget) -> Value:
    text = _roomy(values, budget, 6)
    # Each character is looked at once, however often it stands in a long text.
    return text.translate({ord(char): _js_escape(char) for char in set(text)})


def _js_escape(char: str) -> str:
    if char in "\\'\"":
        return f"\\{char}"
    # A byte that is not UTF-8, kept by surrogateescape, stays as it is.
    kept = char not in "<>&=" and (char == "\x7f" or is_printable(char) or "\udc80" <= char <= "\udcff")
    return char if kept else f"\\u{ord(char):04X}"


def _urlquery(values: Sequence[Value], budget: Budget) -> Value:
    return quote_plus(encoded(_roomy(values, budget, 3)))


def _roomy(values: Sequence[Value], budget: Budget, times: int) -> str:
    """The text of the values, with room for one that is so many times as long."""
    text = sprint_followed(values, budget)
    account(text, budget, times=times)
    return text


BUILTINS: Final[Mapping[str, Function]] = {
    "and": Function(_last, 1, None),
    "call": Function(_call, 1, None),
    "eq": Function(equal_any, 1, None),
    "ge": Function(_ge, 2, 2),
    "gt": Function(_gt, 2, 2),
    "html": Function(_html, 0, None),
    "index": Function(index, 1, None),
    "js": Function(_js, 0, None),
    "le": Function(_le, 2, 2),
    "len": Function(length, 1, 1),
    "lt": Function(_lt, 2, 2),
    "ne": Function(_ne, 2, 2),
    "not": Function(_not, 1, 1),
    "or": Function(_last, 1, None),
    "print": Function(sprint, 0, None),
    "printf": Function(_printf, 1, None, texts=range(1)),
    "println": Function(sprintln, 0, None),
    "slice": Function(sliced, 1, None),
    "urlquery": Function(_urlquery, 0, None),
}


def ollama_functions(clock: Callable[[], date]) -> Mapping[str, Function]:
    """Ollama's own functions; ``clock`` says what day it is where the prompt is written."""
    return {
        "currentDate": Function(lambda *_: clock().isoformat(), 0, None, texts=_TEXTS),
        "json": Function(_json, 1, 1),
        "toTypeScriptType": Function(lambda values, _: type_script(values[0]), 1, 1),
        "yesterdayDate": Function(lambda *_: (clock() - timedelta(days=1)).isoformat(), 0, None, texts=_TEXTS),
    }


def _json(values: Sequence[Value], budget: Budget) -> Value:
    try:
        return to_json(values[0], budget)
    except CallError:  # Ollama drops the error, and with it the text
        return ""


# What a TEMPLATE may call, by this machine's clock.
FUNCTIONS: Final[Mapping[str, Function]] = {**BUILTINS, **ollama_functions(date.today)}
