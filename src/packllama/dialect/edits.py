"""What is done to the keys of a part: small verbs of which the families are made.

The name of a key to write that begins with a dot has the part's own prefix before it; of a key to read, the source's.
"""

from collections.abc import Sequence

from packllama.dialect.key import Key, numbers, text
from packllama.dialect.recipe import Draft, Edit
from packllama.gguf import ValueType, quoted

# llama.cpp has four, of which the last is not used in pictures.
_SECTIONS = 4


def put(name: str, key: Key) -> Edit:
    """Write it, whatever is there."""

    def edit(draft: Draft) -> None:
        draft.keys[draft.key(name)] = key

    return edit


def fill(name: str, *sources: str, otherwise: Key | None = None) -> Edit:
    """Write it if it is missing: the first of the source's keys that is there, or else ``otherwise``.

    Raises: GGUFError, when there is nothing to write.
    """

    def edit(draft: Draft) -> None:
        found = draft.keys.get(draft.key(name)) or _offered(draft, sources) or otherwise
        if found is None:
            raise draft.source.bad(f"the file lacks the key {quoted(draft.source.key((sources or (name,))[0]))}")
        draft.keys[draft.key(name)] = found

    return edit


def offer(name: str, *sources: str) -> Edit:
    """Write the first of the source's keys that is there, if any is and the key is missing."""

    def edit(draft: Draft) -> None:
        if found := _offered(draft, sources):
            draft.keys.setdefault(draft.key(name), found)

    return edit


def move(old: str, new: str) -> Edit:
    """Give a key of the part another name, unless something has that."""

    def edit(draft: Draft) -> None:
        if found := draft.keys.pop(draft.key(old), None):
            draft.keys.setdefault(draft.key(new), found)

    return edit


def drop(*names: str) -> Edit:
    """Leave keys out."""

    def edit(draft: Draft) -> None:
        for name in names:
            draft.keys.pop(draft.key(name), None)

    return edit


def measure(name: str, tensor: str, index: int, *, only_missing: bool = False) -> Edit:
    """Write a dimension of a tensor of the source, counted from 0.

    Raises: GGUFError, when there is no such tensor.
    """

    def edit(draft: Draft) -> None:
        if not (only_missing and draft.key(name) in draft.keys):
            draft.count(name, measured(draft, tensor, index))

    return edit


def measured(draft: Draft, tensor: str, index: int) -> int:
    """A dimension of a tensor of the source.

    Raises: GGUFError, when there is no such tensor.
    """
    found = draft.source.dimension(tensor, index)
    if found is None:
        raise draft.source.bad(f"the file lacks the tensor {quoted(tensor)}, or it has too few dimensions")
    return found


def stated(draft: Draft, name: str) -> int:
    """A whole number that a key of the source holds.

    Raises: GGUFError, when it does not.
    """
    found = draft.source.integer(name)
    if found is None or not 0 <= found < 1 << 32:
        raise draft.source.bad(f"the key {quoted(draft.source.key(name))} is missing, or holds no such number")
    return found


def whole_array(draft: Draft, name: str, *, most: int = 4096) -> tuple[int, ...]:
    """The whole numbers of a short array of the source; nothing when there is none.

    Raises: GGUFError, when it holds something else.
    """
    array = draft.source.gguf.array(draft.source.key(name))
    if array is None:
        return ()
    if array.count > most or not array.element_type.is_integer:
        raise draft.source.bad(f"the key {quoted(draft.source.key(name))} holds no short array of whole numbers")
    return tuple(int(element) for element in draft.source.elements(array))


def splitting(name: str) -> Edit:
    """Say how text is cut into words, where the file does not."""

    def edit(draft: Draft) -> None:
        if draft.source.gguf.string("tokenizer.ggml.pre") in (None, "", "default"):
            draft.keys["tokenizer.ggml.pre"] = text(name)

    return edit


def largest(name: str, *, otherwise: int = 0) -> Edit:
    """Write the largest number of an array in its place; ``otherwise`` if all are 0."""

    def edit(draft: Draft) -> None:
        if found := whole_array(draft, name):
            draft.count(name, max(found) or otherwise)

    return edit


def sections(name: str) -> Edit:
    """Write the source's sections of positions, three as a rule, as the four that llama.cpp has."""

    def edit(draft: Draft) -> None:
        found = whole_array(draft, name, most=_SECTIONS)
        if not all(0 <= number < 1 << 31 for number in found):
            raise draft.source.bad(f"the key {quoted(draft.source.key(name))} holds no such numbers")
        if found:
            padded = [*found, 0, 0, 0, 0][:_SECTIONS]
            draft.keys[draft.key(".rope.dimension_sections")] = numbers(ValueType.INT32, padded)

    return edit


def _offered(draft: Draft, sources: Sequence[str]) -> Key | None:
    values = (draft.source.gguf.metadata.get(draft.source.key(name)) for name in sources)
    return next((Key.of(value) for value in values if value), None)
