"""Parts of a tree spelled out again, as Go's messages show them."""

from packllama.goquote import quote
from packllama.template.nodes import (
    Chain,
    Command,
    Dot,
    Field,
    Function,
    Include,
    Literal,
    Nil,
    Operand,
    Pipeline,
    Variable,
)


def spelled(node: Operand | Command | Include) -> str:  # noqa: PLR0911
    """A part of the tree in Go's spelling: one space between operands, and around ``|`` and ``:=``."""
    match node:
        case Dot():
            return "."
        case Nil():
            return "nil"
        case Literal():
            return node.source
        case Function():
            return node.name
        case Field():
            return "".join(f".{name}" for name in node.names)
        case Variable():
            return ".".join((node.name, *node.names))
        case Chain():
            return ".".join((_operand(node.base), *node.names))
        case Command():
            return " ".join(map(_operand, node.operands))
        case Pipeline():
            return _pipeline(node)
        case Include():
            return f"{{{{template {quote(node.name)}{f' {_pipeline(node.pipeline)}' if node.pipeline else ''}}}}}"


def _operand(node: Operand) -> str:
    return f"({_pipeline(node)})" if isinstance(node, Pipeline) else spelled(node)


def _pipeline(node: Pipeline) -> str:
    declared = f"{', '.join(node.variables)} {'=' if node.assigns else ':='} " if node.variables else ""
    return declared + " | ".join(map(spelled, node.commands))
