"""A template's tree made into closures that run it: compiled once, run for every prompt.

Follows Ollama's template rules, "Execution of actions". A body accounts for all its nodes before it runs, so that no
loop is free, not even an empty one.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from packllama.base.errors import TemplateError
from packllama.template.blame import Blame, Blamed, last
from packllama.template.budget import MAX_DEPTH, Budget, OverBudget
from packllama.template.expressions import Expressions
from packllama.template.formatting import account, joined
from packllama.template.frame import Frame
from packllama.template.functions import Function
from packllama.template.nodes import Action, Break, Dot, If, Include, Node, Nodes, Range, Text, Tree, With
from packllama.template.printing import printed, sprint
from packllama.template.values import INVALID, CallError, Value, iterate, truth

_Do: TypeAlias = Callable[[Frame, Value], None]


class _BreakRange(Exception):
    """``{{break}}``"""


class _ContinueRange(Exception):
    """``{{continue}}``"""


@dataclass(slots=True)
class _Template:
    """One of the templates of a text, ready to run. ``size``: how many variables it declares."""

    body: _Do
    size: int


@dataclass(frozen=True, slots=True)
class Program:
    """A template that can be run, any number of times."""

    _main: _Template

    def run(self, root: Value, budget: Budget) -> str:
        """What the template writes for its data.

        Raises:
            TemplateError: ``template: :LINE:COLUMN: executing "" at <NODE>: MESSAGE`` with Go's message.
        """
        pieces: list[str] = []
        dot = INVALID if root is None else root
        try:
            self._main.body(Frame(dot, self._main.size, pieces.append, budget, 0), dot)
        except RecursionError as error:  # the caller has left us too little of Python's stack
            raise OverBudget("the template nests too deeply") from error
        return joined(pieces)


def compile_tree(tree: Tree, functions: Mapping[str, Function], *, missing_is_zero: bool) -> Program:
    """A program from a tree. ``missing_is_zero``: Ollama's normal option for keys that a map lacks.

    Raises:
        TemplateError: a template declares too many variables.
    """
    templates: dict[str, _Template] = {}
    for name, nodes in {**tree.defined, "": tree.main}.items():
        blame = Blame(tree.source, name)
        compiler = _Compiler(blame, Expressions(blame, functions, missing_is_zero=missing_is_zero), templates)
        body = compiler.body(nodes, Dot(0))
        templates[name] = _Template(body, compiler.size)
    return Program(templates[""])


class _Compiler:
    """Compiles one template. ``templates`` are all of them, some of which may not be there yet."""

    def __init__(self, blame: Blame, expressions: Expressions, templates: Mapping[str, _Template]) -> None:
        self._blame = blame
        self._expressions = expressions
        self._templates = templates
        self._level = 0

    @property
    def size(self) -> int:
        return self._expressions.scope.size

    def body(self, nodes: Nodes, owner: Blamed) -> _Do:
        """What runs nodes one after the other; ``owner`` is to blame when that is too much."""
        # Going round a loop takes as long as two operands.
        outer, self._expressions.weight = self._expressions.weight, 2
        self._level += 1
        runs = [self._node(node) for node in nodes]
        self._level -= 1
        weight, self._expressions.weight = self._expressions.weight + len(runs), outer
        placed = self._blame.placed

        def run(frame: Frame, dot: Value) -> None:
            try:
                frame.budget.step(weight)
            except OverBudget as error:
                raise placed(error, owner) from error
            for node in runs:
                node(frame, dot)

        return run

    def _node(self, node: Node) -> _Do:
        match node:
            case Text():
                return self._text(node)
            case Action():
                return self._action(node)
            case If() | With():
                with self._expressions.scope.block():
                    return self._if_or_with(node)
            case Range():
                with self._expressions.scope.block():
                    return self._range(node)
            case Include():
                return self._include(node)
        return _jump(_BreakRange if isinstance(node, Break) else _ContinueRange)

    def _text(self, node: Text) -> _Do:
        text, placed = node.text, self._blame.placed

        def run(frame: Frame, _: Value) -> None:
            try:
                account(text, frame.budget)
            except OverBudget as error:
                raise placed(error, Dot(node.at)) from error
            frame.write(text)

        return run

    def _action(self, node: Action) -> _Do:
        value_of, placed, pipeline = self._expressions.value(node.pipeline), self._blame.placed, node.pipeline
        if pipeline.variables:

            def declare(frame: Frame, dot: Value) -> None:
                value_of(frame, dot)

            return declare

        def run(frame: Frame, dot: Value) -> None:
            value = value_of(frame, dot)
            try:
                text = printed(value, frame.budget)
                account(text, frame.budget)
            except (CallError, TemplateError) as error:
                raise placed(error, pipeline) from error
            frame.write(text)

        return run

    def _branch(self, nodes: Nodes | None, owner: Blamed) -> _Do:
        """A body with variables of its own; the other branch does not see them."""
        with self._expressions.scope.block():
            return self.body(nodes, owner) if nodes is not None else _nothing

    def _if_or_with(self, node: If | With) -> _Do:
        test = self._expressions.value(node.pipeline)
        body = self._branch(node.body, node.pipeline)
        otherwise = self._branch(node.otherwise, node.pipeline)
        sets_dot = isinstance(node, With)

        def run(frame: Frame, dot: Value) -> None:
            value = test(frame, dot)
            if truth(value):
                body(frame, value if sets_dot else dot)
            else:
                otherwise(frame, dot)

        return run

    def _range(self, node: Range) -> _Do:
        collection, stores = self._expressions.pipeline(node.pipeline)
        body = self._branch(node.body, node.pipeline)
        otherwise = self._branch(node.otherwise, node.pipeline)
        blame, blamed = self._blame, last(node.pipeline)

        def run(frame: Frame, dot: Value) -> None:
            value = collection(frame, dot)
            try:
                pairs = iterate(value, frame.budget, two=len(stores) == 2)
                if pairs is None:
                    raise blame.error(blamed, f"range can't iterate over {sprint([value], frame.budget)}")
            except (CallError, TemplateError) as error:
                raise blame.placed(error, blamed) from error
            empty = True
            with suppress(_BreakRange):
                for pair in pairs:
                    empty = False
                    # One variable is the element; of two the first is its index or key.
                    for store, part in zip(stores, pair[2 - len(stores) :], strict=True):
                        store(frame, part)
                    try:
                        body(frame, pair[1])
                    except _ContinueRange:
                        continue
                if empty:
                    otherwise(frame, dot)

        return run

    def _include(self, node: Include) -> _Do:
        value_of = self._expressions.value(node.pipeline) if node.pipeline else _invalid
        templates, blame, level = self._templates, self._blame, self._level

        def run(frame: Frame, dot: Value) -> None:
            template = templates.get(node.name)
            if not template:
                raise blame.error(node, f'template "{node.name}" not defined')
            if frame.level + level > MAX_DEPTH:
                raise blame.placed(OverBudget(f"exceeded maximum template depth ({MAX_DEPTH})"), node)
            value = value_of(frame, dot)
            template.body(Frame(value, template.size, frame.write, frame.budget, frame.level + level), value)

        return run


def _nothing(_: Frame, __: Value) -> None:
    pass


def _invalid(_: Frame, __: Value) -> Value:
    return INVALID


def _jump(kind: type[Exception]) -> _Do:
    def run(_: Frame, __: Value) -> None:
        raise kind

    return run
