"""The template that is chosen for a GGUF, and what is said about it."""

import pytest

from packllama.base.errors import Cancelled, UsageError
from packllama.base.stop import Stop
from packllama.catalog import choose as choosing
from packllama.catalog.choose import Choice, Level, choose, named
from packllama.catalog.formats import FORMATS
from packllama.catalog.signatures import Signatures, signature, signatures
from packllama.catalog.tokens import SpecialTokens
from tests.unit.catalog.test_jinja import HOSTILE

LOOP = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
CHATML = LOOP + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
DEFAULT = "{% if messages[0].role != 'system' %}<|im_start|>system\nBe brief.<|im_end|>\n{% endif %}" + CHATML
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('not here') }}{% endif %}" + CHATML
ONE_SYSTEM = CHATML.replace("%}<", "%}{% if m.role != 'system' or loop.first %}<", 1).replace(
    "{% endfor", "{% endif %}{% endfor", 1
)


TOKENS = SpecialTokens()


def chosen(jinja: str, tokens: SpecialTokens = TOKENS) -> Choice:
    return choose(jinja, tokens, stop=Stop())


@pytest.mark.parametrize(
    ("jinja", "level", "system", "notes"),
    [
        pytest.param(CHATML, Level.EXACT, "", (), id="exact"),
        pytest.param(DEFAULT, Level.DEFAULT, "Be brief.", (), id="default"),
        pytest.param(
            NO_SYSTEM, Level.EXACT, "", ("the GGUF's own template refuses system messages: not here",), id="refuses"
        ),
        pytest.param(
            ONE_SYSTEM, Level.EXACT, "", ("the GGUF's own template drops a later system message",), id="drops"
        ),
    ],
)
def test_chatml(jinja: str, level: Level, system: str, notes: tuple[str, ...]) -> None:
    choice = chosen(jinja)
    assert choice.format is FORMATS["chatml"]
    assert (choice.level, choice.system, choice.notes, choice.reason) == (level, system, notes, "")
    assert choice.template == FORMATS["chatml"].text()


def test_nearly_has_the_first_difference() -> None:
    choice = chosen("{{ '  ' }}" + CHATML)
    assert choice.level is Level.NEARLY
    (note,) = choice.notes
    assert note.startswith("the GGUF's own template writes '  <|im_start|>user")
    assert " where this one writes '<|im_start|>user" in note


@pytest.mark.parametrize(
    ("jinja", "reason"),
    [
        ("", "the GGUF brings no chat template"),
        ("{{ messages }", "the GGUF's own template cannot be parsed: unexpected '}'"),
        ("{{ raise_exception('never') }}", "the GGUF's own template fails on a plain question: never"),
        ("{% for m in messages %}{{ m.content }}{% endfor %}?", "no template of ours renders what the GGUF's own does"),
        ("{{ tools | tojson }}" + CHATML, "no template of ours with tools renders what the GGUF's own does"),
    ],
)
def test_none_has_a_reason(jinja: str, reason: str) -> None:
    assert chosen(jinja) == Choice(reason=reason)


@pytest.mark.parametrize("name", ["endless loop", "much output", "doubling", "5 MB", "deep parentheses", "not text"])
def test_nothing_hostile_is_chosen(name: str) -> None:
    choice = chosen(HOSTILE[name])
    assert choice.format is None
    assert choice.reason


@pytest.mark.parametrize(
    ("tokens", "name"),
    [
        (SpecialTokens(bos="<s>", adds_bos=True), "chatml"),
        (SpecialTokens(bos="", adds_bos=True), "chatml"),
        (SpecialTokens(bos="<s>", adds_bos=False), None),
    ],
)
def test_who_writes_the_bos(tokens: SpecialTokens, name: str | None) -> None:
    choice = chosen("{{ bos_token }}" + CHATML, tokens)
    assert (choice.format and choice.format.name) == name


def test_a_bos_is_taken_away_once() -> None:
    assert chosen("{{ bos_token }}{{ bos_token }}" + CHATML).format is None


def test_ollamas_choice_is_told_where_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Signatures(ollama={signature(CHATML): "zephyr"}, agree={})
    monkeypatch.setattr(choosing, "signatures", lambda: known)
    assert chosen(CHATML).ollama == "zephyr"
    assert chosen(DEFAULT).ollama is None


def test_the_published_signatures() -> None:
    known = signatures()
    assert len(known.agree) == 80
    assert set(known.agree.values()) <= FORMATS.keys()
    assert known.ollama["91aa728ae59c8e30443382f44f48d594b5f7afe91a449c0e5ed0e920a71d60a2"] == "chatml"


@pytest.mark.parametrize(
    ("jinja", "tokens", "name"),
    [
        (CHATML, SpecialTokens(), "chatml"),
        (CHATML, SpecialTokens(adds_bos=False), "chatml"),
        ("{{ bos_token }}" + CHATML, SpecialTokens(), "chatml"),
        ("{{ bos_token }}" + CHATML, SpecialTokens(adds_bos=False), None),
        (DEFAULT, SpecialTokens(), None),
    ],
)
def test_without_jinja_hashes_decide(
    jinja: str, tokens: SpecialTokens, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree = {signature(CHATML): "chatml", signature("{{ bos_token }}" + CHATML): "chatml"}
    monkeypatch.setattr(choosing, "is_installed", lambda: False)
    monkeypatch.setattr(choosing, "signatures", lambda: Signatures(ollama={}, agree=agree))
    choice = chosen(jinja, tokens)
    assert (choice.format and choice.format.name) == name
    assert "Jinja" in (choice.reason or choice.notes[0])


def test_formats_by_name() -> None:
    assert named("chatml") is FORMATS["chatml"]
    with pytest.raises(UsageError, match="there is no template 'chatlm'"):
        named("chatlm")


def test_a_stop_ends_it() -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Cancelled):
        choose(CHATML, SpecialTokens(), stop=stop)
