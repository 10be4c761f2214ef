"""What an action, ``print`` and ``println`` write. Follows Ollama's template rules, "Printing"."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from packllama.template.budget import Budget
from packllama.template.directive import PLAIN
from packllama.template.formatting import account, formatted, joined
from packllama.template.values import CallError, Pairs, Struct, Value, is_nothing, type_name

NO_VALUE = "<no value>"


def printed(value: Value, budget: Budget) -> str:
    """What ``{{value}}`` writes: pointers are followed, nil is ``<no value>``.

    Raises:
        CallError: the value is a Go function.
        OverBudget: the text would be too long.
    """
    kind = type(value)
    if kind is str:
        return value  # type: ignore[return-value]
    if kind is int:
        return str(value)
    if is_nothing(value):
        return NO_VALUE
    if isinstance(value, Pairs):
        raise CallError(f"can't print a value of type {type_name(value)}")
    return formatted(_target(value), PLAIN, budget)


def sprint(values: Sequence[Value], budget: Budget) -> str:
    """Operands one after the other, with a space between two of which neither is a text.

    Raises: OverBudget.
    """
    return _accounted(list(_spaced(values, budget)), budget)


def sprintln(values: Sequence[Value], budget: Budget) -> str:
    """Operands with a space between any two, and a newline at the end.

    Raises: OverBudget.
    """
    return f"{_accounted([_operand(value, budget) for value in values], budget, between=' ')}\n"


def sprint_followed(values: Sequence[Value], budget: Budget) -> str:
    """What ``html``, ``js`` and ``urlquery`` work on: `sprint`, but of the values that an action would print.

    Raises: OverBudget.
    """
    if len(values) == 1:
        return printed(values[0], budget)
    return sprint([NO_VALUE if is_nothing(value) else _target(value) for value in values], budget)


def _spaced(values: Sequence[Value], budget: Budget) -> Iterator[str]:
    after_text = True
    for value in values:
        is_text = isinstance(value, str)
        if not is_text and not after_text:
            yield " "
        yield _operand(value, budget)
        after_text = is_text


def _target(value: Value) -> Value:
    """What a pointer leads to."""
    if isinstance(value, Struct) and value and value.type.pointer:
        return Struct(replace(value.type, pointer=False), value.fields)
    return value


def _operand(value: Value, budget: Budget) -> str:
    return value if isinstance(value, str) else formatted(value, PLAIN, budget)


def _accounted(pieces: list[str], budget: Budget, *, between: str = "") -> str:
    for piece in pieces:
        account(piece, budget)
    return joined(pieces, between)
