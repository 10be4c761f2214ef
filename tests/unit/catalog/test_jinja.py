"""A GGUF's own template in its child process: rendered as elsewhere, and harmless whatever it is."""

import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from packllama.base.errors import Cancelled, TemplateError
from packllama.base.stop import Stop
from packllama.catalog import jinja
from packllama.catalog.conversations import PLAIN, THINKING, TOOLS, Request
from packllama.catalog.jinja import Refusal, Rendering, render_all

HELLO = Request(({"role": "user", "content": "Hello"},))


@pytest.fixture(autouse=True)
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What every child process was started with. In the end all are gone."""
    popen = subprocess.Popen
    started: list[Any] = []
    options: list[dict[str, Any]] = []

    def noting(*args: Any, **more: Any) -> Any:
        started.append(popen(*args, **more))
        options.append(more)
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", noting)
    yield options
    assert all(process.returncode is not None for process in started)


def render(source: str, request: Request = HELLO, *, bos: str = "<s>", eos: str = "</s>") -> Rendering:
    return render_all(source, {"it": request}, bos=bos, eos=eos, stop=Stop())["it"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("{{ bos_token }}{{ messages[0]['content'] }}{{ eos_token }}", "<s>Hello</s>", id="tokens"),
        pytest.param("{% if true %}\na\n{% endif %}\nHello\n", "a\nHello", id="blocks leave no line ends"),
        pytest.param("  {% if true %}a{% endif %}Hello", "aHello", id="blocks leave no indent"),
        pytest.param(
            "{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}Hello",
            "01Hello",
            id="break",
        ),
        pytest.param("{% generation %}Hello{% endgeneration %}!", "Hello!", id="generation"),
        pytest.param("{{ {'é<': '&\"'} | tojson }}Hello", '{"é<": "&\\""}Hello', id="json as in chat templates"),
        pytest.param("{{ {'a': 1} | tojson(indent=2) }}Hello", '{\n  "a": 1\n}Hello', id="json with indent"),
        pytest.param("{{ strftime_now('%Y') }}Hello", "2031Hello", id="a date that is given"),
        pytest.param("{{ add_generation_prompt }}{{ tools }}{{ documents }}Hello", "TrueNoneNoneHello", id="variables"),
        pytest.param("{{ nothing }}Hello", "Hello", id="unknown variables are empty"),
        pytest.param("{{ messages[0].content[0].text }}", "Hello", id="contents in parts"),
        pytest.param("{{ '\\ud83d' }}Hello", "\ud83dHello", id="half a character"),
    ],
)
def test_renders_as_elsewhere(source: str, text: str) -> None:
    assert render(source) == text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("{{ raise_exception('only in pairs') }}", "only in pairs", id="on purpose"),
        pytest.param("{{ 1 // 0 }}", "division", id="division"),
        pytest.param("{{ nothing.at.all }}", "undefined", id="nothing"),
        pytest.param("{{ messages | random }}", "random", id="what comes out by chance"),
    ],
)
def test_a_refusal_has_words(source: str, words: str) -> None:
    try:
        answer = render(source)
    except TemplateError as error:
        answer = Refusal(error.message)
    assert isinstance(answer, Refusal)
    assert words in answer.message


def test_one_refusal_leaves_the_others() -> None:
    source = "{% if messages | length > 1 %}{{ raise_exception('no') }}{% endif %}{{ messages[0].content }}"
    own = render_all(source, PLAIN, bos="", eos="", stop=Stop())
    assert own["u"] == PLAIN["u"].messages[0]["content"]
    assert own["uau"] == Refusal("no")


def test_every_request_reaches_the_template() -> None:
    source = "{{ messages | tojson }}{{ tools | tojson }}{{ enable_thinking }}{{ reasoning_effort }}"
    own = render_all(source, {**PLAIN, **TOOLS, **THINKING}, bos="", eos="", stop=Stop())
    assert "look_up_tides" in str(own["u with tools"])
    assert str(own["u, thinking"]).endswith("nullTrue")
    assert str(own["u, thinking hard"]).endswith("nullhigh")


ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ strftime_now.__self__ }}",
    "{{ raise_exception.__globals__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.environ }}",
    "{{ messages.append(1) }}",
    "{{ messages[0].update(role='system') }}",
    "{{ ''['__cl' ~ 'ass__'] }}",
    "{{ '' | attr('__class__') }}",
    "{{ '{0.__class__}'.format('') }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% extends 'x' %}",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_nothing_is_reached_or_changed(source: str) -> None:
    answer = render("Hello" + source)
    assert isinstance(answer, Refusal) or answer == "Hello"


HOSTILE = {
    "endless loop": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "nested loops": "{% for a in range(999) %}" * 12 + "{% endfor %}" * 12,
    "huge range": "{{ range(999999999) | list }}",
    "doubling": "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "multiplication": "{{ 'ab' * 999999999 }}",
    "list multiplication": "{{ ([1] * 999999999) | length }}",
    "power": "{{ 9 ** 9 ** 9 }}",
    "shift of digits": "{{ (7 ** 999999) | string }}",
    "padding": "{{ 'a' | center(999999999) }}",
    "format": "{{ '%999999999d' | format(1) }}",
    "much output": "{% for a in range(9999) %}{{ 'ab' * 999 }}{% endfor %}",
    "macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "block in itself": "{% block a %}{{ self.a() }}{% endblock %}",
    "recursive loop": "{% set l = [1] %}{% for a in l recursive %}{{ loop(l) }}{% endfor %}",
    "deep parentheses": "{{ " + "(" * 50_000 + "1" + ")" * 50_000 + " }}",
    "deep lists": "{{ " + "[" * 50_000 + "]" * 50_000 + " }}",
    "deep conditions": "{% if 1 %}" * 5_000 + "{% endif %}" * 5_000,
    "long chain": "{{ 1" + " + 1" * 100_000 + " }}",
    "many filters": "{{ 'a'" + " | upper" * 50_000 + " }}",
    "5 MB": "Hello " * 900_000,
    "1 MB": "{{ 1 }}" * 140_000,
    "not closed": "{% for m in messages %}{{ m",
    "unknown tag": "{% frobnicate %}",
    "not text": "\x00\xff\ufffd{{",
    "regex": "{{ ('a' * 30000) | urlize }}",
    "strings of digits": "{{ ('9' * 999999) | int }}",
    "lists in lists": (
        "{% set n = namespace(x=[1]) %}{% for i in range(9999) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x | tojson }}"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_template_costs_little(source: str) -> None:
    began = time.monotonic()
    try:
        answer = render(source)
    except TemplateError as error:
        assert error.message
    else:
        assert isinstance(answer, Refusal) or len(answer) <= jinja.MAX_OUTPUT_BYTES
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("endless loop", "takes more than 2 s"),
        ("much output", "writes more than 4 MB"),
        ("multiplication", "takes too much memory"),
        ("5 MB", "has 5400000 characters, more than the 1048576 allowed"),
        ("not closed", "cannot be parsed: "),
    ],
)
def test_a_failure_has_a_sentence(name: str, sentence: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(HOSTILE[name])
    assert caught.value.message.startswith(sentence)


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("exit 1", "ends the process that renders it"),
        ("cat > /dev/null", "ends the process that renders it"),
        ("cat > /dev/null; echo; echo '[[\"Hel'", "ends the process that renders it"),
        ("cat > /dev/null; echo; sleep 60", "takes more than 2 s"),
        (None, "cannot be rendered here: No such file"),
    ],
)
def test_a_child_that_fails_has_a_sentence(
    script: str | None, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    if script:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    with pytest.raises(TemplateError) as caught:
        render("Hello" * 50_000)
    assert caught.value.message.startswith(sentence)


def test_a_stop_ends_it() -> None:
    stop = Stop()
    timer = threading.Timer(0.3, stop.set)
    timer.start()
    with pytest.raises(Cancelled):
        render_all(HOSTILE["endless loop"], {"it": HELLO}, bos="", eos="", stop=stop)


def test_the_child_inherits_no_environment(monkeypatch: pytest.MonkeyPatch, children: list[dict[str, Any]]) -> None:
    monkeypatch.setenv("SECRET", "Hello")
    render("Hello")
    (options,) = children
    assert not options["env"].keys() & {"SECRET", "HOME", "PATH", "PYTHONPATH"}
