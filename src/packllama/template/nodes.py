"""The parse tree of a template: what the parser makes, the compiler runs and the tree walks read.

The shapes are those of Go's ``text/template/parse``. ``at`` is where Go says that the node is, as an index into the
source: mostly its first character, but a chain's second name, and what follows a parenthesis or a keyword.
:func:`place` turns it into line and column. Texts and string literals may hold surrogates: bytes that are not
UTF-8, kept by ``surrogateescape``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Dot:
    """``.``"""

    at: int


@dataclass(frozen=True, slots=True)
class Nil:
    """``nil``"""

    at: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A bool, a number, a character or a string. ``source`` is how it was spelled."""

    value: bool | int | float | complex | str
    source: str
    at: int


@dataclass(frozen=True, slots=True)
class Field:
    """``.A.B``: a chain of names on the dot."""

    names: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Variable:
    """``$name.A.B``. ``name`` begins with ``$``."""

    name: str
    names: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Function:
    """The name of a function, as an operand."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Chain:
    """``(…).A.B`` or ``function.A.B``."""

    base: "Operand"
    names: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Command:
    """Operands side by side: a call, or a single value."""

    operands: "tuple[Operand, ...]"
    at: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """``$a, $b := command | command``. ``assigns``: the variables exist already (``=``)."""

    variables: tuple[str, ...]
    assigns: bool
    commands: tuple[Command, ...]
    at: int


Operand: TypeAlias = Dot | Nil | Literal | Field | Variable | Function | Chain | Pipeline


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text after trimming; never empty."""

    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Action:
    """``{{pipeline}}``"""

    pipeline: Pipeline
    at: int


@dataclass(frozen=True, slots=True)
class If:
    """``{{if}}…{{else}}…{{end}}``. An ``else if`` is an ``otherwise`` that holds one ``If``."""

    pipeline: Pipeline
    body: "Nodes"
    otherwise: "Nodes | None"
    at: int


@dataclass(frozen=True, slots=True)
class With:
    """``{{with}}…{{else}}…{{end}}``"""

    pipeline: Pipeline
    body: "Nodes"
    otherwise: "Nodes | None"
    at: int


@dataclass(frozen=True, slots=True)
class Range:
    """``{{range}}…{{else}}…{{end}}``"""

    pipeline: Pipeline
    body: "Nodes"
    otherwise: "Nodes | None"
    at: int


@dataclass(frozen=True, slots=True)
class Include:
    """``{{template "name" pipeline}}``; what ``block`` leaves in its place."""

    name: str
    pipeline: Pipeline | None
    at: int


@dataclass(frozen=True, slots=True)
class Break:
    """``{{break}}``"""

    at: int


@dataclass(frozen=True, slots=True)
class Continue:
    """``{{continue}}``"""

    at: int


Node: TypeAlias = Text | Action | If | With | Range | Include | Break | Continue
Nodes: TypeAlias = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed text: the main template and those that it defines, by name (in order of definition)."""

    source: str
    main: Nodes
    defined: Mapping[str, Nodes]


def place(source: str, at: int) -> tuple[int, int]:
    """Line and column of a position, both from 1; columns count characters."""
    before = source[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
