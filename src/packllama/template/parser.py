"""A template's text in, its tree out.

Follows Ollama's template rules, "Grammar and parse-time rules": function names and variables are checked here, also
in branches that are never taken. Faults are told in Go's words.
"""

from collections.abc import Container

from packllama.base.errors import TemplateError
from packllama.base.white import WHITE
from packllama.goquote import quote
from packllama.template.lexer import Kind, Token
from packllama.template.nodes import Action, Break, Continue, If, Include, Node, Nodes, Range, Text, Tree, With
from packllama.template.pipelines import PipelineParser
from packllama.template.tokens import Tokens

# The longest published templates have some twenty thousand characters. What costs time is bounded by `Tokens`.
MAX_SOURCE = 1 << 20

_BRANCHES: dict[Kind, type[If | With | Range]] = {Kind.IF: If, Kind.WITH: With, Kind.RANGE: Range}
_JUMPS: dict[Kind, type[Break | Continue]] = {Kind.BREAK: Break, Kind.CONTINUE: Continue}
_TOO_DEEP = "blocks are nested too deeply"


def parse(source: str, *, functions: Container[str]) -> Tree:
    """The tree of a template's text. ``functions``: the names that it may call.

    Raises:
        TemplateError: ``template: :LINE: MESSAGE`` with Go's message; or the text is longer than `MAX_SOURCE`, has
            more than `MAX_TOKENS` pieces, or nests blocks and parentheses deeper than `MAX_NESTING`.
    """
    if len(source) > MAX_SOURCE:
        raise TemplateError(f"template: the text has {len(source)} characters, and at most {MAX_SOURCE} are parsed")
    tokens = Tokens(source)
    trees: dict[str, Nodes] = {}
    _Parser(tokens, functions, trees).whole()
    return Tree(source, trees.pop(""), trees)


class _Parser:
    """Reads the text of one template: the main one, or one that is defined within it."""

    def __init__(self, tokens: Tokens, functions: Container[str], trees: dict[str, Nodes]) -> None:
        self._tokens = tokens
        self._functions = functions
        self._trees = trees
        self._pipelines = PipelineParser(tokens, functions)
        self._ranges = 0

    def whole(self) -> None:
        """All of the text, as the template without a name."""
        nodes: list[Node] = []
        while (token := self._tokens.next()).kind is not Kind.END_OF_SOURCE:
            if token.kind is Kind.LEFT_DELIMITER and self._tokens.take(Kind.DEFINE):
                self._define()
                continue
            self._tokens.put_back(token)
            node = self._node()
            if isinstance(node, Token):
                self._tokens.fail(f"unexpected {{{{{node.text}}}}}")
            nodes.append(node)
        self._add("", tuple(nodes))

    def _define(self) -> None:
        inner = _Parser(self._tokens, self._functions, self._trees)
        name = inner._name("define clause", self._tokens.next_solid())
        self._tokens.expect(Kind.RIGHT_DELIMITER, "define clause")
        nodes, end = inner._nodes()
        if end.kind is not Kind.END:
            self._tokens.fail(f"unexpected {{{{{end.text}}}}} in define clause")
        self._add(name, nodes)

    def _add(self, name: str, nodes: Nodes) -> None:
        if name not in self._trees or _is_empty(self._trees[name]):
            self._trees[name] = nodes
        elif not _is_empty(nodes):
            self._tokens.fail(f"template: multiple definition of template {quote(name)}")

    def _nodes(self) -> tuple[Nodes, Token]:
        """Nodes up to an ``end`` or ``else``, and that."""
        self._tokens.enter(_TOO_DEEP)
        nodes: list[Node] = []
        while not isinstance(node := self._inner_node(), Token):
            nodes.append(node)
        self._tokens.leave()
        return tuple(nodes), node

    def _inner_node(self) -> Node | Token:
        if self._tokens.peek_solid().kind is Kind.END_OF_SOURCE:
            self._tokens.fail("unexpected EOF")
        return self._node()

    def _node(self) -> Node | Token:
        """A node, or the keyword ``end`` or ``else``."""
        token = self._tokens.next_solid()
        if token.kind is Kind.TEXT:
            return Text(token.text, token.at)
        if token.kind is not Kind.LEFT_DELIMITER:
            self._tokens.unexpected(token, "input")
        self._tokens.action_at = token.at
        node = self._action()
        self._tokens.action_at = -1
        return node

    def _action(self) -> Node | Token:
        token = self._tokens.next_solid()
        if token.kind in _BRANCHES:
            return self._branch(token)
        if token.kind in _JUMPS:
            return self._jump(token)
        if token.kind in {Kind.END, Kind.ELSE}:
            return self._close(token)
        if token.kind in {Kind.TEMPLATE, Kind.BLOCK}:
            return self._include(token)
        self._tokens.put_back(token)
        return Action(self._pipelines.pipeline("command", Kind.RIGHT_DELIMITER), token.at)

    def _close(self, keyword: Token) -> Token:
        if keyword.kind is Kind.END or self._tokens.peek_solid().kind not in {Kind.IF, Kind.WITH}:
            self._tokens.expect(Kind.RIGHT_DELIMITER, keyword.text)
        return keyword

    def _branch(self, keyword: Token) -> Node:
        mark = self._pipelines.mark()
        pipeline = self._pipelines.pipeline(keyword.text, Kind.RIGHT_DELIMITER)
        self._ranges += keyword.kind is Kind.RANGE
        body, end = self._nodes()
        self._ranges -= keyword.kind is Kind.RANGE
        otherwise = self._otherwise(keyword) if end.kind is Kind.ELSE else None
        self._pipelines.leave_block(mark)
        return _BRANCHES[keyword.kind](pipeline, body, otherwise, pipeline.at)

    def _otherwise(self, keyword: Token) -> Nodes:
        # `else if` and `else with` have left their second word in the queue, and share one `end`.
        if keyword.kind is not Kind.RANGE and self._tokens.take(keyword.kind):
            self._tokens.enter(_TOO_DEEP)
            chained = self._branch(keyword)
            self._tokens.leave()
            return (chained,)
        nodes, end = self._nodes()
        if end.kind is not Kind.END:
            self._tokens.fail(f"expected end; found {{{{{end.text}}}}}")
        return nodes

    def _jump(self, keyword: Token) -> Node:
        spelled = f"{{{{{keyword.text}}}}}"
        self._tokens.expect(Kind.RIGHT_DELIMITER, spelled)
        if not self._ranges:
            self._tokens.fail(f"{spelled} outside {{{{range}}}}")
        return _JUMPS[keyword.kind](keyword.at)

    def _include(self, keyword: Token) -> Include:
        context = f"{keyword.text} clause"
        token = self._tokens.next_solid()
        name = self._name(context, token)
        if keyword.kind is Kind.TEMPLATE and self._tokens.take(Kind.RIGHT_DELIMITER):
            return Include(name, None, token.at)
        pipeline = self._pipelines.pipeline(context, Kind.RIGHT_DELIMITER)
        if keyword.kind is Kind.BLOCK:
            self._block(name)
        return Include(name, pipeline, token.at)

    def _block(self, name: str) -> None:
        begun, self._tokens.action_at = self._tokens.last, -1
        nodes, end = _Parser(self._tokens, self._functions, self._trees)._nodes()
        if end.kind is not Kind.END:
            # Go blames the place where the block began.
            self._tokens.last = begun
            self._tokens.fail(f"unexpected {{{{{end.text}}}}} in block clause")
        self._add(name, nodes)

    def _name(self, context: str, token: Token) -> str:
        if token.kind is not Kind.STRING:
            self._tokens.unexpected(token, context)
        return str(self._pipelines.literal(token).value)


def _is_empty(nodes: Nodes) -> bool:
    return all(isinstance(node, Text) and not node.text.strip(WHITE) for node in nodes)
