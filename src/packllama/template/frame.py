"""What a template has while it runs, and where its variables lie."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from packllama.template.budget import Budget, OverBudget
from packllama.template.values import Value

# People declare ten. Each call of a template makes room for all that it declares.
MAX_VARIABLES = 250


class Frame:
    """One run of one template.

    ``level``: how many blocks and templates it stands in. ``happened``: the places of those variables whose
    declaration was uncertain and did happen.
    """

    __slots__ = ("budget", "happened", "level", "variables", "write")

    def __init__(self, root: Value, size: int, write: Callable[[str], None], budget: Budget, level: int) -> None:
        self.variables: list[Value] = [root, *[None] * (size - 1)]
        self.happened: set[int] = set()
        self.write = write
        self.budget = budget
        self.level = level


# A part of a template, made ready to run: frame and dot in, value out.
Run: TypeAlias = Callable[[Frame, Value], Value]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a declaration puts its value. Not ``certain``: as an argument of ``and`` or ``or`` it may not happen."""

    index: int
    certain: bool


class Scope:
    """The places of a template's variables, found before it runs: each declaration has one of its own."""

    def __init__(self) -> None:
        self.size = 0
        self._places: dict[str, list[Place]] = {}
        self._declared: list[str] = []
        self._lazy = 0
        self.declare("$")

    def declare(self, name: str) -> Place:
        """The place of a new variable. Raises: OverBudget."""
        if self.size == MAX_VARIABLES:
            raise OverBudget(f"a template may declare {MAX_VARIABLES} variables, and this has more")
        place = Place(self.size, not self._lazy)
        self._declared.append(name)
        self._places.setdefault(name, []).append(place)
        self.size += 1
        return place

    def find(self, name: str) -> tuple[Place, ...]:
        """Where a variable may be, the innermost place first. None: it is not declared."""
        places = self._places.get(name, [])
        certain = next((count for count, place in enumerate(reversed(places), 1) if place.certain), len(places))
        return tuple(reversed(places[len(places) - certain :]))

    @contextmanager
    def block(self) -> Iterator[None]:
        """What is declared within is forgotten at the end."""
        mark = len(self._declared)
        yield
        for name in self._declared[mark:]:
            self._places[name].pop()
        del self._declared[mark:]

    @contextmanager
    def lazy(self) -> Iterator[None]:
        """What is declared within may not happen."""
        self._lazy += 1
        yield
        self._lazy -= 1
