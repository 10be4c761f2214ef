"""Who is to blame when a template fails: messages with Go's words and places."""

from dataclasses import dataclass
from typing import TypeAlias

from packllama.base.errors import TemplateError
from packllama.goquote import quote
from packllama.template.budget import OverBudget
from packllama.template.nodes import Chain, Command, Function, Include, Operand, Pipeline, place
from packllama.template.spelling import spelled
from packllama.template.values import CallError, encoded

Blamed: TypeAlias = Operand | Command | Include

# Go shows the whole action and the whole value; these may be megabytes.
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Blame:
    """Makes the errors of one template of a source."""

    source: str
    name: str

    def error(self, node: Blamed, message: str) -> TemplateError:
        """What a node does wrong."""
        return self._placed(TemplateError, message, node)

    def placed(self, error: TemplateError | CallError, node: Blamed, *, calling: str = "") -> TemplateError:
        """What went wrong at a node, as an error with its place; one that has a place already is left alone."""
        if isinstance(error, TemplateError):
            return error if error.line else self._placed(OverBudget, error.message, node)
        return self.error(node, f"error calling {calling}: {error}" if calling else str(error))

    def _placed(self, kind: type[TemplateError], message: str, node: Blamed) -> TemplateError:
        line, column = place(self.source, node.at)
        # Go counts columns in bytes, from 0.
        octets = len(encoded(self.source[node.at - column + 1 : node.at]))
        where = f"template: :{line}:{octets}: executing {quote(self.name)} at <{_short(spelled(node))}>"
        return kind(f"{where}: {_short(message)}", line=line, column=column)


def last(node: Operand | Command) -> Operand | Command:
    """The part of a node that is evaluated last: where Go is when the result turns out to be wrong."""
    while True:
        match node:
            case Pipeline():
                node = node.commands[-1]
            case Command() if len(node.operands) > 1 or not isinstance(node.operands[0], Function):
                node = node.operands[-1]
            case Command():
                return node.operands[0]
            case Chain():
                node = node.base
            case _:
                return node


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
