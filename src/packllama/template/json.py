"""Values as JSON, as Ollama's function ``json`` and its JSON-printing types write them.

A map's keys are sorted by their bytes, a struct's keep their order. Follows Ollama's template rules, "JSON output".
"""

import base64
from collections.abc import Iterable, Iterator

from packllama import gojson
from packllama.base.errors import BadInput
from packllama.template.budget import Budget, OverBudget
from packllama.template.formatting import account
from packllama.template.values import MAX_NESTING, CallError, Map, Slice, Struct, Value, in_order, is_nil, type_name

# Writing one value takes as long as so many steps.
_STEPS = 4
_STRIDE = 65536


def to_json(value: Value, budget: Budget) -> str:
    """Compact JSON.

    Raises:
        CallError: the value, or one in it, has no form in JSON.
        OverBudget: the text would be too long, or the value nests too deeply.
    """
    return "".join(_pieces(value, budget, 0))


def _pieces(value: Value, budget: Budget, depth: int) -> Iterator[str]:
    budget.step(_STEPS)
    if depth > MAX_NESTING:
        raise OverBudget(f"a value nests more than {MAX_NESTING} levels deep")
    if is_nil(value):
        yield "null"
    elif isinstance(value, Struct | Slice | Map) and value.type.json:
        yield from _pieces(value.type.json(value), budget, depth)
    elif isinstance(value, Struct):
        yield from _object(_members(value), budget, depth)
    elif isinstance(value, dict):
        budget.step(len(value))
        yield from _object(((key, value[key]) for key in in_order(value)), budget, depth)
    elif isinstance(value, list | tuple | Slice):
        yield from _array(value, budget, depth)
    else:
        yield _single(value, budget)


def _members(value: Struct) -> Iterator[tuple[str, Value]]:
    fields = value.fields or {}
    keys = value.type.keys or tuple(fields)
    for key, member in zip(keys, fields.values(), strict=True):
        # Nil is left out in any case; in an ``any`` nothing else is empty.
        if not (key.endswith("?") and (member is None or (not member and not key.endswith("??")))):
            yield key.rstrip("?"), member


def _object(items: "Iterable[tuple[str, Value]]", budget: Budget, depth: int) -> Iterator[str]:
    separator = "{"
    for key, value in items:
        yield f"{separator}{_text(key, budget)}:"
        yield from _pieces(value, budget, depth + 1)
        separator = ","
    yield "{}" if separator == "{" else "}"


def _array(items: Iterable[Value], budget: Budget, depth: int) -> Iterator[str]:
    separator = "["
    for value in items:
        yield separator
        yield from _pieces(value, budget, depth + 1)
        separator = ","
    yield "[]" if separator == "[" else "]"


def _single(value: Value, budget: Budget) -> str:
    if isinstance(value, str):
        return _text(value, budget)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        budget.grow(2 * len(value))
        return f'"{base64.b64encode(value).decode()}"'
    if not isinstance(value, int | float):
        raise CallError(f"json: unsupported type: {type_name(value)}")
    try:
        return gojson.number(value)
    except BadInput as error:
        raise CallError(error.message) from error


def _text(text: str, budget: Budget) -> str:
    # The longest escape has six characters for one. Escaping takes time too, so it is done bit by bit.
    account(text, budget, times=6)
    pieces = []
    for start in range(0, len(text), _STRIDE):
        piece = gojson.escaped(text[start : start + _STRIDE])
        budget.step(max(0, len(piece) - _STRIDE) // 4)
        pieces.append(piece)
    return f'"{"".join(pieces)}"'
