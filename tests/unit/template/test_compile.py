"""What compiled templates write, and how they fail; as real Go does, which gave the expectations."""

import inspect
import sys

import pytest

from packllama.base.errors import TemplateError
from packllama.template.budget import Budget, OverBudget
from packllama.template.compile import compile_tree
from packllama.template.frame import MAX_VARIABLES
from packllama.template.functions import FUNCTIONS
from packllama.template.parser import parse
from packllama.template.values import Value

DATA: Value = {
    "A": "alpha",
    "B": True,
    "N": 3,
    "L": ["x", "y", "z"],
    "E": [],
    "M": {"b": 2, "a": 1},
    "Nil": None,
    "Nils": [None],
    "Deep": {"X": {"Y": "deep"}},
}


def _run(source: str, data: Value = DATA, *, missing_is_zero: bool = True) -> str:
    program = compile_tree(parse(source, functions=FUNCTIONS), FUNCTIONS, missing_is_zero=missing_is_zero)
    return program.run(data, Budget())


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("{{.Deep.X.Y}} {{(.Deep).X.Y}} {{$.Deep.X.Y}}", "deep deep deep"),
        ("{{.Missing}} {{.Nil}} {{(.Missing).X}}", "<no value> <no value> <no value>"),
        ("{{if .E}}1{{else if .B}}2{{else}}3{{end}}", "2"),
        ("{{with .A}}{{.}}{{end}}{{with .E}}x{{else}}{{.A}}{{end}}", "alphaalpha"),
        ("{{with $x := .A}}{{$x}}{{end}}", "alpha"),
        ("{{.A | printf `%s-%s` .N | len}}", "16"),
        ("{{print print}}|{{print nil}}", "|<nil>"),
        ('{{eq .A "alpha"}} {{eq .N 3}} {{eq .A "x" "alpha"}} {{eq .Missing "x"}}', "true true true false"),
    ],
)
def test_values(source: str, written: str) -> None:
    assert _run(source) == written


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("{{range .L}}{{.}},{{end}}", "x,y,z,"),
        ("{{range $x := .L}}{{$x}}{{end}}", "xyz"),
        ("{{range $i, $x := .L}}{{$i}}{{$x}}{{end}}", "0x1y2z"),
        ("{{range $k, $v := .M}}{{$k}}{{$v}}{{end}}", "a1b2"),
        ("{{range .N}}{{.}}{{end}}{{range 0}}x{{else}}none{{end}}", "012none"),
        ("{{range .Nil}}x{{else}}{{.A}}{{end}}", "alpha"),
        ("{{range $x := .E}}{{else}}{{$x}}{{end}}", "[]"),
        ("{{$x := 0}}{{$i := 0}}{{range $i, $x = .L}}{{end}}{{$i}}{{$x}}", "2z"),
        ("{{$x := 0}}{{range $x = .E}}{{end}}{{$x}}", "[]"),
        ("{{range .L}}{{if eq . `y`}}{{continue}}{{end}}{{.}}{{end}}", "xz"),
        ("{{range .L}}{{if eq . `y`}}{{break}}{{end}}{{.}}{{end}}", "x"),
        ("{{range .L}}{{range $.E}}{{else}}{{break}}{{end}}{{.}}{{end}}", "xyz"),
        ("{{range .L}}{{range $.E}}{{else}}{{continue}}{{end}}{{.}}{{end}}", ""),
    ],
)
def test_ranges(source: str, written: str) -> None:
    assert _run(source) == written


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("{{$x := 1}}{{if .B}}{{$x = 2}}{{end}}{{$x}}", "2"),
        ("{{$x := 1}}{{if .B}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"),
        ("{{$x := 1}}{{if .B}}{{$x = 2}}{{$x := 3}}{{end}}{{$x}}", "2"),
        ("{{$x := 1}}{{if .E}}{{$x := 2}}{{else}}{{$x}}{{end}}", "1"),
        ("{{$x := 1}}{{with $x := 2}}{{$x = 3}}{{end}}{{$x}}", "1"),
        ("{{print ($x := 1) $x}}{{$x}}", "1 11"),
        ("{{$x := ($x := 1)}}{{$x}}", "1"),
        ("{{$x := 1}}{{and false ($x := 2)}}{{$x}}", "false1"),
        ("{{$x := 1}}{{and true ($x := 2)}}{{$x}}", "22"),
        ("{{$x := 1}}{{range .L}}{{and (eq . `y`) ($x := 2)}}{{$x}} {{end}}", "false1 22 false1 "),
        ("{{$x := 1}}{{or 0 ($x := 2)}}{{$x = 3}}{{$x}}", "23"),
        ("{{$ = 5}}{{$}}", "5"),
        ("{{$ := 5}}{{$}}{{.N}}", "53"),
        ('{{template "t" $x := .A}}{{$x}}{{define "t"}}{{$}}{{end}}', "alphaalpha"),
    ],
)
def test_variables(source: str, written: str) -> None:
    assert _run(source) == written


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ('{{define "t"}}<{{.}}{{$}}>{{end}}{{template "t" .A}}', "<alphaalpha>"),
        ('{{define "t"}}<{{.}}>{{end}}{{template "t"}}', "<<no value>>"),
        ('{{block "b" .N}}<{{.}}>{{end}}{{template "b" 4}}', "<3><4>"),
        ('{{define "t"}}{{if .}}{{len .}} {{template "t" (slice . 1)}}{{end}}{{end}}{{template "t" .L}}', "3 2 1 "),
        ('{{if eq . "stop"}}.{{else}}{{template "" "stop"}}!{{end}}', ".!"),
    ],
)
def test_templates_call_templates(source: str, written: str) -> None:
    assert _run(source, "go" if "stop" in source else DATA) == written


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("{{and 1 0 (index $.L 99)}} {{or 0 2 (index $.L 99)}}", "0 2"),
        ("{{.N | and 1}} {{.N | or 0}} {{.N | or 7}}", "3 3 7"),
        ("{{and 1 .Nil}}", "<no value>"),
    ],
)
def test_and_or_stop_early(source: str, written: str) -> None:
    assert _run(source) == written


def test_halves_of_a_character_become_one() -> None:
    assert _run('{{slice "é" 0 1}}{{slice "é" 1}}') == "é"


def test_missing_keys_may_be_invalid_instead_of_nil() -> None:
    assert _run("{{.Missing.X}}", missing_is_zero=False) == "<no value>"


@pytest.mark.parametrize(
    ("source", "place", "fault"),
    [
        ("{{.Nil.Foo}}", '1:6: executing "" at <.Nil.Foo>', "nil pointer evaluating interface {}.Foo"),
        ("{{.Missing.Foo}}", '1:10: executing "" at <.Missing.Foo>', "nil pointer evaluating interface {}.Foo"),
        ("{{range .Nils}}{{.X}}{{end}}", '1:17: executing "" at <.X>', "nil pointer evaluating interface {}.X"),
        ("é\né{{.A.B}}", '2:6: executing "" at <.A.B>', "can't evaluate field B in type interface {}"),
        ("{{(.A | print).B.C}}", '1:8: executing "" at <print>', "can't evaluate field B in type "),
        ('{{define "t"}}{{len 3}}{{end}}{{template "t"}}', '1:16: executing "t" at <len 3>', "error calling len: "),
        ("{{len}}", '1:2: executing "" at <len>', "wrong number of args for len: want 1 got 0"),
        ("{{1 | len 2}}", '1:6: executing "" at <len>', "wrong number of args for len: want 1 got 2"),
        ("{{or}}", '1:2: executing "" at <or>', "wrong number of args for or: want at least 1 got 0"),
        ("{{printf 1}}", '1:9: executing "" at <1>', "expected string; found 1"),
        ("{{printf nil}}", '1:9: executing "" at <nil>', "cannot assign nil to string"),
        ("{{printf .N}}", '1:9: executing "" at <.N>', "wrong type for value; expected string; got int"),
        ("{{printf .Nil}}", '1:9: executing "" at <.Nil>', "wrong type for value; expected string; got interface {}"),
        ("{{printf (.Nil)}}", '1:10: executing "" at <.Nil>', "invalid value; expected string"),
        ("{{.N | printf}}", '1:7: executing "" at <printf>', "wrong type for value; expected string; got int"),
        ("{{.A 1}}", '1:2: executing "" at <.A>', "A is not a method but has arguments"),
        ("{{.Deep.X.Y 1}}", '1:7: executing "" at <.Deep.X.Y>', "Y is not a method but has arguments"),
        ("{{1 | .A}}", '1:6: executing "" at <.A>', "A is not a method but has arguments"),
        ("{{1 2}}", '1:2: executing "" at <1>', "can't give argument to non-function 1"),
        ("{{$ 2}}", '1:2: executing "" at <$>', "can't give argument to non-function $"),
        ("{{(len .A) 1}}", '1:2: executing "" at <(len .A) 1>', "can't give argument to non-function len .A"),
        ("{{.A | (len)}}", '1:2: executing "" at <.A>', "can't give argument to non-function len"),
        ("{{nil}}", '1:2: executing "" at <nil>', "nil is not a command"),
        ("{{9223372036854775808}}", '1:2: executing "" at <9223372036854775808>', "9223372036854775808 overflows int"),
        ("{{$x = 1}}", '1:7: executing "" at <1>', "undefined variable: $x"),
        ("{{and 0 ($x := 1)}}{{$x}}", '1:21: executing "" at <$x>', "undefined variable: $x"),
        ("{{if .E}}{{$x := 1}}{{else}}{{$x}}{{end}}", '1:30: executing "" at <$x>', "undefined variable: $x"),
        ("{{range .A}}{{end}}", '1:8: executing "" at <.A>', "range can't iterate over alpha"),
        (
            "{{range $i, $v := 3}}{{end}}",
            '1:18: executing "" at <3>',
            "can't use 3 to iterate over more than one variable",
        ),
        ('{{template "x" .}}', '1:11: executing "" at <{{template "x" .}}>', 'template "x" not defined'),
    ],
)
def test_failures(source: str, place: str, fault: str) -> None:
    with pytest.raises(TemplateError) as caught:
        _run(source)
    assert caught.value.message.startswith(f"template: :{place}: {fault}")
    line, octets = map(int, place.split(":")[:2])
    before = source.splitlines()[line - 1].encode()[:octets].decode()
    assert (caught.value.line, caught.value.column) == (line, len(before) + 1)


def test_a_program_runs_again_and_again() -> None:
    program = compile_tree(parse("{{$x := .}}{{$x}}", functions=FUNCTIONS), FUNCTIONS, missing_is_zero=True)
    assert [program.run(data, Budget()) for data in (1, "two", 3)] == ["1", "two", "3"]


def test_steps_are_counted_for_empty_bodies_too() -> None:
    program = compile_tree(parse("{{range .}}{{end}}", functions=FUNCTIONS), FUNCTIONS, missing_is_zero=True)
    assert program.run(100, Budget(steps=300)) == ""
    with pytest.raises(OverBudget) as caught:
        program.run(200, Budget(steps=300))
    assert (caught.value.line, caught.value.column) == (1, 9)


def test_variables_have_a_limit() -> None:
    declared = "".join(f"{{{{$x{number} := 1}}}}" for number in range(MAX_VARIABLES - 1))
    assert _run(declared) == ""
    with pytest.raises(OverBudget, match="250 variables"):
        _run(declared + "{{$y := 1}}")


def test_a_caller_deep_in_the_stack_gets_a_template_error() -> None:
    def dive(frames: int) -> str:
        return dive(frames - 1) if frames else _program.run(None, Budget())

    source = '{{define "t"}}{{template "t"}}{{end}}{{template "t"}}'
    _program = compile_tree(parse(source, functions=FUNCTIONS), FUNCTIONS, missing_is_zero=True)
    with pytest.raises(OverBudget, match="nests too deeply"):
        dive(sys.getrecursionlimit() - len(inspect.stack(0)) - 100)
