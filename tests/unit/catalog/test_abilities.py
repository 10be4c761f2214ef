"""Tools and thinking are found by what a template renders, in whatever way it has them."""

from collections.abc import Mapping

import pytest

from packllama.base.stop import Stop
from packllama.catalog.abilities import Ability, abilities_of, abilities_shown
from packllama.catalog.choose import render_own
from packllama.catalog.formats import FORMATS
from packllama.catalog.tokens import SpecialTokens
from packllama.template import Template

TOOLS, THINKING = Ability.TOOLS, Ability.THINKING


def loop(more: str = "") -> str:
    return "{% for m in messages %}<{{ m.role }}>{{ m.content }}" + more + "{% endfor %}"


JINJA: Mapping[str, tuple[str, set[Ability]]] = {
    "neither": (loop(), set()),
    "tools offered": ("{{ tools | tojson }}" + loop(), {TOOLS}),
    "tools offered to a system message only": (
        "{% if messages[0].role == 'system' %}{{ tools | tojson }}{% endif %}" + loop(),
        {TOOLS},
    ),
    "tools refused": ("{% if tools %}{{ raise_exception('other tools, please') }}{% endif %}" + loop(), {TOOLS}),
    "calls": (loop("{{ m.tool_calls | tojson if m.tool_calls else '' }}"), {TOOLS}),
    "names of calls only": (loop("{% for c in m.tool_calls or [] %}{{ c.function.name }}{% endfor %}"), set()),
    "a switch": (loop() + "{% if enable_thinking %}<think>{% endif %}", {THINKING}),
    "a switch that is on": (loop() + "{% if enable_thinking is false %}<think></think>{% endif %}", {THINKING}),
    "another switch": (loop() + "{% if thinking %}<think>{% endif %}", {THINKING}),
    "effort": ("{{ reasoning_effort or 'medium' }}" + loop(), {THINKING}),
    "low effort": ("{{ 'short!' if reasoning_effort == 'low' else '' }}" + loop(), {THINKING}),
    "reasoning": (loop("{{ m.reasoning_content }}"), {THINKING}),
    "thinking": (loop("{{ m.thinking }}"), {THINKING}),
    "reasoning of the last answer": (loop("{{ m.reasoning_content if loop.last else '' }}"), {THINKING}),
    "thoughts that vanish": (
        "{% for m in messages %}<{{ m.role }}>{{ m.content.split('</think>')[-1] }}{% endfor %}",
        {THINKING},
    ),
    "only what is said first": ("{{ messages[0].content }}", set()),
    "both": (
        "{{ tools | tojson }}" + loop("{{ m.reasoning_content }}"),
        {TOOLS, THINKING},
    ),
}


@pytest.mark.parametrize(("jinja", "abilities"), JINJA.values(), ids=JINJA.keys())
def test_what_a_gguf_can(jinja: str, abilities: set[Ability]) -> None:
    assert abilities_shown(render_own(jinja, SpecialTokens(), stop=Stop())) == abilities


@pytest.mark.parametrize(
    ("text", "abilities"),
    [
        (FORMATS["chatml"].text(), set()),
        ("{{ range .Messages }}{{ .Content }}{{ end }}{{ .Tools }}", {TOOLS}),
        ("{{ range .Messages }}{{ if .Thinking }}<t>{{ .Thinking }}</t>{{ end }}{{ .Content }}{{ end }}", {THINKING}),
    ],
)
def test_what_a_template_can(text: str, abilities: set[Ability]) -> None:
    assert abilities_of(Template.parse(text)) == abilities
