"""Pipelines, commands and operands made into closures. Follows Ollama's rules, "Pipelines, commands, arguments"."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from packllama.base.errors import TemplateError
from packllama.goquote import quote
from packllama.template.blame import Blame, Blamed, last
from packllama.template.budget import OverBudget
from packllama.template.calls import check_text, equals_text, invocation, miscounted, refused, text_argument
from packllama.template.comparison import equal_any
from packllama.template.frame import Frame, Place, Run, Scope
from packllama.template.functions import Function as Callee
from packllama.template.nodes import (
    Chain,
    Command,
    Dot,
    Field,
    Function,
    Literal,
    Nil,
    Operand,
    Pipeline,
    Variable,
)
from packllama.template.spelling import spelled
from packllama.template.values import INVALID, CallError, Value, has_method, lookup, truth

# A stage of a pipeline after the first: it takes the value of the stage before as well.
Stage: TypeAlias = Callable[[Frame, Value, Value], Value]
Store: TypeAlias = Callable[[Frame, Value], None]

_LARGEST_INT = (1 << 63) - 1
# A call takes as long as this many operands.
_CALL_WEIGHT = 3
# A longer text costs more than a step to compare.
_SHORT_TEXT = 1024


class Expressions:
    """Compiles the expressions of one template. ``weight``: how many steps those take that were compiled."""

    def __init__(self, blame: Blame, functions: Mapping[str, Callee], *, missing_is_zero: bool) -> None:
        self.scope = Scope()
        self.weight = 0
        self._blame = blame
        self._functions = functions
        self._zero = missing_is_zero

    def pipeline(self, node: Pipeline) -> tuple[Run, Sequence[Store]]:
        """What evaluates a pipeline, its declarations included; and what sets its variables again."""
        first = self._command(node.commands[0], node)
        pairs = zip(node.commands, node.commands[1:], strict=False)
        stages = [self._stage(command, last(before)) for before, command in pairs]
        stores = [self._store(name, node) for name in node.variables]
        if not stages and not stores:
            return _nil_made_invalid(first), ()

        def run(frame: Frame, dot: Value) -> Value:
            value = first(frame, dot)
            for stage in stages:
                value = stage(frame, dot, INVALID if value is None else value)
            if value is None:
                value = INVALID
            for store in stores:
                store(frame, value)
            return value

        return run, stores

    def value(self, node: Pipeline) -> Run:
        """What evaluates a pipeline."""
        return self.pipeline(node)[0]

    def _store(self, name: str, node: Pipeline) -> Store:
        if not node.assigns:
            try:
                return _setter(self.scope.declare(name))
            except OverBudget as error:
                raise self._blame.placed(error, node) from error
        places = self.scope.find(name)

        def assign(frame: Frame, value: Value) -> None:
            for place in places:
                if place.certain or place.index in frame.happened:
                    frame.variables[place.index] = value
                    return
            raise self._blame.error(last(node), f"undefined variable: {name}")

        return assign

    def _command(self, node: Command, pipeline: Pipeline) -> Run:
        head, *arguments = node.operands
        if isinstance(head, Function):
            return self._call(head, arguments, node)
        if not arguments:
            return refused(self._blame, head, "nil is not a command") if isinstance(head, Nil) else self._operand(head)
        if isinstance(head, Field | Chain) or (isinstance(head, Variable) and head.names):
            return self._with_arguments(head, len(arguments))
        return refused(self._blame, pipeline if isinstance(head, Pipeline) else head, _not_callable(head))

    def _stage(self, node: Command, before: Operand | Command) -> Stage:
        head, *arguments = node.operands
        if isinstance(head, Function):
            return self._piped_call(head, arguments, node)
        if isinstance(head, Field | Chain) or (isinstance(head, Variable) and head.names):
            run = self._with_arguments(head, len(node.operands))
        else:
            run = refused(self._blame, before if isinstance(head, Pipeline) else head, _not_callable(head))
        return lambda frame, dot, _: run(frame, dot)

    def _operand(self, node: Operand) -> Run:
        self.weight += 1
        match node:
            case Dot():
                return lambda _, dot: dot
            case Nil():
                return lambda _, __: INVALID
            case Literal():
                return self._literal(node)
            case Function():
                return self._call(node, [], node)
            case Pipeline():
                return self.value(node)
            case _:
                base, names, blamed = self._parts(node)
                return self._fields(base, names, blamed) if names else base

    def _literal(self, node: Literal) -> Run:
        value = node.value
        if type(value) is int and value > _LARGEST_INT:
            return refused(self._blame, node, f"{node.source} overflows int")
        return lambda _, __: value

    def _parts(self, node: Field | Variable | Chain) -> tuple[Run, tuple[str, ...], Operand | Command]:
        """What a chain of names hangs on, the names, and who is to blame when one of them is not there."""
        self.weight += len(node.names)
        if isinstance(node, Field):
            return _dot, node.names, node
        if isinstance(node, Variable):
            return self._variable(node), node.names, node
        return self._operand(node.base), node.names, last(node)

    def _variable(self, node: Variable) -> Run:
        places = self.scope.find(node.name)
        if places and places[0].certain:
            index = places[0].index
            return lambda frame, _: frame.variables[index]

        def run(frame: Frame, _: Value) -> Value:
            for place in places:
                if place.certain or place.index in frame.happened:
                    return frame.variables[place.index]
            raise self._blame.error(node, f"undefined variable: {node.name}")

        return run

    def _fields(self, base: Run, names: Sequence[str], blamed: Blamed) -> Run:
        zero, placed = self._zero, self._blame.placed

        def field(frame: Frame, dot: Value) -> Value:
            try:
                return lookup(dot, names[0], frame.budget, zero_missing=zero)
            except (CallError, TemplateError) as error:
                raise placed(error, blamed) from error

        def fields(frame: Frame, dot: Value) -> Value:
            value = base(frame, dot)
            try:
                for name in names:
                    value = lookup(value, name, frame.budget, zero_missing=zero)
            except (CallError, TemplateError) as error:
                raise placed(error, blamed) from error
            return value

        return field if base is _dot and len(names) == 1 else fields

    def _with_arguments(self, node: Field | Variable | Chain, count: int) -> Run:
        """A chain of names that is given arguments, which no field and no method here can take."""
        base, (*names, name), blamed = self._parts(node)
        receiver_of = self._fields(base, names, blamed)

        def run(frame: Frame, dot: Value) -> Value:
            receiver = receiver_of(frame, dot)
            try:
                lookup(receiver, name, frame.budget, zero_missing=self._zero)
            except (CallError, TemplateError) as error:
                raise self._blame.placed(error, blamed) from error
            if receiver is INVALID:
                return INVALID
            if has_method(receiver, name):
                raise self._blame.error(blamed, f"wrong number of args for {name}: want 0 got {count}")
            fault = "is not a method but has arguments"
            if not isinstance(receiver, dict):
                fault = "has arguments but cannot be invoked as function"
            raise self._blame.error(blamed, f"{name} {fault}")

        return run

    def _call(self, head: Function, arguments: Sequence[Operand], node: Function | Command) -> Run:
        self.weight += _CALL_WEIGHT
        callee = self._functions.get(head.name)
        if callee is None:  # a template may be compiled with fewer functions than it was parsed with
            return refused(self._blame, head, f"{quote(head.name)} is not a defined function")
        if head.name in {"and", "or"}:
            lazy = self._lazy(head, arguments, piped=False)
            return lambda frame, dot: lazy(frame, dot, INVALID)
        if fault := miscounted(head.name, callee, len(arguments), piped=False):
            return refused(self._blame, head, fault)
        runs = self._arguments(callee, arguments)
        invoke = invocation(self._blame, head.name, callee, node)
        if callee.call is equal_any and len(arguments) == 2 and isinstance(literal := arguments[1], Literal):
            text = literal.value
            if isinstance(text, str) and len(text) < _SHORT_TEXT:
                return equals_text(runs[0], text, invoke)
        return lambda frame, dot: invoke(frame, [run(frame, dot) for run in runs])

    def _piped_call(self, head: Function, arguments: Sequence[Operand], node: Command) -> Stage:
        """A call whose last argument is the value of the stage before it."""
        self.weight += _CALL_WEIGHT
        callee = self._functions.get(head.name)
        if callee is None:
            missing = self._call(head, arguments, node)
            return lambda frame, dot, _: missing(frame, dot)
        if head.name in {"and", "or"}:
            return self._lazy(head, arguments, piped=True)
        if fault := miscounted(head.name, callee, len(arguments), piped=True):
            failed = refused(self._blame, head, fault)
            return lambda frame, dot, _: failed(frame, dot)
        runs = self._arguments(callee, arguments)
        invoke = invocation(self._blame, head.name, callee, node)
        checks = len(arguments) in callee.texts
        blamed = last(arguments[-1]) if arguments else head

        def run(frame: Frame, dot: Value, piped: Value) -> Value:
            values = [run(frame, dot) for run in runs]
            if checks:
                check_text(self._blame, piped, blamed)
            return invoke(frame, [*values, piped])

        return run

    def _arguments(self, callee: Callee, arguments: Sequence[Operand]) -> list[Run]:
        runs = [self._operand(argument) for argument in arguments]
        for place in range(callee.texts.start, min(callee.texts.stop, len(runs))):
            runs[place] = text_argument(self._blame, runs[place], arguments[place])
        return runs

    def _lazy(self, head: Function, arguments: Sequence[Operand], *, piped: bool) -> Stage:
        """``and`` and ``or``: no argument is evaluated after the one that decides."""
        decides = head.name == "or"
        if not arguments and not piped:
            failed = refused(self._blame, head, f"wrong number of args for {head.name}: want at least 1 got 0")
            return lambda frame, dot, _: failed(frame, dot)
        first = self.scope.size
        with self.scope.lazy():
            runs = [self._operand(argument) for argument in arguments]
        declared = range(first, self.scope.size)

        def run(frame: Frame, dot: Value, piped_value: Value) -> Value:
            if declared:
                frame.happened.difference_update(declared)
            value = piped_value
            for run in runs:
                value = run(frame, dot)
                if truth(value) is decides:
                    return value
            return piped_value if piped else value

        return run


def _dot(_: Frame, dot: Value) -> Value:
    return dot


def _nil_made_invalid(command: Run) -> Run:
    def run(frame: Frame, dot: Value) -> Value:
        value = command(frame, dot)
        return INVALID if value is None else value

    return run


def _setter(place: Place) -> Store:
    index, certain = place.index, place.certain

    def declare(frame: Frame, value: Value) -> None:
        frame.variables[index] = value
        if not certain:
            frame.happened.add(index)

    return declare


def _not_callable(head: Operand) -> str:
    return f"can't give argument to non-function {spelled(head)}"
