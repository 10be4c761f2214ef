"""What a Go template mentions, found by scanning it: its words, and the marks around a message's thinking.

Follows Ollama's template rules B.2 and B.10. A scan, not a parse: what a parser would refuse is read as far as it
makes sense, in time linear in the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_STOP = re.compile(r"""["'`]|\}\}""")
_STRINGS = {
    '"': re.compile(r'"(?:\\.|[^"\\\n])*"'),
    "'": re.compile(r"'(?:\\.|[^'\\\n])*'"),
    "`": re.compile(r"`[^`]*`"),
}
_DECLARED = re.compile(r"(?:(?:else\s+)?(?:if|with|range)\s+)?\$\w*\s*(?:,\s*\$\w*\s*)?:?=(?!=)")
_OPERAND = re.compile(r"(?P<head>\$\w*|\w+)?(?P<fields>(?:\.[^\W\d]\w*)*)")
_OPENERS = {"if", "with", "range", "define", "block"}


@dataclass(frozen=True, slots=True)
class _Action:
    """What stands between braces, without the texts of its strings."""

    code: str

    @property
    def keyword(self) -> str:
        words = self.code.split(maxsplit=1)
        return words[0] if words else ""

    def operands(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Head (empty, or a variable) and fields of each; functions, and chains on them or on parentheses, are none."""
        code = _without_chains(_DECLARED.sub(" ", self.code, count=1))
        for match in _OPERAND.finditer(code):
            head = match["head"] or ""
            if match.group() and (not head or head.startswith("$")):
                yield head, tuple(match["fields"].split(".")[1:])

    def begins_with(self, name: str) -> bool:
        """Whether an operand is ``.name`` or begins so."""
        return any(not head and fields[0] == name for head, fields in self.operands())


def template_words(template: str) -> frozenset[str]:
    """The fields and variables that a template mentions, in lower case."""
    words: set[str] = set()
    for node in _nodes(template):
        if isinstance(node, _Action):
            for head, fields in node.operands():
                words.update(word.lower() for word in (head, *fields) if word)
    return frozenset(words)


@dataclass(slots=True)
class _Block:
    """An open block. ``nodes`` are those of its current body: a text, or None for anything else."""

    keyword: str
    over_messages: bool = False
    nodes: list[str | None] = field(default_factory=list)


def thinking_tags(template: str) -> tuple[str, str]:
    """The texts before and after a message's ``.Thinking``; empty where there is none."""
    blocks = [_Block("define")]
    found: list[list[str | None]] = []
    for node in _nodes(template):
        if isinstance(node, str):
            blocks[-1].nodes.append(node)
        else:
            _take(node, blocks, found)
    opening = closing = ""
    for nodes in found:
        opening = nodes[0].strip() if nodes[0] is not None else opening
        closing = nodes[-1].strip() if nodes[-1] is not None else closing
    return opening, closing


def _take(action: _Action, blocks: list[_Block], found: list[list[str | None]]) -> None:
    """Follow the block structure, and note the body that a ``.Thinking`` stands in."""
    keyword = action.keyword
    if keyword == "end":
        if len(blocks) > 1:
            blocks.pop()
        return
    if keyword == "else":
        blocks[-1].nodes = []
        if action.code == "else":
            return
    blocks[-1].nodes.append(None)
    if action.begins_with("Thinking") and _in_messages(blocks):
        found.append(blocks[-1].nodes)
    if keyword == "else":
        blocks[-1].nodes = []
    elif keyword in _OPENERS:
        blocks.append(_Block(keyword, over_messages=action.begins_with("Messages")))


def _in_messages(blocks: list[_Block]) -> bool:
    """Whether the nearest range, within the same template, goes over the messages."""
    for block in reversed(blocks):
        if block.keyword in {"range", "define", "block"}:
            return block.keyword == "range" and block.over_messages
    return False


def _nodes(template: str) -> Iterator[str | _Action]:
    """Texts and actions in order; comments and empty texts are left out."""
    position, trim_left = 0, False
    while True:
        start = template.find("{{", position)
        text = template[position:] if start < 0 else template[position:start]
        text = text.lstrip() if trim_left else text
        if start >= 0 and re.match(r"-\s", template[start + 2 : start + 4]):
            text = text.rstrip()
        if text:
            yield text
        end = -1 if start < 0 else _end(template, start + 2)
        if end < 0:
            return
        inner = template[start + 2 : end]
        trim_left = bool(re.search(r"\s-$", inner[-2:]))
        code = inner.removeprefix("-").removesuffix("-" if trim_left else "").strip()
        if not code.startswith("/*"):
            yield _Action(_without_strings(code))
        position = end + 2


def _end(template: str, start: int) -> int:
    """Where the action that begins at ``start`` ends; -1 if it does not."""
    if re.match(r"(?:-\s+)?/\*", template[start : start + 64]):
        closed = template.find("*/", start)
        return -1 if closed < 0 else template.find("}}", closed)
    position = start
    while stop := _STOP.search(template, position):
        if stop.group() == "}}":
            return stop.start()
        string = _STRINGS[stop.group()].match(template, stop.start())
        if string is None:
            return -1
        position = string.end()
    return -1


def _without_strings(code: str) -> str:
    return re.sub("|".join(pattern.pattern for pattern in _STRINGS.values()), '""', code)


def _without_chains(code: str) -> str:
    """``(index .Messages 0).Content`` counts neither inside nor after: leave such parentheses out."""
    opened: list[int] = []
    kept: list[str] = []
    for position, character in enumerate(code):
        kept.append(character)
        if character == "(":
            opened.append(len(kept) - 1)
        elif character == ")" and opened:
            begin = opened.pop()
            if code[position + 1 : position + 2] == ".":
                # A name in its place makes what follows the chain of a function.
                kept[begin:] = ["x"]
    return "".join(kept)
