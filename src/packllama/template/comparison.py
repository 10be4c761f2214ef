"""``eq`` and ``lt``, and what follows from them. Follows Ollama's template rules, "Comparison types"."""

from collections.abc import Sequence

from packllama.template.budget import Budget
from packllama.template.printf import sprintf
from packllama.template.printing import sprint
from packllama.template.values import CallError, Slice, Struct, Uint, Value, encoded, is_nil, is_nothing, type_name

# Comparing this many characters takes about as long as a step.
_STRIDE = 4096


def equal_any(values: Sequence[Value], budget: Budget) -> bool:
    """Whether the first value equals one of the others; those after the first that it equals are not looked at.

    Raises:
        CallError: there is only one, or two have kinds that cannot be compared.
        OverBudget: the texts are too long.
    """
    if len(values) < 2:
        raise CallError("missing argument for comparison")
    return any(equal(values[0], other, budget) for other in values[1:])


def equal(left: Value, right: Value, budget: Budget) -> bool:
    """Raises: CallError, OverBudget."""
    if isinstance(left, str) and isinstance(right, str):
        budget.step(min(len(left), len(right)) // _STRIDE)
        return left == right
    kind, other = _kind(left), _kind(right)
    if not kind and not other:
        return _equal_by_reference(left, right, budget)
    if _comparable(kind, other):
        return left == right
    if is_nothing(left) or is_nothing(right):
        return False
    raise _incompatible(left, right)


def less(left: Value, right: Value, budget: Budget) -> bool:
    """Texts by their bytes. Raises: CallError, OverBudget."""
    kind, other = _kind(left), _kind(right)
    if not kind or not other:
        raise CallError("invalid type for comparison")
    if not _comparable(kind, other):
        raise _incompatible(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return _less_text(left, right, budget)
    if isinstance(left, bool | complex) or isinstance(right, bool | complex):
        raise CallError("invalid type for comparison")
    return left < right  # type: ignore[operator]


def _less_text(left: str, right: str, budget: Budget) -> bool:
    budget.step(min(len(left), len(right)) // _STRIDE)
    if left.isascii() and right.isascii():
        return left < right
    budget.step((len(left) + len(right)) // _STRIDE)
    return encoded(left) < encoded(right)


def _kind(value: Value) -> str:
    """The Go kind of a value that can be compared, else empty."""
    return next((kind for kind, classes in _KINDS if isinstance(value, classes)), "")


# In Python a bool is an int, and so is our Uint: the narrower ones come first.
_KINDS = (("string", str), ("bool", bool), ("uint", Uint), ("int", int), ("float", float), ("complex", complex))


def _comparable(kind: str, other: str) -> bool:
    return kind == other or {kind, other} == {"int", "uint"}


def _equal_by_reference(left: Value, right: Value, budget: Budget) -> bool:
    """Values that Go compares with nil only, but for pointers."""
    shape, other = _shape(left), _shape(right)
    if shape and other and shape != other:
        types = f"{type_name(left)}, {type_name(right)}: {sprint([right], budget)}"
        raise CallError(f"non-comparable types {sprintf('%s', [left], budget)}: {types}")
    if is_nil(left) or is_nil(right):
        return is_nil(left) == is_nil(right)
    if isinstance(left, Struct) and isinstance(right, Struct) and right.type.pointer:
        return left.fields is right.fields
    raise CallError(f"non-comparable type {sprintf('%s', [right], budget)}: {type_name(right)}")


def _shape(value: Value) -> str:
    """The Go kind of a value that has no order; empty for nil."""
    if isinstance(value, Struct):
        return "pointer" if value.type.pointer else "struct"
    if isinstance(value, dict):
        return "map"
    if isinstance(value, list | tuple | Slice | bytes):
        return "slice"
    return "" if is_nothing(value) else "func"


def _incompatible(left: Value, right: Value) -> CallError:
    return CallError(f"incompatible types for comparison: {type_name(left)} and {type_name(right)}")
