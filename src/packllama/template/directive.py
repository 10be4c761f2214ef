"""One verb of a format with its flags, and the padding that all verbs share."""

from typing import NamedTuple


class Directive(NamedTuple):
    """``%[flags][width][.precision]verb``.

    Go reads ``+`` and ``#`` before ``v`` as verbs of their own: ``plus_v`` names a struct's fields, ``sharp_v`` writes
    Go syntax. ``erring``: what is printed explains a mistake, so no ``String()`` is asked.
    """

    verb: str
    width: int = 0
    precision: int | None = None
    minus: bool = False
    plus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    plus_v: bool = False
    sharp_v: bool = False
    erring: bool = False

    @property
    def room(self) -> int:
        """Characters that width and precision may add to a value's own."""
        return self.width + (self.precision or 0)

    def pad(self, text: str, *, zeros: bool = True) -> str:
        """The text in its width. Zeros only stand on the left; ``zeros``: they may."""
        if not self.width:
            return text
        if self.minus:
            return text.ljust(self.width)
        return text.rjust(self.width, "0" if self.zero and zeros else " ")


PLAIN = Directive("v")
