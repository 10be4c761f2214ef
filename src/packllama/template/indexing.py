"""``len``, ``index`` and ``slice``. A text is indexed and sliced by its bytes."""

from collections.abc import Sequence

from packllama.template.budget import Budget
from packllama.template.values import (
    INVALID,
    Byte,
    CallError,
    Map,
    Slice,
    Struct,
    Type,
    Value,
    decoded,
    encoded,
    is_nil,
    is_nothing,
    type_name,
)

# Encoding this many characters takes about as long as a step.
_STRIDE = 1024
_ANYTHING = Type("[]interface {}")


def length(values: Sequence[Value], budget: Budget) -> int:
    """``len``: bytes of a text, elements of anything else. Raises: CallError, OverBudget."""
    value = values[0]
    if isinstance(value, str):
        return len(value) if value.isascii() else len(_octets(value, budget))
    if isinstance(value, list | tuple | Slice | dict | bytes):
        return len(value)
    if value is INVALID:
        raise CallError("reflect: call of reflect.Value.Type on zero Value")
    if is_nil(value):
        raise CallError("len of nil pointer")
    raise CallError(f"len of type {_followed_name(value)}")


def index(values: Sequence[Value], budget: Budget) -> Value:
    """``index x i j``: ``x[i][j]``. Raises: CallError, OverBudget."""
    item = values[0]
    if is_nothing(item):
        raise CallError("index of untyped nil")
    for at in values[1:]:
        item = _element(item, at, budget)
    return item


def sliced(values: Sequence[Value], budget: Budget) -> Value:
    """``slice x i j k``: ``x[i:j:k]``. Raises: CallError, OverBudget."""
    item, places = values[0], values[1:]
    if is_nothing(item):
        raise CallError("slice of untyped nil")
    if isinstance(item, Struct) and is_nil(item):
        raise CallError("slice of nil pointer")
    if len(places) > 3:
        raise CallError(f"too many slice indexes: {len(places)}")
    if isinstance(item, str):
        if len(places) == 3:
            raise CallError("cannot 3-index slice a string")
        octets = item if item.isascii() else _octets(item, budget)
        return _text(octets[_span(places, len(octets))], budget)
    if not isinstance(item, list | tuple | Slice | bytes):
        raise CallError(f"can't slice item of type {_followed_name(item)}")
    # A slice may have room for more than it holds, and Go would slice up to that; ours have none.
    span = _span(places, len(item))
    if isinstance(item, bytes):
        budget.grow(span.stop - span.start)
    return (Slice(_ANYTHING, item) if isinstance(item, list | tuple) else item)[span]


def _element(item: Value, at: Value, budget: Budget) -> Value:
    if is_nil(item) and not isinstance(item, Slice | Map):
        raise CallError("index of nil pointer")
    if isinstance(item, dict):
        return _under_key(item, at)
    if not isinstance(item, str | list | tuple | Slice | bytes):
        raise CallError(f"can't index item of type {_followed_name(item)}")
    octets = _octets(item, budget) if isinstance(item, str) else item
    place = _place(at, len(octets))
    if place == len(octets):
        raise CallError(f"reflect: {'string' if isinstance(item, str) else 'slice'} index out of range")
    return Byte(octets[place]) if isinstance(octets, bytes) else octets[place]


def _under_key(item: dict[str, Value], key: Value) -> Value:
    if is_nothing(key):
        raise CallError("value is nil; should be of type string")
    if not isinstance(key, str):
        raise CallError(f"value has type {type_name(key)}; should be string")
    if key in item or not isinstance(item, Map):
        return item.get(key)
    return item.type.zero()


def _span(places: Sequence[Value], size: int) -> slice:
    numbers = [_place(at, size) for at in places]
    start, stop, room = [*numbers, *(0, size, size)[len(numbers) :]]
    for low, high in ((start, stop), (stop, room)):
        if low > high:
            raise CallError(f"invalid slice index: {low} > {high}")
    return slice(start, stop)


def _place(at: Value, size: int) -> int:
    if is_nothing(at):
        raise CallError("cannot index slice/array with nil")
    if isinstance(at, bool) or not isinstance(at, int):
        raise CallError(f"cannot index slice/array with type {type_name(at)}")
    if not 0 <= at <= size:
        raise CallError(f"index out of range: {at}")
    return at


def _octets(text: str, budget: Budget) -> bytes:
    budget.step(len(text) // _STRIDE)
    return encoded(text)


def _text(part: str | bytes, budget: Budget) -> str:
    budget.grow(len(part) if isinstance(part, str) else 4 * len(part))
    return part if isinstance(part, str) else decoded(part)


def _followed_name(value: Value) -> str:
    """The type's name without the pointer."""
    return value.type.name if isinstance(value, Struct) else type_name(value)
