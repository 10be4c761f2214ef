"""The parser of what stands inside an action: pipelines, commands, operands."""

from collections import Counter
from collections.abc import Callable, Container, Mapping

from packllama.goquote import quote
from packllama.template.lexer import Kind, Token
from packllama.template.literal import InvalidLiteral, code_point, unquoted
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
from packllama.template.number import complex_number, number
from packllama.template.tokens import Tokens

_LITERALS: Mapping[Kind, Callable[[str], bool | int | float | complex | str]] = {
    Kind.BOOL: lambda text: text == "true",
    Kind.CHARACTER: code_point,
    Kind.COMPLEX: complex_number,
    Kind.NUMBER: number,
    Kind.STRING: unquoted,
}
_TERMS = {*_LITERALS, Kind.DOT, Kind.NIL, Kind.FIELD, Kind.IDENTIFIER, Kind.VARIABLE, Kind.LEFT_PAREN}


class PipelineParser:
    """Reads the pipelines of one template, whose variables it knows."""

    def __init__(self, tokens: Tokens, functions: Container[str]) -> None:
        self._tokens = tokens
        self._functions = functions
        self._declared: list[str] = []
        self._visible = Counter(("$",))

    def mark(self) -> int:
        """Where a block begins; for `leave_block`."""
        return len(self._declared)

    def leave_block(self, mark: int) -> None:
        """Forget the variables of a block."""
        self._visible.subtract(self._declared[mark:])
        del self._declared[mark:]

    def pipeline(self, context: str, end: Kind) -> Pipeline:
        at = self._tokens.peek_solid().at
        variables, assigns = self._declaration(context)
        commands: list[Command] = []
        while (token := self._tokens.next_solid()).kind is not end:
            if token.kind not in _TERMS:
                self._tokens.unexpected(token, context)
            self._tokens.put_back(token)
            commands.append(self._command())
        if not commands:
            self._tokens.fail(f"missing value for {context}")
        for stage, command in enumerate(commands[1:], 2):
            if isinstance(command.operands[0], Literal | Dot | Nil):
                self._tokens.fail(f"non executable command in pipeline stage {stage}")
        return Pipeline(variables, assigns, tuple(commands), at)

    def _declaration(self, context: str) -> tuple[tuple[str, ...], bool]:
        """The variables before ``:=`` or ``=``, and whether it was ``=``."""
        variables: list[str] = []
        while (variable := self._tokens.next_solid()).kind is Kind.VARIABLE:
            after = self._tokens.next()
            mark = self._tokens.next() if after.kind is Kind.SPACE else after
            if mark.kind not in {Kind.ASSIGN, Kind.DECLARE} and mark.text != ",":
                self._tokens.put_back(*([after, mark] if after is not mark else [mark]))
                break
            variables.append(variable.text)
            self._declared.append(variable.text)
            self._visible[variable.text] += 1
            if mark.kind in {Kind.ASSIGN, Kind.DECLARE}:
                return tuple(variables), mark.kind is Kind.ASSIGN
            if context != "range" or len(variables) > 1:
                self._tokens.fail(f"too many declarations in {context}")
            if self._tokens.peek_solid().kind not in {Kind.VARIABLE, Kind.RIGHT_DELIMITER, Kind.RIGHT_PAREN}:
                self._tokens.fail("range can only initialize variables")
        self._tokens.put_back(variable)
        return tuple(variables), False

    def _command(self) -> Command:
        at = self._tokens.peek_solid().at
        operands: list[Operand] = []
        while True:
            if operand := self._operand():
                operands.append(operand)
            token = self._tokens.next()
            if token.kind is Kind.SPACE:
                continue
            if token.kind in {Kind.RIGHT_DELIMITER, Kind.RIGHT_PAREN}:
                self._tokens.put_back(token)
            elif token.kind is not Kind.PIPE:
                self._tokens.unexpected(token, "operand")
            return Command(tuple(operands), at)

    def _operand(self) -> Operand | None:
        token = self._tokens.next_solid()
        if token.kind not in _TERMS:
            self._tokens.put_back(token)
            return None
        term = self._term(token)
        first = self._tokens.peek()
        names = []
        while (field := self._tokens.next()).kind is Kind.FIELD:
            names.append(field.text[1:])
        self._tokens.put_back(field)
        if not names:
            return term
        if isinstance(term, Field):
            return Field((*term.names, *names), first.at)
        if isinstance(term, Variable):
            return Variable(term.name, tuple(names), first.at)
        if isinstance(term, Literal | Nil | Dot):
            self._tokens.fail(f"unexpected . after term {quote(token.text)}")
        return Chain(term, tuple(names), first.at)

    def _term(self, token: Token) -> Operand:
        if token.kind is Kind.FIELD:
            return Field((token.text[1:],), token.at)
        if token.kind is Kind.IDENTIFIER:
            if token.text not in self._functions:
                self._tokens.fail(f"function {quote(token.text)} not defined")
            return Function(token.text, token.at)
        if token.kind is Kind.VARIABLE:
            if not self._visible[token.text]:
                self._tokens.fail(f"undefined variable {quote(token.text)}")
            return Variable(token.text, (), token.at)
        if token.kind is Kind.LEFT_PAREN:
            self._tokens.enter("max expression depth exceeded")
            pipeline = self.pipeline("parenthesized pipeline", Kind.RIGHT_PAREN)
            self._tokens.leave()
            return pipeline
        if token.kind in {Kind.DOT, Kind.NIL}:
            return Dot(token.at) if token.kind is Kind.DOT else Nil(token.at)
        return self.literal(token)

    def literal(self, token: Token) -> Literal:
        try:
            return Literal(_LITERALS[token.kind](token.text), token.text, token.at)
        except InvalidLiteral as error:
            self._tokens.fail(str(error))
