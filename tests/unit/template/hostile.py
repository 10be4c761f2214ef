"""Hostile templates, and a program that runs them all and measures what each one takes.

    python -m tests.unit.template.hostile

prints one JSON line a template: ``name``, ``error``, ``line``, ``seconds`` of processor time and ``megabytes`` by which
the process has grown. Each runs in a fork of its own.
"""

import json
import multiprocessing
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from packllama.base.errors import TemplateError
from packllama.template.budget import Budget
from packllama.template.compile import compile_tree
from packllama.template.functions import FUNCTIONS
from packllama.template.parser import MAX_SOURCE, parse
from packllama.template.tokens import MAX_TOKENS
from packllama.template.values import Value

HUGE = 99_999_999_999

# Made when it is wanted: some of it is large.
Data = Callable[[], Value]


def _filled(begin: str, again: str, end: str = "") -> str:
    """As much of something as a text may hold."""
    return begin + again * ((MAX_SOURCE - len(begin) - len(end)) // len(again)) + end


def _many(begin: str, again: str, end: str) -> str:
    """Nearly as much of something that has two tokens as is parsed."""
    return begin + again * (MAX_TOKENS // 2 - 50) + end


def _texts(count: int) -> Data:
    return lambda: {"Messages": [{"Role": "user", "Content": "x"}] * count}


def _loop() -> Value:
    """A map that holds itself."""
    loop: dict[str, Value] = {}
    loop["M"] = loop
    return loop


@dataclass(frozen=True)
class Hostile:
    """A template, the data that it is given, and a part of the error that it must end in."""

    source: str
    fault: str
    data: Data = lambda: None


STEPS = "budget of steps"
BYTES = "budget of bytes"
DEPTH = "maximum template depth"

_DOUBLE = "{{$x = print $x $x}}"
_LONG = '{{$x := printf "%10000s" ""}}'
_MILLION = '{{$x := printf "%1000000s" ""}}'

HOSTILE: Mapping[str, Hostile] = {
    # Loops
    "range over a huge number, nothing in it": Hostile(f"{{{{range {HUGE}}}}}{{{{end}}}}", STEPS),
    "range over the largest number": Hostile("{{range 9223372036854775807}}{{end}}", STEPS),
    "range over a huge number, a text in it": Hostile(f"{{{{range {HUGE}}}}}x{{{{end}}}}", STEPS),
    "range that goes on at once": Hostile(f"{{{{range {HUGE}}}}}{{{{continue}}}}{{{{end}}}}", STEPS),
    "range over a number of the data": Hostile("{{range .}}{{end}}", STEPS, lambda: HUGE),
    "range over a hexadecimal number": Hostile("{{range 0x7fffffffffffffff}}{{end}}", STEPS),
    "nested ranges": Hostile("{{range 9999}}" * 9 + "{{end}}" * 9, STEPS),
    "nested ranges over the same list": Hostile("{{range $.Messages}}" * 4 + "{{end}}" * 4, STEPS, _texts(1000)),
    "a hundred ranges": Hostile("{{range 2}}" * 90 + "{{end}}" * 90, STEPS),
    "nested ranges left at once": Hostile(
        f"{{{{range {HUGE}}}}}{{{{range 9}}}}{{{{break}}}}{{{{end}}}}{{{{end}}}}", STEPS
    ),
    "a million messages": Hostile("{{range .Messages}}{{.Content}}{{end}}", STEPS, _texts(1_000_000)),
    "a million keys": Hostile("{{range .}}{{end}}", STEPS, lambda: {str(n): 1 for n in range(1_000_000)}),
    "an endless comparison": Hostile(f"{{{{range {HUGE}}}}}{{{{if eq . -1}}}}x{{{{end}}}}{{{{end}}}}", STEPS),
    # Templates that call templates
    "a template that calls itself": Hostile('{{define "t"}}{{template "t" .}}{{end}}{{template "t" .}}', DEPTH),
    "the main template calls itself": Hostile('{{template "" .}}', DEPTH),
    "two templates call each other": Hostile(
        '{{define "a"}}{{template "b" .}}{{end}}{{define "b"}}{{template "a" .}}{{end}}{{template "a" .}}', DEPTH
    ),
    "a block that calls itself": Hostile('{{block "b" .}}{{template "b" .}}{{end}}', DEPTH),
    "a template calls itself deep inside": Hostile(
        f'{{{{define "t"}}}}{"{{if 1}}" * 90}{{{{template "t" .}}}}{"{{end}}" * 90}{{{{end}}}}{{{{template "t" .}}}}',
        DEPTH,
    ),
    "a template calls itself in an expression's depth": Hostile(
        f'{{{{define "t"}}}}{{{{template "t" {"(print " * 90}1{")" * 90}}}}}{{{{end}}}}{{{{template "t" .}}}}', DEPTH
    ),
    "a template calls itself twice": Hostile(
        '{{define "t"}}{{if lt (len .) 60}}{{template "t" (print . "x")}}{{template "t" (print . "x")}}{{end}}{{end}}'
        '{{template "t" ""}}',
        STEPS,
    ),
    "templates that double": Hostile(
        "".join(
            f'{{{{define "t{n}"}}}}{{{{template "t{n + 1}"}}}}{{{{template "t{n + 1}"}}}}{{{{end}}}}' for n in range(60)
        )
        + '{{define "t60"}}{{end}}{{template "t0"}}',
        STEPS,
    ),
    "a template that calls itself from a range": Hostile(
        '{{define "t"}}{{range 9}}{{template "t" .}}{{end}}{{end}}{{template "t" .}}', DEPTH
    ),
    # Bytes
    "many wide numbers": Hostile(f'{{{{printf "{"%999999[1]d" * 1000}" 1}}}}', BYTES),
    "a number of a begged width": Hostile(f"{{{{range {HUGE}}}}}{{{{printf `%*d` 999999 1}}}}{{{{end}}}}", BYTES),
    "a number of many digits": Hostile(f"{{{{range {HUGE}}}}}{{{{printf `%.99999f` 1.5}}}}{{{{end}}}}", BYTES),
    "a wide number many times": Hostile(f'{{{{range {HUGE}}}}}{{{{printf "%99999d" 1}}}}{{{{end}}}}', BYTES),
    "doubling": Hostile('{{$x := "x"}}' + _DOUBLE * 60, BYTES),
    "doubling in a range": Hostile(f'{{{{$x := "x"}}}}{{{{range {HUGE}}}}}{_DOUBLE}{{{{end}}}}', BYTES),
    "doubling by printf": Hostile(
        f'{{{{$x := "x"}}}}{{{{range {HUGE}}}}}{{{{$x = printf "%s%s" $x $x}}}}{{{{end}}}}', BYTES
    ),
    "doubling by quoting": Hostile(
        f'{{{{$x := `"`}}}}{{{{range {HUGE}}}}}{{{{$x = printf `%q` $x}}}}{{{{end}}}}', BYTES
    ),
    "doubling by json": Hostile(f'{{{{$x := `"`}}}}{{{{range {HUGE}}}}}{{{{$x = json $x}}}}{{{{end}}}}', "budget of"),
    "growing by html": Hostile(f"{{{{$x := `&`}}}}{{{{range {HUGE}}}}}{{{{$x = html $x $x}}}}{{{{end}}}}", BYTES),
    "growing by urlquery": Hostile(
        f"{{{{$x := `%`}}}}{{{{range {HUGE}}}}}{{{{$x = urlquery $x $x}}}}{{{{end}}}}", BYTES
    ),
    "growing by js": Hostile(f"{{{{$x := `<`}}}}{{{{range {HUGE}}}}}{{{{$x = js $x $x}}}}{{{{end}}}}", BYTES),
    "a long text written often": Hostile(f"{_LONG}{{{{range {HUGE}}}}}{{{{$x}}}}{{{{end}}}}", BYTES),
    "a long literal text written often": Hostile(f"{{{{range {HUGE}}}}}{'x' * 10_000}{{{{end}}}}", BYTES),
    "a long text kept in many variables": Hostile(
        f"{_MILLION}{''.join(f'{{{{$x{n} := print $x {n}}}}}' for n in range(200))}", BYTES
    ),
    "slices of a long text": Hostile(f"{_MILLION}{{{{range {HUGE}}}}}{{{{$y := slice $x 1}}}}{{{{end}}}}", BYTES),
    "ranges over slices of a long list": Hostile(
        "{{range $i, $_ := .Messages}}{{range slice $.Messages $i}}{{end}}{{end}}", STEPS, _texts(20_000)
    ),
    "bytes of a long text": Hostile(
        f'{{{{$x := printf "%1000000s" "é"}}}}{{{{range {HUGE}}}}}{{{{index $x 5}}}}{{{{end}}}}', STEPS
    ),
    "the length of a long text": Hostile(
        f'{{{{$x := printf "%1000000s" "é"}}}}{{{{range {HUGE}}}}}{{{{len $x}}}}{{{{end}}}}', STEPS
    ),
    "comparing long texts": Hostile(
        f'{_MILLION}{{{{$y := print $x ""}}}}{{{{range {HUGE}}}}}{{{{if lt $x $y}}}}{{{{end}}}}{{{{end}}}}', STEPS
    ),
    "printing a long list": Hostile(f"{{{{range {HUGE}}}}}{{{{print $.Messages}}}}{{{{end}}}}", "budget", _texts(1000)),
    "a long list as json": Hostile(f"{{{{range {HUGE}}}}}{{{{json $.Messages}}}}{{{{end}}}}", "budget", _texts(1000)),
    # Sources
    "five megabytes of text": Hostile("x" * 5_000_000, "characters"),
    "five megabytes of actions": Hostile("{{.}}" * 1_000_000, "characters"),
    "deep parentheses": Hostile("{{" + "(" * 100_000, "max expression depth exceeded"),
    "deep parentheses, closed": Hostile("{{" + "(" * 5000 + "1" + ")" * 5000 + "}}", "max expression depth exceeded"),
    "deep calls": Hostile("{{" + "(print " * 5000 + "1" + ")" * 5000 + "}}", "max expression depth exceeded"),
    "deep blocks": Hostile("{{if .}}" * 5000 + "{{end}}" * 5000, "nested too deeply"),
    "deep else": Hostile("{{if .}}" + "{{else if .}}" * 5000 + "{{end}}", "nested too deeply"),
    "deep blocks that define": Hostile('{{block "a" .}}' * 5000, "nested too deeply"),
    "huge numbers": Hostile(_filled("{{", "9", "}}"), "illegal number syntax"),
    "many variables": Hostile("".join(f"{{{{$x{number} := 1}}}}" for number in range(2000)), "variables"),
    "many variables that may not be": Hostile("{{and" + " ($x:=1)" * 300 + "}}", "variables"),
    "an open comment many times": Hostile(_filled("{{/*", "{{/*"), "unclosed comment"),
    "an open string": Hostile(_filled('{{"', '\\"'), "unterminated quoted string"),
    "too many pieces": Hostile(_filled("", "{{.}}"), "pieces"),
    "many arguments in a range": Hostile(_many(f"{{{{range {HUGE}}}}}{{{{print", " 1", "}}{{end}}"), STEPS),
    "many stages in a range": Hostile(_many(f"{{{{range {HUGE}}}}}{{{{1", "|print", "}}{{end}}"), STEPS),
    "many names in a range": Hostile(
        _many(f"{{{{range {HUGE}}}}}{{{{if $.M", ".M.M", "}}{{end}}{{end}}"), STEPS, _loop
    ),
    "many templates": Hostile(_filled("", '{{define "t"}}x{{end}}'), "multiple definition"),
}


def _measured(name: str) -> dict[str, object]:
    data = HOSTILE[name].data()
    before = _peak()
    # A busy machine makes processor time longer too; what is really slow is slow again.
    for _ in range(3):
        begun = time.process_time()
        fault = _fault(HOSTILE[name].source, data)
        seconds = time.process_time() - begun
        if seconds < 0.8:
            break
    return {**fault, "name": name, "seconds": seconds, "megabytes": _peak() - before}


def _fault(source: str, data: Value) -> dict[str, object]:
    try:
        tree = parse(source, functions=FUNCTIONS)
        compile_tree(tree, FUNCTIONS, missing_is_zero=True).run(data, Budget())
    except TemplateError as error:
        return {"error": error.message, "line": error.line}
    return {"error": "", "line": 0}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        for outcome in pool.imap(_measured, HOSTILE):
            print(json.dumps(outcome))
