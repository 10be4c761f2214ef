"""Any value, as Go's ``fmt`` writes it for one directive: collections element by element, mistakes in the text.

Follows Ollama's template rules, "Printing" and "printf".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from packllama.template.budget import Budget, OverBudget
from packllama.template.directive import Directive
from packllama.template.scalars import hexadecimal, integer, scalar, text
from packllama.template.values import (
    MAX_NESTING,
    Byte,
    Invalid,
    Map,
    Pairs,
    Slice,
    Struct,
    Value,
    decoded,
    encoded,
    in_order,
    is_nothing,
    type_name,
)

# Go prints where the value lies in memory, which is another place each time.
_SOMEWHERE = 0xC000000000
# Writing one value takes as long as so many steps.
_STEPS = 3
_STRINGABLE = "vsxXq"


def formatted(value: Value, form: Directive, budget: Budget) -> str:
    """One operand of ``printf``.

    Raises:
        OverBudget: it would be too long, or nests too deeply.
    """
    budget.grow(form.room)
    if is_nothing(value):
        return form.pad("<nil>") if form.verb in "Tv" else _mistake(value, form, budget)
    if form.verb == "T":
        return form.pad(type_name(value)[: form.precision])
    if form.verb == "p":
        return _address(value, form) or _mistake(value, form, budget)
    return _written(value, form, budget, 0)


def joined(parts: Iterable[str], between: str = "") -> str:
    """Texts put together. Bytes that have become a character are one."""
    whole = between.join(parts)
    if whole.isascii():
        return whole
    try:
        whole.encode()
    except UnicodeEncodeError:
        return decoded(encoded(whole))
    return whole


def account(value: str, budget: Budget, *, times: int = 1) -> None:
    """Account for a text that is ``times`` as long as this one. A character takes four bytes when one is beyond ASCII.

    Raises: OverBudget.
    """
    budget.grow(times * (len(value) if value.isascii() else 4 * len(value)))


def _written(value: Value, form: Directive, budget: Budget, depth: int) -> str:
    budget.step(_STEPS)
    if isinstance(value, bool | int | float | complex | str):
        shown = _scalar(value, form, budget)
        return _mistake(value, form, budget) if shown is None else shown
    if value is None or isinstance(value, Invalid):
        return "interface {}(nil)" if form.sharp_v else "<nil>"
    if form.verb == "w" and not form.erring:
        return _mistake(value, form, budget)
    if isinstance(value, Struct | Slice | Map):
        return _typed(value, form, budget, depth)
    if isinstance(value, bytes) and form.verb in "sqxX":
        return _bytes(value, form, budget)
    return _collection(value, form, budget, depth)


def _scalar(value: bool | float | complex | str, form: Directive, budget: Budget) -> str | None:
    budget.grow(form.room)
    if isinstance(value, str) and value:
        # A byte becomes five characters in the longest form ("0xff "), a character at most ten ("\U0001f600"); and
        # writing these takes longer than writing as many plain ones.
        account(value, budget, times=10 if form.verb in "qxX" or form.sharp_v else 1)
    return scalar(value, form)


def _bytes(value: bytes, form: Directive, budget: Budget) -> str:
    budget.grow(5 * len(value) + form.room)
    if form.verb in "xX":
        return hexadecimal(value[: form.precision], form)
    return text(decoded(value), form) or ""


def _typed(value: Struct | Slice | Map, form: Directive, budget: Budget, depth: int) -> str:
    string = value.type.methods.get("String")
    if string and form.verb in _STRINGABLE and not form.sharp_v and not form.erring:
        return _scalar(str(string(value, budget)), form, budget) or ""
    if isinstance(value, Struct):
        return _struct(value, form, budget, depth)
    if value.nil and form.sharp_v:
        return f"{value.type.name}(nil)"
    return _collection(value, form, budget, depth)


def _struct(value: Struct, form: Directive, budget: Budget, depth: int) -> str:
    if value.type.pointer and (depth or value.fields is None):
        return _pointer(value, form, budget)
    pieces = [hex(_SOMEWHERE)] if value.type.hidden else _fields(value.fields or {}, form, budget, depth + 1)
    ampersand = "&" if value.type.pointer else ""
    name = value.type.name if form.sharp_v else ""
    return joined((ampersand, name, "{", joined(pieces, ", " if form.sharp_v else " "), "}"))


def _fields(fields: Mapping[str, Value], form: Directive, budget: Budget, depth: int) -> Iterator[str]:
    _refuse(depth)
    named = form.plus_v or form.sharp_v
    for name, value in fields.items():
        yield f"{name}:" * named + _written(value, form, budget, depth)


def _collection(value: Value, form: Directive, budget: Budget, depth: int) -> str:
    _refuse(depth + 1)
    if isinstance(value, Mapping):
        opening, pieces = "map[", _entries(value, form, budget, depth + 1)
    elif isinstance(value, Sequence):
        opening, pieces = "[", _items(value, form, budget, depth + 1)
    else:
        return _pointer(value, form, budget)
    if form.sharp_v:
        return joined((type_name(value), "{", joined(pieces, ", "), "}"))
    return joined((opening, joined(pieces, " "), "]"))


def _items(value: Sequence[Value], form: Directive, budget: Budget, depth: int) -> Iterator[str]:
    for item in map(Byte, value) if isinstance(value, bytes) else value:
        yield _written(item, form, budget, depth)


def _entries(value: Mapping[str, Value], form: Directive, budget: Budget, depth: int) -> Iterator[str]:
    budget.step(len(value))
    for key in in_order(value):
        yield f"{_written(key, form, budget, depth)}:{_written(value[key], form, budget, depth)}"


def _pointer(value: Value, form: Directive, budget: Budget) -> str:
    nil = isinstance(value, Struct) and value.fields is None
    if form.verb == "v":
        if form.sharp_v:
            return f"({type_name(value)})({'nil' if nil else hex(_SOMEWHERE)})"
        return form.pad("<nil>") if nil else hex(_SOMEWHERE)
    shown = integer(0 if nil else _SOMEWHERE, form) if form.verb in "bodxX" else None
    return _mistake(value, form, budget) if shown is None else shown


def _address(value: Value, form: Directive) -> str | None:
    pointer = isinstance(value, Struct) and value.type.pointer
    if pointer or isinstance(value, dict | list | tuple | Slice | bytes | Pairs):
        nil = isinstance(value, Slice | Map) and value.nil
        return integer(0 if nil else _SOMEWHERE, form._replace(verb="x", sharp=not form.sharp))
    return None


def _mistake(value: Value, form: Directive, budget: Budget) -> str:
    """What Go writes for a verb that does not fit: ``%!d(string=x)``."""
    if is_nothing(value):
        return f"%!{form.verb}(<nil>)"
    shown = _written(value, form._replace(verb="v", erring=True), budget, 0)
    return joined((f"%!{form.verb}({type_name(value)}=", shown, ")"))


def _refuse(depth: int) -> None:
    if depth > MAX_NESTING:
        raise OverBudget(f"a value nests more than {MAX_NESTING} levels deep")
