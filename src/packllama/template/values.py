"""The values that a template works on, as Go sees them: kinds, the two nils, truth, fields, ranging.

Plain Python values stand for Go's plain ones: ``bool``, ``int`` (Go's ``int``), ``float`` (``float64``), ``complex``,
``str``, ``bytes`` (an image), ``list`` (``[]any``) and ``dict`` (``map[string]any``). What has a type of its own in
Go is a :class:`Struct`, a :class:`Slice` or a :class:`Map`, each with its :class:`Type`. A ``str`` keeps bytes that
are not UTF-8 as surrogates. Follows Ollama's template rules, "Value model", "Lookup and the two nils" and "Truth".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, final, overload

from packllama.template.budget import Budget

# How deep values may nest that are written out. What a request holds nests less; of Python's stack of a thousand
# calls a level takes four.
MAX_NESTING = 70


class CallError(Exception):
    """A function or a lookup failed: Go's message, without the place and without ``error calling NAME``."""


@final
class Invalid:
    """The nil that a pipeline leaves behind: a field of it is nil again, where a nil interface's is an error."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "INVALID"


INVALID: Final = Invalid()


class Uint(int):
    """A ``uint64``: a number of the request that no ``int`` can hold."""

    go_name = "uint64"


class Byte(Uint):
    """A ``uint8``: what indexing a string gives."""

    go_name = "uint8"


@dataclass(frozen=True, slots=True, eq=False)
class Type:
    """A named Go type, as far as a template can tell.

    ``methods`` take the value and nothing else that a template gives; ``String`` is what the value prints as.
    ``keys``: a struct's JSON keys in the order of its fields, with ``?`` after one that is left out when empty and
    ``??`` when nil; without them JSON has the fields' own names. ``json`` gives what stands for the value in JSON.
    ``zero``: what a map gives for a key that it lacks. ``hidden``: the fields are not for templates.
    """

    name: str
    methods: "Mapping[str, Callable[[Value, Budget], Value]]" = field(default_factory=dict)
    keys: Sequence[str] = ()
    json: "Callable[[Value], Value] | None" = None
    zero: "Callable[[], Value]" = lambda: None
    hidden: bool = False
    pointer: bool = False

    @property
    def full_name(self) -> str:
        return f"*{self.name}" if self.pointer else self.name


class Struct:
    """A Go struct, or a pointer to one: then ``fields`` are None if it is nil."""

    __slots__ = ("fields", "type")

    def __init__(self, kind: Type, fields: "Mapping[str, Value] | None") -> None:
        self.type = kind
        self.fields = fields

    def __bool__(self) -> bool:
        return self.fields is not None


class Slice(Sequence["Value"]):
    """A slice of a type of its own. A nil one is empty too, but equals nil and is ``null`` in JSON.

    A part of one shares the elements, as in Go: published templates take one for every message.
    """

    __slots__ = ("_items", "_places", "nil", "type")

    def __init__(self, kind: Type, items: "Sequence[Value] | None", places: range | None = None) -> None:
        self.type = kind
        self.nil = items is None
        self._items = items or ()
        self._places = range(len(self._items)) if places is None else places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> "Iterator[Value]":
        return map(self._items.__getitem__, self._places)

    @overload
    def __getitem__(self, at: int) -> "Value": ...
    @overload
    def __getitem__(self, at: slice) -> "Slice": ...
    def __getitem__(self, at: int | slice) -> "Value":
        if isinstance(at, int):
            return self._items[self._places[at]]
        return Slice(self.type, None if self.nil else self._items, self._places[at])


class Map(dict[str, "Value"]):
    """A map of a type of its own; nil as a `Slice` is."""

    __slots__ = ("nil", "type")

    def __init__(self, kind: Type, items: "Mapping[str, Value] | None") -> None:
        super().__init__(items or {})
        self.type = kind
        self.nil = items is None


@dataclass(frozen=True, slots=True)
class Pairs:
    """A Go iterator over keys and values: it can be ranged over and nothing else."""

    items: "Sequence[tuple[str, Value]]"
    name: str


Single: TypeAlias = "bool | int | float | complex | str | bytes"
Value: TypeAlias = "Single | Sequence[Value] | Mapping[str, Value] | Struct | Pairs | Invalid | None"


def truth(value: Value) -> bool:
    """What ``if`` decides by: Python's own truth, for every class here is made so."""
    return bool(value)


def type_name(value: Value) -> str:  # noqa: PLR0911
    """The value's Go type, as ``%T`` prints it."""
    match value:
        case Struct() | Slice() | Map():
            return value.type.full_name
        case Uint() | Pairs():
            return value.go_name if isinstance(value, Uint) else value.name
        case list() | tuple():
            return "[]interface {}"
        case dict():
            return "map[string]interface {}"
        case bytes():
            return "api.ImageData"
        case None | Invalid():
            return "<nil>"
    return _PLAIN[type(value)]


_PLAIN: Mapping[type, str] = {bool: "bool", int: "int", float: "float64", complex: "complex128", str: "string"}


def is_nothing(value: Value) -> bool:
    """Whether the value is nil of either kind, without a type."""
    return value is None or value is INVALID


def is_nil(value: Value) -> bool:
    """Whether ``eq value nil`` holds: either nil, a nil pointer, slice or map."""
    if isinstance(value, Struct):
        return value.fields is None
    return is_nothing(value) or (isinstance(value, Slice | Map) and value.nil)


def lookup(value: Value, name: str, budget: Budget, *, zero_missing: bool) -> Value:
    """``value.name``: a method's result, a field, or the value under a key.

    ``zero_missing``: a map lacks the key, then its zero value is given; otherwise `INVALID`.

    Raises:
        CallError: the value has no such field, cannot have one, or is a nil interface.
        OverBudget: a method's result would be too large.
    """
    if type(value) is dict:
        found = value.get(name, INVALID)
        return None if found is INVALID and zero_missing else found
    if isinstance(value, Struct | Slice | Map):
        method = value.type.methods.get(name)
        return method(value, budget) if method else _member(value, name, zero_missing)
    if value is INVALID:
        return INVALID
    if value is None:
        raise CallError(f"nil pointer evaluating interface {{}}.{name}")
    # Go names the type that the value has where it stands; that of a map's or a list's element is any.
    raise CallError(f"can't evaluate field {name} in type interface {{}}")


def has_method(value: Value, name: str) -> bool:
    """Whether ``name`` is a method of the value, which may be called, without arguments."""
    return isinstance(value, Struct | Slice | Map) and name in value.type.methods


def _member(value: Struct | Slice | Map, name: str, zero_missing: bool) -> Value:
    if isinstance(value, Map):
        return value[name] if name in value else value.type.zero() if zero_missing else INVALID
    if isinstance(value, Struct) and not value.type.hidden:
        if value.fields is None:
            raise CallError(f"nil pointer evaluating {value.type.full_name}.{name}")
        if name in value.fields:
            return value.fields[name]
    raise CallError(f"can't evaluate field {name} in type {value.type.full_name}")


def iterate(value: Value, budget: Budget, *, two: bool) -> Iterable[tuple[Value, Value]] | None:
    """What ``range`` goes over: pairs of index or key and element; None, when it cannot go over such a value.

    ``two``: the range has two variables. Accounts for sorting only, not for the single elements.

    Raises:
        CallError: a number with two variables.
        OverBudget: the map is too large to be sorted.
    """
    if isinstance(value, list | tuple | Slice):
        return enumerate(value)
    if isinstance(value, dict):
        budget.step(len(value))
        return ((key, value[key]) for key in in_order(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return _numbers(value, two)
    if isinstance(value, Pairs):
        return value.items if two else ((INVALID, key) for key, _ in value.items)
    if isinstance(value, bytes):
        return enumerate(map(Byte, value))
    return () if is_nothing(value) else None


def _numbers(stop: int, two: bool) -> Iterable[tuple[Value, Value]]:
    if two:
        raise CallError(f"can't use {stop} to iterate over more than one variable")
    return ((INVALID, number) for number in map(type(stop), range(stop)))


def in_order(keys: Iterable[str]) -> list[str]:
    """Keys as Go sorts a map's: by their bytes."""
    return sorted(keys, key=encoded)


def encoded(text: str) -> bytes:
    """The bytes of a Go string."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # halves of surrogate pairs, which no byte stands behind
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode("utf-8")


def decoded(octets: bytes) -> str:
    """The text for the bytes of a Go string."""
    return octets.decode("utf-8", "surrogateescape")
