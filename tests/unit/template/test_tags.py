"""The marks around thinking and before tool calls."""

import pytest

from packllama.template.functions import BUILTINS
from packllama.template.nodes import Nodes
from packllama.template.parser import parse
from packllama.template.tags import thinking_tags, tool_tag


def tree(text: str) -> Nodes:
    return parse(text, functions=BUILTINS).main


def in_messages(text: str) -> str:
    return "{{ range .Messages }}" + text + "{{ end }}"


@pytest.mark.parametrize(
    ("template", "tags"),
    [
        (in_messages("{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}"), ("<think>", "</think>")),
        (in_messages("{{ .Content }}"), ("", "")),
        ("{{ range .Foo }}<think>{{ .Thinking }}</think>{{ end }}", ("", "")),
        ("{{ range $.Messages }}<think>{{ .Thinking }}</think>{{ end }}", ("", "")),
        ("{{ range index .Messages 0 }}<think>{{ .Thinking }}</think>{{ end }}", ("<think>", "</think>")),
        (in_messages("{{ range .Parts }}<a>{{ .Thinking }}</a>{{ end }}"), ("", "")),
        (in_messages("{{ range .Parts }}{{ else }}<a>{{ .Thinking }}</a>{{ end }}"), ("", "")),
        (in_messages("A{{ if .Thinking }}x{{ end }}B"), ("A", "B")),
        (
            in_messages("{{ if .Thinking }} \u2003<think>  {{- .Thinking -}}  </think>  {{ end }}"),
            ("<think>", "</think>"),
        ),
        (in_messages("{{ if .Thinking }}\x1c<think>{{ .Thinking }}{{ end }}"), ("\x1c<think>", "")),
        ("{{ range $m := .Messages }}{{ if $m.Thinking }}<t>{{ $m.Thinking }}</t>{{ end }}{{ end }}", ("", "")),
        (in_messages("{{ if .Thinking }}<think>{{ .Thinking }}{{ end }}"), ("<think>", "")),
        (in_messages("<a>{{ .Thinking }}</a>{{ if .B }}<b>{{ .Thinking.Deep }}{{ end }}"), ("<b>", "")),
        (in_messages("{{ if .A }}a{{ else if .Thinking }}<t>{{ .Thinking }}</t>{{ end }}"), ("<t>", "</t>")),
        (in_messages("{{ if .A }}a{{ else }}<t>{{ .Thinking }}</t>{{ end }}b"), ("<t>", "</t>")),
        (in_messages('{{ template "d" . }}') + '{{ define "d" }}<t>{{ .Thinking }}</t>{{ end }}', ("", "")),
        (in_messages("<t>{{ (print .Thinking) }}</t>"), ("<t>", "</t>")),
        (in_messages("<t>{{ (print .Thinking).Length }}</t>"), ("", "")),
        ("<t>{{ .Thinking }}</t>", ("", "")),
        ("", ("", "")),
    ],
)
def test_thinking(template: str, tags: tuple[str, str]) -> None:
    assert thinking_tags(tree(template)) == tags


@pytest.mark.parametrize(
    ("template", "tag"),
    [
        ("{{ .Content }}", "{"),
        ('{{ if .ToolCalls }}<tool_call>{{ range .ToolCalls }}{"name"}{{ end }}{{ end }}', "<tool_call>"),
        ("{{ if .ToolCalls }}[TOOL_CALLS] [{{ range .ToolCalls }}{{ end }}{{ end }}", "[TOOL_CALLS] ["),
        ("{{ if .ToolCalls }}{{ .Content }}<tc>{{ end }}", "{"),
        ('{{ if .ToolCalls }}\n {{ range .ToolCalls }}<tool>{"a"}{{ end }}{{ end }}', "<tool>"),
        ("{{ if .ToolCalls }}{{ range .A }} {{ else }}<e>{{ end }}<q>{{ end }}", "<e>"),
        ("{{ if .ToolCalls }}{{ range .A }} {{ end }}<q>{{ end }}", "{"),
        ("{{ if .ToolCalls }}{{ with .A }}{{ .B }}{{ end }}<q>{{ end }}", "{"),
        ("{{ if and .M.ToolCalls .Content }}<q>{{ end }}", "<q>"),
        ("{{ if (and .ToolCalls .Content) }}<q>{{ end }}", "{"),
        ("{{ with .ToolCalls }}<q>{{ end }}", "{"),
        ("{{ range $m := .M }}{{ if $m.ToolCalls }}<q>{{ end }}{{ end }}", "{"),
        ("{{ if .A }}{{ else }}{{ range .M }}{{ if .ToolCalls }}<q>{{ end }}{{ end }}{{ end }}", "<q>"),
        ("{{ if .ToolCalls }}<a>{{ end }}{{ if .ToolCalls }}<b>{{ end }}", "<a>"),
        ("{{ if .ToolCalls }}<a\r\nb>{{ end }}", "<a\nb>"),
        ('{{ if .ToolCalls }} {"name": {{ end }}', "{"),
        ("{{ if .ToolCalls }}{{ else }}<q>{{ end }}", "{"),
    ],
)
def test_tool_calls(template: str, tag: str) -> None:
    assert tool_tag(tree(template)) == tag
