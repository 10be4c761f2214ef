"""The marks that a template puts around thinking and before tool calls, read off its tree.

Ollama finds the same marks in an answer again, and so tells thinking and calls from the rest.
"""

from packllama.base.white import WHITE
from packllama.template.nodes import Action, Field, If, Node, Nodes, Range, Text, With
from packllama.template.words import bodies, mentions

# Models that use no mark begin their calls with the object itself.
NO_TAG = "{"


def thinking_tags(main: Nodes) -> tuple[str, str]:
    """The texts before and after a message's ``.Thinking``; empty where there is none."""
    opening = closing = ""
    for mention in mentions(main):
        if isinstance(mention.operand, Field) and mention.operand.names[0] == "Thinking" and "Messages" in mention.over:
            opening = _trimmed(mention.body[0], opening)
            closing = _trimmed(mention.body[-1], closing)
    return opening, closing


def tool_tag(main: Nodes) -> str:
    """The text that begins a tool call: the first one in the first ``{{if .ToolCalls}}``."""
    calls = _if_tool_calls(main)
    text = _first_text(calls.body) if calls else ""
    return text.replace("\r\n", "\n").partition("{")[0].strip(WHITE) or NO_TAG


def _trimmed(node: Node, otherwise: str) -> str:
    return node.text.strip(WHITE) if isinstance(node, Text) else otherwise


def _if_tool_calls(nodes: Nodes) -> If | None:
    for node in nodes:
        if isinstance(node, If) and _asks_for_tool_calls(node):
            return node
        for body in bodies(node):
            if found := _if_tool_calls(body):
                return found
    return None


def _asks_for_tool_calls(node: If) -> bool:
    """Only direct arguments count, not those in parentheses."""
    operands = (operand for command in node.pipeline.commands for operand in command.operands)
    return any(isinstance(operand, Field) and "ToolCalls" in operand.names for operand in operands)


def _first_text(nodes: Nodes) -> str:
    """The first text that is not blank, down into the first block; empty if an action comes before it."""
    for node in nodes:
        if isinstance(node, Action):
            return ""
        if isinstance(node, Text) and node.text.strip(WHITE):
            return node.text
        if isinstance(node, If | With | Range):
            return next(filter(None, map(_first_text, bodies(node))), "")
    return ""
