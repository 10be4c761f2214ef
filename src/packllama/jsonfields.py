"""JSON read the way Go's decoder reads it into a struct: lenient about keys, strict about types.

Keys match without regard to case, unknown ones are skipped, ``null`` is the zero value, bytes after the first
value do not matter. One reader for manifests, configs and params layers, all of them from outside.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias, TypeVar

from packllama.base.errors import BadInput, InvalidManifest

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_T = TypeVar("_T")
_INT64 = range(-(2**63), 2**63)
# The keys of manifests and layers, which are read by the thousand; no two of them differ in case only.
_KNOWN_KEYS = frozenset({"schemaVersion", "mediaType", "config", "layers", "digest", "size", "from", "name"})
_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class Fields:
    """One JSON object, with a getter per type. ``where`` names it in errors, which are of the class ``error``."""

    def __init__(
        self,
        members: Mapping[str, Json],
        *,
        where: str,
        of: "Fields | None" = None,
        error: type[BadInput] = InvalidManifest,
    ) -> None:
        self._where = where
        self._of = of
        self._error: type[BadInput] = of._error if of else error
        # Two keys may differ in case only; then the later one counts, so names that are not known are folded first.
        self._plain = members.keys() <= _KNOWN_KEYS
        self._members = members if self._plain else {_folded(key): value for key, value in members.items()}

    @property
    def where(self) -> str:
        """Put together only when an error needs it: a list of ten thousand models has none."""
        return f"{self._of.where}: {self._where}" if self._of else self._where

    def get(self, key: str) -> Json:
        """The value itself, whatever it is; None when there is none."""
        return self._members.get(key if self._plain else _folded(key))

    def mentions(self, key: str) -> bool:
        """Whether there is such a key, be its value ``null``."""
        return (key if self._plain else _folded(key)) in self._members

    def text(self, key: str) -> str:
        value = self.get(key)
        return "" if value is None else self._typed(key, value, str, "a string")

    def integer(self, key: str) -> int:
        value = self.get(key)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int) or value not in _INT64:
            raise self.wrong(key, "a whole number")
        return value

    def texts(self, key: str) -> tuple[str, ...] | None:
        """A list of strings; None for ``null`` or no such key."""
        items = self.items(key)
        if items is None:
            return None
        return tuple(self._typed(key, item, str, "a list of strings") for item in items)

    def items(self, key: str) -> list[Json] | None:
        """A list of anything; None for ``null`` or no such key."""
        value = self.get(key)
        return None if value is None else self._typed(key, value, list, "a list")

    def members(self, key: str) -> dict[str, Json] | None:
        """An object whose keys are names of the user's; None for ``null`` or no such key."""
        value = self.get(key)
        return None if value is None else self._typed(key, value, dict, "an object")

    def fields(self, key: str) -> "Fields":
        return Fields(self.members(key) or {}, where=key, of=self)

    def list_of_fields(self, key: str) -> Iterator["Fields"]:
        """One after the other: a short text can hold millions of them."""
        return (as_fields(item, where=f"{key}[{i}]", of=self) for i, item in enumerate(self.items(key) or ()))

    def has(self, key: str) -> bool:
        return self.get(key) is not None

    def _typed(self, key: str, value: Json, kind: type[_T], words: str) -> _T:
        if not isinstance(value, kind):
            raise self.wrong(key, words)
        return value

    def wrong(self, key: str, words: str) -> BadInput:
        """The error for a value that is not what ``words`` say."""
        return self.refusal(f"expected {words} under {key!r}")

    def refusal(self, message: str) -> BadInput:
        """An error about this object."""
        return self._error(message, where=self.where)


def _folded(key: str) -> str:
    """Without case, as Go's decoder folds: a character for a character, so the long s is an s, and no ligature two."""
    return "".join(fold if len(fold := character.casefold()) == 1 else character for character in key)


def as_fields(value: Json, *, where: str, of: Fields | None = None, error: type[BadInput] = InvalidManifest) -> Fields:
    """The fields of an object that stands at ``where`` in the object ``of``.

    Raises: ``error``, or that of ``of``, when ``value`` is no object.
    """
    if isinstance(value, dict):
        return Fields(value, where=where, of=of, error=error)
    nothing = Fields({}, where=where, of=of, error=error)
    if value is not None:
        raise nothing.refusal("expected a JSON object")
    return nothing


def first_value(raw: bytes, *, where: str) -> tuple[Json, int]:
    """The first JSON value of ``raw`` and the number of bytes up to its end.

    Raises:
        InvalidManifest: there is none, it is nested too deep, or a number is no JSON.
    """
    text = raw.decode("utf-8", errors="replace")
    start = len(text) - len(text.lstrip(" \t\r\n"))
    try:
        value, end = _DECODER.raw_decode(text, start)
        if len(text) != len(raw):  # one character per byte gives the end in bytes
            _, end = _DECODER.raw_decode(raw.decode("latin-1"), start)
        return _sound(value) if _SURROGATE_ESCAPE.search(text) else value, end
    except (ValueError, RecursionError) as error:
        raise InvalidManifest(
            f"not JSON: {_told(error)}",
            where=where,
            hint="The file may be cut short or half written; fetch or create the model again.",
        ) from error


def _told(error: Exception) -> str:
    # What is left is Python's own limit on the length of whole numbers, told in words for programmers.
    plain = isinstance(error, json.JSONDecodeError | _NoNumber | RecursionError)
    return str(error) if plain else "a number has thousands of digits"


def go_value(value: Json, *, where: str) -> Json:
    """A value as Go decodes it when it knows no type for it: every number is a 64-bit float.

    Raises:
        BadInput: a number does not fit.
    """
    if isinstance(value, dict):
        return {key: go_value(item, where=where) for key, item in value.items()}
    if isinstance(value, list):
        return [go_value(item, where=where) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _float64(value, where)
    return value


def _float64(value: float, where: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise BadInput("a number does not fit into a 64-bit float", where=where)
    return number


def _sound(value: Json) -> Json:
    """The value with U+FFFD for each half of a surrogate pair, as Go decodes it: such a text cannot be printed."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_sound(item) for item in value]
    if isinstance(value, dict):
        return {_SURROGATE.sub("\ufffd", key): _sound(item) for key, item in value.items()}
    return value


class _NoNumber(ValueError):
    """What Python would take for a number, and Go would not."""


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _NoNumber(f"{digits[:50]} does not fit into a 64-bit float")
    return number


def _refuse(word: str) -> float:
    raise _NoNumber(f"{word} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
