"""What a template mentions: its fields and variables, each with the place it stands in.

A template's *words* decide how it is rendered and what it can do. What stands inside or before a chain on a
parenthesis, ``(index .Messages 0).Content``, is not mentioned: Ollama does not look there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from packllama.base.errors import TemplateError
from packllama.template.nodes import (
    Action,
    Field,
    If,
    Include,
    Node,
    Nodes,
    Pipeline,
    Range,
    Tree,
    Variable,
    With,
    place,
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A field or variable, the body it stands in, and the fields that the nearest ``range`` mentions in its head."""

    operand: Field | Variable
    body: Nodes
    over: frozenset[str]


def words(tree: Tree) -> frozenset[str]:
    """Every name that a template and those it defines mention, in lower case.

    Raises:
        TemplateError: a ``{{template}}`` has no argument; Ollama accepts none.
    """
    found: set[str] = set()
    for nodes in (tree.main, *tree.defined.values()):
        for include in _includes_without_argument(nodes):
            line, column = place(tree.source, include.at)
            raise TemplateError(
                "undefined template specified",
                line=line,
                column=column,
                hint=f'Ollama wants an argument: {{{{template "{include.name}" .}}}}',
            )
        for mention in mentions(nodes):
            operand = mention.operand
            found.update(operand.names)
            if isinstance(operand, Variable):
                found.add(operand.name)
    return frozenset(word.lower() for word in found)


def mentions(nodes: Nodes, over: frozenset[str] = frozenset()) -> Iterator[Mention]:
    """The mentions in document order: a block's head, then its body, then its ``else``."""
    for node in nodes:
        operands = list(_operands(node))
        # A range's own head counts as inside it.
        inside = frozenset(first_names(operands)) if isinstance(node, Range) else over
        for operand in operands:
            yield Mention(operand, nodes, inside)
        for body in bodies(node):
            yield from mentions(body, inside)


def bodies(node: Node) -> Iterator[Nodes]:
    """The lists of nodes inside a node: a block's body and its ``else``."""
    if isinstance(node, If | With | Range):
        yield node.body
        if node.otherwise is not None:
            yield node.otherwise


def first_names(operands: list[Field | Variable]) -> Iterator[str]:
    """What each field begins with."""
    return (operand.names[0] for operand in operands if isinstance(operand, Field))


def _operands(node: Node) -> Iterator[Field | Variable]:
    if isinstance(node, Action | If | With | Range | Include) and node.pipeline is not None:
        yield from _of_pipeline(node.pipeline)


def _of_pipeline(pipeline: Pipeline) -> Iterator[Field | Variable]:
    for command in pipeline.commands:
        for operand in command.operands:
            if isinstance(operand, Field | Variable):
                yield operand
            elif isinstance(operand, Pipeline):
                yield from _of_pipeline(operand)


def _includes_without_argument(nodes: Nodes) -> Iterator[Include]:
    for node in nodes:
        if isinstance(node, Include) and node.pipeline is None:
            yield node
        for body in bodies(node):
            yield from _includes_without_argument(body)
