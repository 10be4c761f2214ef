"""What a Go template mentions."""

import time

import pytest

from packllama.describe.template_words import template_words, thinking_tags


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ range .Messages }}[{{ .Role }}={{ .Content }}]{{ end }}", "content messages role"),
        ("{{ $x := .Foo }}{{ $x.Bar }}{{ $.Baz }}{{ .Response }}", "$ $x bar baz foo response"),
        ("{{ range $i, $m := .Messages }}{{ $m.Role }}{{ end }}", "$m messages role"),
        ("{{ (index .Messages 0).Role }}{{ .Response }}", "response"),
        ("{{ now.Year }}", ""),
        ('{{ printf "%s" (print .A .B.C) }}', "a b c"),
        ("{{ if .A }}{{ .B }}{{ else if .C }}{{ .D }}{{ else }}{{ .E }}{{ end }}", "a b c d e"),
        ('{{ define "t" }}{{ .InDef }}{{ end }}{{ template "t" .Arg }}', "arg indef"),
        ("{{ with .Tools }}{{ . }}{{ end }}", "tools"),
        ("{{- if not .Function.Name -}}{{ end }}", "function name"),
        ("{{ $x = .A }}", "a"),
        ("{{ if eq $x .A }}{{ end }}", "$x a"),
        ("{{ gt 1.5 .A }}", "a"),
        ("hello .Tools", ""),
        ('{{ ".Tools }}" }}{{ `.Tools` }}{{ .A }}', "a"),
        ("{{/* .Tools }} */}}{{- /* .Tools */ -}}{{ .A }}", "a"),
        ('{{ "open }}{{ .A }}', ""),
        ("{{ .A }}{{ .B", "a"),
        ("", ""),
    ],
)
def test_words(template: str, words: str) -> None:
    assert sorted(template_words(template)) == words.split()


@pytest.mark.parametrize(
    ("template", "tags"),
    [
        (
            "{{ range .Messages }}{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}{{ end }}",
            ("<think>", "</think>"),
        ),
        ("{{ range .Messages }}{{ .Content }}{{ end }}", ("", "")),
        ("{{ range .Foo }}<think>{{ .Thinking }}</think>{{ end }}", ("", "")),
        ("{{ range $.Messages }}<think>{{ .Thinking }}</think>{{ end }}", ("", "")),
        ("{{ range .Messages }}A{{ if .Thinking }}x{{ end }}B{{ end }}", ("A", "B")),
        (
            "{{ range .Messages }}{{ if .Thinking }}  <think>  {{- .Thinking -}}  </think>  {{ end }}{{ end }}",
            ("<think>", "</think>"),
        ),
        (
            "{{ range $m := .Messages }}{{ if $m.Thinking }}<think>{{ $m.Thinking }}</think>{{ end }}{{ end }}",
            ("", ""),
        ),
        ("{{ range .Messages }}{{ if .Thinking }}<think>{{ .Thinking }}{{ end }}{{ end }}", ("<think>", "")),
        (
            "{{ range .Messages }}{{ if .A }}a{{ else if .Thinking }}<t>{{ .Thinking }}</t>{{ end }}{{ end }}",
            ("<t>", "</t>"),
        ),
        (
            "{{ range .Messages }}{{ if .A }}a{{ else }}<t>{{ .Thinking }}</t>{{ end }}b{{ end }}",
            ("<t>", "</t>"),
        ),
        ('{{ range .Messages }}{{ define "d" }}<t>{{ .Thinking }}</t>{{ end }}{{ end }}', ("", "")),
        ("{{ end }}{{ else }}{{ end }}<t>{{ .Thinking }}</t>", ("", "")),
        ("{{ .Thinking", ("", "")),
    ],
)
def test_tags(template: str, tags: tuple[str, str]) -> None:
    assert thinking_tags(template) == tags


@pytest.mark.parametrize(
    "piece", ['"', '\\"', "`", "'", "{{", "{{/*", "{{ (", "{{ ((.A).B", "}}", "{{ .A }}", "$", ".", "-"]
)
def test_hostile_templates_take_no_time(piece: str) -> None:
    begun = time.process_time()
    for template in (piece * 20_000, "{{ " + piece * 20_000, "{{ " + piece * 20_000 + " }}"):
        template_words(template)
        thinking_tags(template)
    assert time.process_time() - begun < 10
