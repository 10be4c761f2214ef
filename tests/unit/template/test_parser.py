"""Trees of templates, and Go's words for what has none."""

import pytest

from packllama.base.errors import TemplateError
from packllama.template.blame import last
from packllama.template.nodes import (
    Action,
    Chain,
    Command,
    Field,
    If,
    Include,
    Literal,
    Operand,
    Pipeline,
    Text,
    Variable,
)
from packllama.template.parser import MAX_SOURCE, parse
from packllama.template.spelling import spelled
from packllama.template.tokens import MAX_NESTING

FUNCTIONS = {"print", "len"}


def _pipeline(inside: str) -> Pipeline:
    (node,) = parse(f"{{{{{inside}}}}}", functions=FUNCTIONS).main
    assert isinstance(node, Action)
    return node.pipeline


def _operand(inside: str) -> Operand:
    return _pipeline(inside).commands[0].operands[0]


def test_chains_of_names_belong_to_what_they_hang_on() -> None:
    assert _operand(".A.B") == Field(("A", "B"), 4)
    assert _operand("$.A") == Variable("$", ("A",), 3)
    chain = _operand("(.A).B.C")
    assert isinstance(chain, Chain)
    assert chain.names == ("B", "C")


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("true", True),
        ("'é'", 233),
        (r"'\xff'", 255),
        (r"'\''", 39),
        ("007", 7),
        ("0_7", 7),
        ("1_000", 1000),
        ("0b11", 3),
        ("0o17", 15),
        ("0x1e", 30),
        ("-0x1e", -30.0),
        ("1e3", 1000.0),
        ("0x1p4", 16.0),
        (".5", 0.5),
        ("2i", 2j),
        ("1+2i", 1 + 2j),
        ("18446744073709551615", 18446744073709551615),
        (r'"\xc3\xa9\377"', "é\udcff"),
        ('"\udcff"', "\ufffd"),
        (r'"\u00e9\U0001f600\t\""', 'é😀\t"'),
        ("`a\\n\r\n`", "a\\n\n"),
    ],
)
def test_literals(source: str, value: object) -> None:
    literal = _operand(source)
    assert isinstance(literal, Literal)
    assert (literal.value, type(literal.value)) == (value, type(value))


def test_else_if_is_an_if_in_the_else() -> None:
    (outer,) = parse("{{if .A}}1{{else if .B}}2{{else}}3{{end}}", functions=()).main
    assert isinstance(outer, If)
    (inner,) = outer.otherwise or ()
    assert isinstance(inner, If)
    assert inner.body == (Text("2", 24),)
    assert inner.otherwise == (Text("3", 33),)


def test_definitions_and_blocks() -> None:
    tree = parse('{{define "a"}}1{{end}}x{{block "b" .}}2{{end}}{{define "a"}} {{end}}', functions=())
    assert [type(node) for node in tree.main] == [Text, Include]
    assert {name: len(nodes) for name, nodes in tree.defined.items()} == {"a": 1, "b": 1}
    assert tree.defined["a"] == (Text("1", 14),)


def test_a_definition_without_a_name_is_the_main_template() -> None:
    assert parse(' {{define ""}}x{{end}} ', functions=()).main == (Text("x", 14),)


@pytest.mark.parametrize(
    "inside",
    ["print 1 .A.B (len $) | len", "$x := ($.A).B", 'print "a\\n" `b` nil true', "print (print).A 'x'"],
)
def test_spelled_as_it_was(inside: str) -> None:
    assert spelled(_pipeline(inside)) == inside


@pytest.mark.parametrize(
    ("inside", "expected"),
    [("print .A (len .B)", ".B"), ("print", "print"), (".A | len", "len"), ("(.A | print $).B", "$")],
)
def test_last_part_that_is_evaluated(inside: str, expected: str) -> None:
    assert spelled(last(_pipeline(inside))) == expected


@pytest.mark.parametrize(
    ("source", "fault", "line", "column"),
    [
        ("{{if .A}}x", "unexpected EOF", 1, 11),
        ("\n{{end}}", "unexpected {{end}}", 2, 6),
        ("{{nope}}", 'function "nope" not defined', 1, 3),
        ("{{$x}}", 'undefined variable "$x"', 1, 5),
        ("{{if $x := 1}}{{end}}{{$x}}", 'undefined variable "$x"', 1, 26),
        ("{{}}", "missing value for command", 1, 3),
        ("{{1 | 2}}", "non executable command in pipeline stage 2", 1, 8),
        ("{{range $a, $b, $c := .}}{{end}}", "too many declarations in range", 1, 15),
        ("{{range $a, 1}}{{end}}", "range can only initialize variables", 1, 13),
        ('{{"x".y}}', 'unexpected . after term "\\"x\\""', 1, 8),
        ("{{break}}", "{{break}} outside {{range}}", 1, 8),
        ("{{range .}}{{else}}{{continue}}{{end}}", "{{continue}} outside {{range}}", 1, 30),
        ("{{if .}}{{else}}{{else}}{{end}}", "expected end; found {{else}}", 1, 23),
        ('{{define "a"}}{{else}}{{end}}', "unexpected {{else}} in define clause", 1, 21),
        ('{{block "b" .}}\n{{else}}{{end}}', "unexpected {{else}} in block clause", 1, 14),
        ('{{define "t"}}a{{end}}{{define "t"}}b{{end}}', 'template: multiple definition of template "t"', 1, 43),
        ("{{template .A}}", 'unexpected ".A" in template clause', 1, 12),
        ('{{"\\q"}}', "invalid syntax", 1, 3),
        ("{{'ab'}}", "malformed character constant: 'ab'", 1, 3),
        ("{{''}}", "invalid syntax", 1, 3),
        (r"{{'\ud800'}}", "invalid syntax", 1, 3),
        ("{{089}}", 'integer overflow: "089"', 1, 3),
        ("{{1__0}}", 'illegal number syntax: "1__0"', 1, 3),
        ("{{1e999}}", 'illegal number syntax: "1e999"', 1, 3),
        ("{{.A\n-b}}", 'bad number syntax: "-b" in action started at :1', 2, 1),
        ("{{.A\n", "unclosed action started at :1", 2, 1),
        ("{{.A\n'", "unterminated character constant in action started at :1", 2, 1),
    ],
)
def test_faults(source: str, fault: str, line: int, column: int) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(source, functions=FUNCTIONS)
    assert caught.value.message.startswith(f"template: :{line}: {fault}")
    assert (caught.value.line, caught.value.column) == (line, column)


def test_nesting_has_a_limit() -> None:
    depth = MAX_NESTING
    parse("{{if .}}" * depth + "{{end}}" * depth, functions=())
    parse("{{" + "(" * depth + "1" + ")" * depth + "}}", functions=())
    with pytest.raises(TemplateError, match="blocks are nested too deeply"):
        parse("{{if .}}" * (depth + 1) + "{{end}}" * (depth + 1), functions=())
    with pytest.raises(TemplateError, match="max expression depth exceeded"):
        parse("{{" + "(" * (depth + 1) + "1" + ")" * (depth + 1) + "}}", functions=())


def test_length_has_a_limit() -> None:
    assert parse("x" * MAX_SOURCE, functions=()).main == (Text("x" * MAX_SOURCE, 0),)
    with pytest.raises(TemplateError, match="at most 1048576"):
        parse("x" * (MAX_SOURCE + 1), functions=())


def test_a_command_knows_its_place() -> None:
    assert _pipeline("print 1").commands == (Command(_pipeline("print 1").commands[0].operands, 2),)
