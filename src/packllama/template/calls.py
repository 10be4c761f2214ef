"""Parts of calls: the call itself, what its arguments must be, and what fails in its stead."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from packllama.base.errors import TemplateError
from packllama.template.blame import Blame, Blamed, last
from packllama.template.frame import Frame, Run
from packllama.template.functions import Function as Callee
from packllama.template.nodes import Command, Function, Literal, Nil, Operand
from packllama.template.values import INVALID, CallError, Value, type_name

Call: TypeAlias = Callable[[Frame, Sequence[Value]], Value]


def invocation(blame: Blame, name: str, callee: Callee, node: Function | Command) -> Call:
    """What calls a function with its arguments."""
    call, placed = callee.call, blame.placed

    def invoke(frame: Frame, values: Sequence[Value]) -> Value:
        try:
            return call(values, frame.budget)
        except (CallError, TemplateError) as error:
            raise placed(error, node, calling=name) from error

    return invoke


def refused(blame: Blame, blamed: Blamed, message: str) -> Run:
    """What fails when it is reached."""

    def run(_: Frame, __: Value) -> Value:
        raise blame.error(blamed, message)

    return run


def text_argument(blame: Blame, run: Run, node: Operand) -> Run:
    """An argument that must be a text."""
    if isinstance(node, Nil):
        return refused(blame, node, "cannot assign nil to string")
    if isinstance(node, Literal) and not isinstance(node.value, str):
        return refused(blame, node, f"expected string; found {node.source}")

    def text(frame: Frame, dot: Value) -> Value:
        value = run(frame, dot)
        check_text(blame, value, last(node))
        return value

    return text


def check_text(blame: Blame, value: Value, blamed: Blamed) -> None:
    """Raises: TemplateError, if the value is no text."""
    if value is INVALID:
        raise blame.error(blamed, "invalid value; expected string")
    if not isinstance(value, str):
        name = "interface {}" if value is None else type_name(value)
        raise blame.error(blamed, f"wrong type for value; expected string; got {name}")


def miscounted(name: str, callee: Callee, count: int, *, piped: bool) -> str:
    """What is wrong with a number of arguments, or the empty text. Go does not always name the piped one."""
    if callee.most is None:
        short = count + piped < callee.least
        return f"wrong number of args for {name}: want at least {callee.least} got {count}" if short else ""
    wrong = not callee.least <= count + piped <= callee.most
    return f"wrong number of args for {name}: want {callee.least} got {count + piped}" if wrong else ""


def equals_text(left: Run, text: str, invoke: Call) -> Run:
    """``eq`` for the commonest case, without a call."""

    def run(frame: Frame, dot: Value) -> Value:
        value = left(frame, dot)
        return value == text if type(value) is str else invoke(frame, (value, text))

    return run
