"""Tokens of a template's source, and Go's words for what is none."""

import pytest

from packllama.template.lexer import Kind, Lexer, Token


def _tokens(source: str) -> list[Token]:
    lexer = Lexer(source)
    tokens = [lexer.next()]
    while tokens[-1].kind not in {Kind.END_OF_SOURCE, Kind.ERROR}:
        tokens.append(lexer.next())
    return tokens


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("a{{- /* c */ -}} b", ["a", "b"]),
        ("a \n{{/* }} */}} b", ["a \n", " b"]),
        (" {{- 1 -}} ", ["1"]),
        (" \t\r\n{{-\n1\n-}}\t", ["1"]),
        ("\v{{- 1 -}}\xa0", ["\v", "1", "\xa0"]),
        ("}}{ {{{{1}}}", ["}}{ ", "1", "}"]),
        ("{{-3}}", ["-3"]),
        ("{{- -3}}", ["-3"]),
    ],
)
def test_texts_are_trimmed(source: str, texts: list[str]) -> None:
    silent = {Kind.LEFT_DELIMITER, Kind.RIGHT_DELIMITER, Kind.END_OF_SOURCE, Kind.SPACE, Kind.ERROR, Kind.OTHER}
    assert [token.text for token in _tokens(source) if token.kind not in silent] == texts


@pytest.mark.parametrize(
    ("inside", "kinds"),
    [
        (".A.B", [Kind.FIELD, Kind.FIELD]),
        ("$.A", [Kind.VARIABLE, Kind.FIELD]),
        ("$1|é_٣", [Kind.VARIABLE, Kind.PIPE, Kind.IDENTIFIER]),
        ("$x:=.", [Kind.VARIABLE, Kind.DECLARE, Kind.DOT]),
        ("nil true ifx if", [Kind.NIL, Kind.BOOL, Kind.IDENTIFIER, Kind.IF]),
        ("0x1F 1.5 .5 1+2i 'a'", [Kind.NUMBER, Kind.NUMBER, Kind.NUMBER, Kind.COMPLEX, Kind.CHARACTER]),
        (r'"a\"b" `c}}`', [Kind.STRING, Kind.STRING]),
        ("(,)", [Kind.LEFT_PAREN, Kind.OTHER, Kind.RIGHT_PAREN]),
    ],
)
def test_kinds(inside: str, kinds: list[Kind]) -> None:
    between = _tokens(f"{{{{{inside}}}}}")[1:-2]
    assert [token.kind for token in between if token.kind is not Kind.SPACE] == kinds


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("{{", "unclosed action"),
        ("{{.a-b}}", "bad character U+002D '-'"),
        ("{{a²}}", "bad character U+00B2 '²'"),
        ("{{\xa0}}", "unrecognized character in action: U+00A0"),
        ("{{\udcff}}", "unrecognized character in action: U+FFFD '�'"),
        ("{{(1}}", "unclosed left paren"),
        ("{{1)}}", "unexpected right paren"),
        ("{{1a}}", 'bad number syntax: "1a"'),
        ("{{1+2}}", 'bad number syntax: "1+2"'),
        ("{{'a}}", "unterminated character constant"),
        ('{{"a\n"}}', "unterminated quoted string"),
        ("{{`a", "unterminated raw quoted string"),
        ("{{: 1}}", "expected :="),
        ("{{/* a", "unclosed comment"),
        ("{{/* a */ }}", "comment ends before closing delimiter"),
    ],
)
def test_faults(source: str, fault: str) -> None:
    last = _tokens(source)[-1]
    assert (last.kind, last.text) == (Kind.ERROR, fault)


@pytest.mark.parametrize(
    ("token", "named"),
    [
        (Token(Kind.END_OF_SOURCE, "", 0), "EOF"),
        (Token(Kind.IF, "if", 0), "<if>"),
        (Token(Kind.DOT, ".", 0), "<.>"),
        (Token(Kind.FIELD, ".A", 0), '".A"'),
        (Token(Kind.TEXT, "more than ten", 0), '"more than "...'),
    ],
)
def test_names_in_messages(token: Token, named: str) -> None:
    assert str(token) == named
