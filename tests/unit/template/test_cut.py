"""A template up to its ``.Response``."""

import pytest

from packllama.base.errors import TemplateError
from packllama.template.cut import cut
from packllama.template.functions import BUILTINS
from packllama.template.nodes import Action, Tree
from packllama.template.parser import parse
from packllama.template.spelling import spelled


def tree(text: str) -> Tree:
    return parse(text, functions=BUILTINS)


@pytest.mark.parametrize(
    ("template", "rest"),
    [
        ("a{{ .Response }}b{{ .Response }}", "a{{ .Response }}"),
        ("a{{ .Prompt }}b", "a{{ .Prompt }}b"),
        ("", ""),
        ("{{ .A.Response.B }}b", "{{ .A.Response.B }}"),
        ("{{ .response }}b", "{{ .response }}b"),
        ("{{ $.Response }}b", "{{ $.Response }}b"),
        ("{{ (print .A).Response }}b", "{{ (print .A).Response }}b"),
        ("{{ $r := .Response }}b{{ $r }}", "{{ $r := .Response }}"),
        ('{{ printf "<%s%s>" .Response "z" }}b', '{{ printf "<%s%s>" .Response }}'),
        ('{{ print .Response .Response.B "z" }}b', "{{ print .Response .Response.B }}"),
        ('{{ print (print .Response) .Response (print .Response) }}b', "{{ print (print .Response) .Response }}"),
        ('{{ printf "%s" (print .Response "q") "z" }}b', '{{ printf "%s" (print .Response) }}'),
        ('{{ printf "%s" (.Response | print) "z" }}b', '{{ printf "%s" }}'),
        ('a{{ .Response | printf "%s" }}b', "a"),
        ('{{ .A | printf "%s" .Response }}b', '{{ .A | printf "%s" .Response }}'),
        ("{{ if .Response }}a{{ end }}b{{ .Response }}c", "{{ if .Response }}a{{ end }}b{{ .Response }}"),
        ("{{ if .A }}a{{ .Response }}b{{ end }}c", "{{ if .A }}a{{ .Response }}{{ end }}"),
        ("{{ if .A }}a{{ else }}b{{ .Response }}c{{ end }}d", "{{ if .A }}a{{ else }}b{{ .Response }}{{ end }}"),
        ("{{ range .A }}{{ with .B }}{{ .Response }}x{{ end }}y{{ end }}z",
         "{{ range .A }}{{ with .B }}{{ .Response }}{{ end }}{{ end }}"),
        ('{{ template "t" .Response }}b', '{{ template "t" .Response }}b'),
    ],
)  # fmt: skip
def test_cut(template: str, rest: str) -> None:
    assert cut(tree(template)).main == tree(rest).main


def test_of_a_later_stage_only_the_response_stays() -> None:
    (action,) = cut(tree('{{ .Response | printf "%s" .Response }}b')).main
    assert isinstance(action, Action)
    assert spelled(action.pipeline) == ".Response | .Response"


def test_what_is_defined_goes() -> None:
    assert cut(tree('{{ define "t" }}x{{ end }}{{ .Response }}')).defined == {}


@pytest.mark.parametrize("block", ["if", "with", "range"])
def test_an_else_cannot_go(block: str) -> None:
    with pytest.raises(TemplateError, match="Ollama crashes") as caught:
        cut(tree(f"a\n{{{{ {block} .A }}}}a{{{{ .Response }}}}b{{{{ else }}}}c{{{{ end }}}}d"))
    assert caught.value.line == 2
