"""The queue between lexer and parser."""

from typing import NoReturn

from packllama.base.errors import TemplateError
from packllama.template.lexer import Kind, Lexer, Token
from packllama.template.nodes import place

# Parentheses and blocks inside each other. People write five; each costs four frames of Python's stack of a thousand,
# of which the caller has used some already.
MAX_NESTING = 100


# The longest published templates have some five thousand; five times as many are parsed in a quarter of a second.
MAX_TOKENS = 25_000
# Go shows the whole of a faulty number, however long.
_LONGEST_MESSAGE = 500


class Tokens:
    """A source's tokens, with those that were taken and put back; and what all parts of a parser count together.

    ``last`` is the token that the lexer gave last: what Go blames for a fault. ``action_at`` is where the action that
    is being read begins, or -1.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.last = Token(Kind.TEXT, "", 0)
        self.action_at = -1
        self._lexer = Lexer(source)
        self._returned: list[Token] = []
        self._nesting = 0
        self._left = MAX_TOKENS

    def next(self) -> Token:
        if self._returned:
            return self._returned.pop()
        self._left -= 1
        if not self._left:
            self.fail(f"the text has more than {MAX_TOKENS} pieces")
        self.last = self._lexer.next()
        return self.last

    def next_solid(self) -> Token:
        """The next token that is not a space."""
        token = self.next()
        return self.next() if token.kind is Kind.SPACE else token

    def put_back(self, *tokens: Token) -> None:
        self._returned += reversed(tokens)

    def peek(self) -> Token:
        token = self.next()
        self._returned.append(token)
        return token

    def peek_solid(self) -> Token:
        token = self.next_solid()
        self._returned.append(token)
        return token

    def take(self, kind: Kind) -> bool:
        """Take the next token that is not a space if it is of that kind."""
        token = self.next_solid()
        if token.kind is not kind:
            self._returned.append(token)
        return token.kind is kind

    def expect(self, kind: Kind, context: str) -> None:
        if not self.take(kind):
            self.unexpected(self.next(), context)

    def enter(self, fault: str) -> None:
        """One level deeper; it fails where the text nests too deeply."""
        if self._nesting == MAX_NESTING:
            self.fail(fault)
        self._nesting += 1

    def leave(self) -> None:
        self._nesting -= 1

    def unexpected(self, token: Token, context: str) -> NoReturn:
        if token.kind is not Kind.ERROR:
            self.fail(f"unexpected {token} in {context}")
        begun = place(self.source, max(self.action_at, 0))[0]
        if self.action_at < 0 or begun == place(self.source, token.at)[0]:
            self.fail(token.text)
        among = "" if token.text.endswith(" action") else " in action"
        self.fail(f"{token.text}{among} started at :{begun}")

    def fail(self, message: str) -> NoReturn:
        line, column = place(self.source, self.last.at)
        raise TemplateError(f"template: :{line}: {message[:_LONGEST_MESSAGE]}", line=line, column=column)
