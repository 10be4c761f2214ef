"""A template up to its ``.Response``: what remains to be written when an answer is about to begin.

Templates without messages are rendered turn by turn, and their last turn stops where the model goes on. Ollama
looks for the first field that mentions ``Response``, in actions only, and deletes whatever comes after it.
"""

from collections.abc import Sequence
from dataclasses import replace

from packllama.base.errors import TemplateError
from packllama.template.nodes import (
    Action,
    Command,
    Field,
    If,
    Node,
    Nodes,
    Operand,
    Pipeline,
    Range,
    Tree,
    With,
    place,
)


def cut(tree: Tree) -> Tree:
    """The main template without what comes after the first ``.Response``, and without the templates it defines.

    Raises:
        TemplateError: an ``else`` would have to go; there Ollama crashes.
    """
    try:
        return Tree(tree.source, _cut_nodes(tree.main)[0], {})
    except _ElseLeftOverError as error:
        line, column = place(tree.source, error.args[0])
        raise TemplateError(
            "template: .Response stands in a block that has an else, and Ollama crashes on that",
            line=line,
            column=column,
            hint="Write the block once more for the other case: {{if not …}}…{{end}}.",
        ) from None


class _ElseLeftOverError(Exception):
    """The place of the block that has one."""


# Each of these returns what is kept, and whether the end was reached in it.


def _cut_nodes(nodes: Nodes) -> tuple[Nodes, bool]:
    kept: list[Node] = []
    for node in nodes:
        rest, ended = _cut_node(node)
        if rest is not None:
            kept.append(rest)
        if ended:
            return tuple(kept), True
    return tuple(kept), False


def _cut_node(node: Node) -> tuple[Node | None, bool]:
    if isinstance(node, Action):
        pipeline, ended = _cut_pipeline(node.pipeline)
        return (replace(node, pipeline=pipeline) if pipeline else None), ended
    if isinstance(node, If | With | Range):
        body, ended = _cut_nodes(node.body)
        if node.otherwise is None:
            return replace(node, body=body), ended
        if ended:
            raise _ElseLeftOverError(node.at)
        otherwise, ended = _cut_nodes(node.otherwise)
        return replace(node, body=body, otherwise=otherwise), ended
    return node, False


def _cut_pipeline(pipeline: Pipeline) -> tuple[Pipeline | None, bool]:
    """A pipeline that loses all of a command is lost as a whole."""
    commands: list[Command] = []
    ended = False
    for command in pipeline.commands:
        operands, ended = _cut_operands(command.operands, ended=ended)
        if not operands:
            return None, True
        commands.append(replace(command, operands=operands))
    return replace(pipeline, commands=tuple(commands)), ended


def _cut_operands(operands: Sequence[Operand], *, ended: bool) -> tuple[tuple[Operand, ...], bool]:
    """``ended``: before these. Where several ``.Response`` stand in one action, Ollama deletes none of them."""
    kept: list[Operand] = []
    for operand in operands:
        if isinstance(operand, Field) and "Response" in operand.names:
            kept.append(operand)
            ended = True
        elif not ended:
            rest, ended = _cut_pipeline(operand) if isinstance(operand, Pipeline) else (operand, False)
            if rest is not None:
                kept.append(rest)
    return tuple(kept), ended
