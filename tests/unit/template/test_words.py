"""What a template mentions."""

import pytest

from packllama.base.errors import TemplateError
from packllama.template.functions import BUILTINS
from packllama.template.parser import parse
from packllama.template.words import words


def of(text: str) -> frozenset[str]:
    return words(parse(text, functions=BUILTINS))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ range .Messages }}[{{ .Role }}={{ .Content }}]{{ end }}", "content messages role"),
        ("{{ $x := .Foo }}{{ $x.Bar }}{{ $.Baz }}{{ .Response }}", "$ $x bar baz foo response"),
        ("{{ range $i, $m := .Messages }}{{ $m.Role }}{{ end }}", "$m messages role"),
        ("{{ (index .Messages 0).Role }}{{ .Response }}", "response"),
        ("{{ print.Year }}", ""),
        ('{{ printf "%s" (print .A .B.C) }}', "a b c"),
        ("{{ if .A }}{{ .B }}{{ else if .C }}{{ .D }}{{ else }}{{ .E }}{{ end }}", "a b c d e"),
        ('{{ define "t" }}{{ .InDef }}{{ end }}{{ template "t" .Arg }}', "arg indef"),
        ('{{ block "t" .Arg }}{{ .InBlock }}{{ end }}', "arg inblock"),
        ("{{ with .Tools }}{{ . }}{{ end }}", "tools"),
        ("{{- if not .Function.Name -}}{{ end }}", "function name"),
        ("{{ $x := 1 }}{{ $x = .A }}", "a"),
        ("{{ $x := 1 }}{{ if eq $x .A }}{{ end }}", "$x a"),
        ("{{ gt 1.5 .A | print .B }}", "a b"),
        ("{{ range .A }}{{ break }}{{ else }}{{ .B }}{{ end }}", "a b"),
        ("hello .Tools", ""),
        ('{{ ".Tools }}" }}{{ `.Tools` }}{{ .A }}', "a"),
        ("{{/* .Tools }} */}}{{- /* .Tools */ -}}{{ .A }}", "a"),
        ("", ""),
    ],
)
def test_words(template: str, expected: str) -> None:
    assert sorted(of(template)) == expected.split()


@pytest.mark.parametrize(
    "template",
    [
        '{{ define "x" }}{{ end }}a\n{{ template "x" }}',
        'a\n{{ if .A }}{{ else }}{{ template "x" }}{{ end }}',
        'a\n{{ define "x" }}{{ template "y" }}{{ end }}',
    ],
)
def test_a_template_without_an_argument_is_refused(template: str) -> None:
    with pytest.raises(TemplateError, match="undefined template specified") as caught:
        of(template)
    assert caught.value.line == 2
