"""``printf``: a format and its operands. Follows Ollama's template rules, "printf".

Mistakes are part of the text, as in Go: ``%!d(string=x)``, ``%!d(MISSING)``, ``%!(EXTRA int=1)``.
"""

import re
from collections.abc import Sequence

from packllama.template.budget import Budget
from packllama.template.directive import PLAIN, Directive
from packllama.template.formatting import account, formatted, joined
from packllama.template.values import Value, is_nothing, type_name

_FLAGS = re.compile(r"[-+# 0]*")
_DIGITS = re.compile(r"[0-9]*")
# Go takes no larger number from an operand. In a format it looks before it adds a digit, so one digit more passes.
_LARGEST = 1_000_000
# Reading a directive and writing its operand takes as long as so many steps.
_STEPS = 5


def sprintf(template: str, operands: Sequence[Value], budget: Budget) -> str:
    """The format with its operands.

    Raises:
        OverBudget: the text would be too long, or an operand nests too deeply.
    """
    account(template, budget)
    return joined(_Scanner(template, operands, budget).pieces())


class _Scanner:
    def __init__(self, template: str, operands: Sequence[Value], budget: Budget) -> None:
        self._text = template
        self._operands = operands
        self._budget = budget
        self._pieces: list[str] = []
        self._at = 0
        self._next = 0  # the operand that comes next
        self._found = True  # every index in this directive names an operand
        self._reordered = False
        self._last_bracket = template.rfind("]")

    def pieces(self) -> list[str]:
        while (percent := self._text.find("%", self._at)) >= 0:
            self._pieces.append(self._text[self._at : percent])
            self._at = percent + 1
            self._budget.step(_STEPS)
            form = self._directive()
            self._pieces.append(self._written(form) if form else "%!(NOVERB)")
        self._pieces.append(self._text[self._at :])
        if not self._reordered and self._next < len(self._operands):
            self._pieces.append(self._extra())
        return self._pieces

    def _directive(self) -> Directive | None:
        """The directive up to its verb; None, when the format ends before there is one."""
        self._found = True
        flags = self._take(_FLAGS)
        indexed = self._index()
        width, indexed = self._width(indexed)
        precision, indexed = self._precision(indexed)
        if not indexed:
            self._index()
        verb = self._ahead()
        if not verb:
            return None
        self._at += 1
        left = width is not None and width < 0
        go_syntax = verb in "vw"
        return Directive(
            "\ufffd" if "\ud800" <= verb <= "\udfff" else verb,
            width=abs(width or 0),
            precision=precision,
            minus=left or "-" in flags,
            plus="+" in flags and not go_syntax,
            sharp="#" in flags and not go_syntax,
            space=" " in flags,
            zero="0" in flags and not left,
            plus_v="+" in flags and go_syntax,
            sharp_v="#" in flags and go_syntax,
        )

    def _written(self, form: Directive) -> str:
        if form.verb == "%":
            return "%"
        if not self._found:
            return f"%!{form.verb}(BADINDEX)"
        if self._next >= len(self._operands):
            return f"%!{form.verb}(MISSING)"
        self._next += 1
        return formatted(self._operands[self._next - 1], form, self._budget)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return match.group() if match else ""

    def _ahead(self) -> str:
        return self._text[self._at : self._at + 1]

    def _index(self) -> bool:
        """Go past ``[n]``, which says what operand comes next; whether there is one."""
        if self._ahead() != "[":
            return False
        self._reordered = True
        start = self._at + 1
        if self._last_bracket < start or len(self._text) < start + 2:
            self._at, self._found = start, False
            return False
        end = self._text.index("]", start)
        self._at = end + 1
        number = _number(self._text[start:end])
        if number is None or not 1 <= number <= len(self._operands):
            self._found = False
            return number is not None
        self._next = number - 1
        return True

    def _width(self, indexed: bool) -> tuple[int | None, bool]:
        """The width, and whether an index stands right before what follows; a negative one means ``-``."""
        if self._ahead() == "*":
            width = self._operand()
            if width is None:
                self._pieces.append("%!(BADWIDTH)")
            return width, False
        width = self._written_number()
        if indexed and width is not None:
            self._found = False
        return width, indexed

    def _precision(self, indexed: bool) -> tuple[int | None, bool]:
        if self._ahead() != "." or self._at + 1 == len(self._text):
            return None, indexed
        self._at += 1
        if indexed:
            self._found = False
        indexed = self._index()
        if self._ahead() != "*":
            return self._written_number() or 0, indexed
        precision = self._operand()
        if precision is None or precision < 0:
            self._pieces.append("%!(BADPREC)")
            return None, False
        return precision, False

    def _operand(self) -> int | None:
        """The number that ``*`` takes from the operands; None, when it is none or too large."""
        self._at += 1
        if self._next >= len(self._operands):
            return None
        value = self._operands[self._next]
        self._next += 1
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
            return None
        return value

    def _written_number(self) -> int | None:
        """The number that stands here. After one that is too large Go reads no further."""
        digits = self._take(_DIGITS)
        number = _number(digits)
        if digits and number is None:
            self._at = len(self._text)
        return number

    def _extra(self) -> str:
        return f"%!(EXTRA {joined(map(self._with_type, self._operands[self._next :]), ', ')})"

    def _with_type(self, value: Value) -> str:
        if is_nothing(value):
            return "<nil>"
        return f"{type_name(value)}={formatted(value, PLAIN, self._budget)}"


def _number(digits: str) -> int | None:
    """None: these are no digits, or too many."""
    significant = digits.lstrip("0")
    if not (digits.isascii() and digits.isdigit()) or len(significant) > len(str(_LARGEST)) + 1:
        return None
    return int(digits) if int(significant[:-1] or 0) <= _LARGEST else None
