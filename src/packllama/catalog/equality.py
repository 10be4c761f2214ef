"""Whether two prompts say the same when JSON in them counts by what it means.

A template in Go writes JSON in its own way: other blanks, another order of keys, other escapes. A model reads both.
"""

import json
import re
from collections.abc import Iterator
from typing import TypeAlias

_OPENER = re.compile(r"[{\[]")
# Brackets that open no JSON; prompts have a few dozen. Each may be read to the end of the text.
_MAX_FAILURES = 1000

_DECODER = json.JSONDecoder()

# A truth value is a tuple: as such it equals no number.
_Value: TypeAlias = "str | float | tuple[bool] | list[_Value] | dict[str, _Value] | None"


def same_by_value(one: str, other: str) -> bool:
    """Whether the JSON objects and non-empty lists in two texts are equal as values, and the texts between exactly.

    The order of keys, blanks, escapes and ``1`` for ``1.0`` do not count; types and the order of lists do.
    """
    try:
        return one == other or list(_pieces(one)) == list(_pieces(other))
    except RecursionError:
        return False


def _pieces(text: str) -> Iterator[_Value]:
    """Texts and values in turn."""
    begin = at = failures = 0
    while (found := _OPENER.search(text, at)) and failures < _MAX_FAILURES:
        value, end = _decoded(text, found.start())
        if value is not None and value != []:
            yield text[begin : found.start()]
            yield _comparable(value)
            begin = at = end
        else:
            failures += 1
            at = found.end()
    yield text[begin:]


def _decoded(text: str, at: int) -> tuple[object, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except ValueError:
        return None, at


def _comparable(value: object) -> _Value:
    if isinstance(value, dict):
        return {key: _comparable(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_comparable(member) for member in value]
    if isinstance(value, bool):
        return (value,)
    return value if isinstance(value, str | int | float) else None
