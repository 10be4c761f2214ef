"""What a family's files need: for each part, edits of its keys, other names for its tensors, wider types. Data."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from packllama.dialect.key import Key, u32
from packllama.dialect.source import SourceFile
from packllama.gguf import TensorType, quoted


@dataclass(slots=True)
class Draft:
    """A part in the making: its keys, in order, which edits change.

    A name that begins with a dot has ``prefix`` before it. ``rows`` are tensors of which only the first so many rows
    are kept.
    """

    source: SourceFile
    prefix: str
    keys: dict[str, Key]
    rows: dict[str, int] = field(default_factory=dict)

    def key(self, name: str) -> str:
        """The full name of a key."""
        return self.prefix + name if name.startswith(".") else name

    def count(self, name: str, number: int, *, only_missing: bool = False) -> None:
        """Write a whole number.

        Raises: GGUFError, when it is none that a file could mean.
        """
        if not 0 <= number < 1 << 32:
            raise self.source.bad(f"{number} cannot be the value of {quoted(self.key(name))}")
        if not (only_missing and self.key(name) in self.keys):
            self.keys[self.key(name)] = u32(number)


Edit: TypeAlias = Callable[[Draft], None]


@dataclass(frozen=True, slots=True)
class Rename:
    """``old``, whole words between dots, becomes ``new``; in names that begin with ``within``.

    ``old`` may begin with ``^``, for the beginning of a name, and end with ``$``, for its end.
    """

    old: str
    new: str
    within: str = ""

    def of(self, name: str) -> str:
        """The name, changed if it is meant."""
        if not name.startswith(self.within):
            return name
        begin = "^" if self.old.startswith("^") else r"(?:^|(?<=\.))"
        end = "$" if self.old.endswith("$") else r"(?=\.|$)"
        return re.sub(begin + re.escape(self.old.strip("^$")) + end, self.new, name)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a part. Its numbers are those of the tensor ``source``, from byte ``begin`` on.

    They are widened where ``type`` is F32 and the source's is another.
    """

    name: str
    type: TensorType
    shape: tuple[int, ...]
    source: str
    begin: int = 0


@dataclass(frozen=True, slots=True)
class Side:
    """One part of a translation.

    ``renames`` apply one after the other; ``wide`` are how the new names of tensors end that must be F32. ``takes`` is
    how the names of its tensors begin; a part without it has all keys, and all tensors that belong to no tower.
    ``more`` are tensors that the file has in another form, ``tower`` the shapes that are certain.
    """

    edits: tuple[Edit, ...] = ()
    renames: tuple[Rename, ...] = ()
    wide: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    more: Callable[[SourceFile], Iterator[Tensor]] | None = None
    tower: Callable[[Draft], Mapping[str, tuple[int, ...]]] | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """A family's two parts. Without ``eyes`` a tower that is in the file cannot be translated.

    ``proven``: the derived files were seen to answer as plain ones do.
    """

    text: Side | None = None
    eyes: Side | None = None
    proven: bool = False
