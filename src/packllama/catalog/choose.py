"""Choose the template of ours that renders what a GGUF's own renders, or none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from os.path import commonprefix

from packllama.base.errors import TemplateError, UsageError
from packllama.base.stop import Stop
from packllama.catalog.abilities import abilities_shown
from packllama.catalog.conversations import LATER, PLAIN, PROBES, THINKING, TOOLS
from packllama.catalog.formats import FORMATS, OLLAMAS, Format
from packllama.catalog.jinja import Refusal, Rendering, is_installed, render_all
from packllama.catalog.signatures import signature, signatures
from packllama.catalog.tokens import SpecialTokens
from packllama.catalog.verdict import Fit, Verdict, fit, rendered
from packllama.template.template import Template

# Before and after the first difference of two texts, as much as a line can show.
_SHOWN = 24


class Level(Enum):
    """How well a chosen template agrees, in words for people."""

    EXACT = "exact"
    DEFAULT = "exact, with its default system text"
    NEARLY = "nearly"


_LEVELS = {Verdict.EXACT: Level.EXACT, Verdict.DEFAULT: Level.DEFAULT, Verdict.NEARLY: Level.NEARLY}


@dataclass(frozen=True, slots=True)
class Choice:
    """What came of choosing. Without a format, ``reason`` says why, as the end of "none, because …".

    ``template`` is the text to store; ``system`` the constant system message that the GGUF's own template writes by
    itself. ``notes`` are half-sentences about what the two do differently. ``ollama`` is the name that Ollama would
    choose, where that is known.
    """

    format: Format | None = None
    level: Level | None = None
    template: str = ""
    system: str = ""
    notes: tuple[str, ...] = ()
    ollama: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Candidate:
    place: int
    format: Format
    template: Template
    fit: Fit

    def rank(self, ollama: str | None) -> tuple[object, ...]:
        """The smallest is the best. No format of ours takes the place of one of Ollama's that agrees."""
        fit = self.fit
        nearly, ours = fit.worst is Verdict.NEARLY, self.format.name not in OLLAMAS
        return nearly, ours, fit.worst, -fit.exact, self.format.name != ollama, self.place


def choose(
    jinja: str,
    tokens: SpecialTokens,
    *,
    stop: Stop,
    formats: Mapping[str, Format] = FORMATS,
) -> Choice:
    """Choose a template for a GGUF whose own is ``jinja`` (empty: it has none).

    Raises: Cancelled, when ``stop`` was set. A template that cannot be rendered is a choice of none.
    """
    if not jinja:
        return Choice(reason="the GGUF brings no chat template")
    ollama = signatures().ollama.get(signature(jinja))
    if not is_installed():
        return _known(jinja, tokens, ollama=ollama)
    try:
        own = render_own(jinja, tokens, stop=stop)
    except TemplateError as error:
        return Choice(ollama=ollama, reason=f"the GGUF's own template {error.message}")
    found = list(_candidates(own, tokens, formats, stop=stop))
    if not found:
        return Choice(ollama=ollama, reason=_why_none(own))
    return _chosen(min(found, key=lambda candidate: candidate.rank(ollama)), own, ollama=ollama)


def named(name: str) -> Format:
    """The format of that name. Raises: UsageError, when there is none."""
    if name not in FORMATS:
        raise UsageError(f"there is no template {name!r}", hint=f"There are {', '.join(sorted(FORMATS))}.")
    return FORMATS[name]


def render_own(jinja: str, tokens: SpecialTokens, *, stop: Stop) -> dict[str, Rendering]:
    """What a GGUF's own template renders for all conversations, as the prompt that reaches the tokenizer.

    Raises: TemplateError, Cancelled, as :func:`render_all` does.
    """
    requests = {**PLAIN, "u later": LATER, **TOOLS, **THINKING, **PROBES}
    own = render_all(jinja, requests, bos=tokens.bos, eos=tokens.eos, stop=stop)
    if not tokens.adds_bos:
        return own
    return {name: text if isinstance(text, Refusal) else text.removeprefix(tokens.bos) for name, text in own.items()}


def _candidates(
    own: Mapping[str, Rendering], tokens: SpecialTokens, formats: Mapping[str, Format], *, stop: Stop
) -> Iterator[_Candidate]:
    for place, format_ in enumerate(formats.values()):
        stop.check()
        template = Template.parse(format_.text(bos=tokens.bos, eos=tokens.eos))
        compared = fit(template, own)
        if compared.worst is not Verdict.OUT:
            yield _Candidate(place, format_, template, compared)


def _chosen(candidate: _Candidate, own: Mapping[str, Rendering], *, ollama: str | None) -> Choice:
    fit = candidate.fit
    return Choice(
        format=candidate.format,
        level=_LEVELS[fit.worst],
        template=candidate.template.text,
        system=fit.system,
        notes=(*_refusals(own, fit), *_difference(candidate.template, own, fit.first(Verdict.NEARLY))),
        ollama=ollama,
    )


def _known(jinja: str, tokens: SpecialTokens, *, ollama: str | None) -> Choice:
    """Without Jinja nothing can be rendered, but published templates are known by their hashes."""
    name = signatures().agree.get(signature(jinja))
    if name is None or (not tokens.adds_bos and "bos_token" in jinja):
        reason = "the GGUF's own template cannot be rendered without Jinja (pip install 'packllama[jinja]')"
        return Choice(ollama=ollama, reason=reason)
    format_ = FORMATS[name]
    return Choice(
        format=format_,
        level=Level.EXACT,
        template=format_.text(bos=tokens.bos, eos=tokens.eos),
        notes=("the GGUF's own template is known by its hash; without Jinja it was not rendered",),
        ollama=ollama,
    )


def _why_none(own: Mapping[str, Rendering]) -> str:
    question = own["u"]
    if isinstance(question, Refusal):
        return f"the GGUF's own template fails on a plain question: {question.message}"
    abilities = " and ".join(sorted(ability.value for ability in abilities_shown(own)))
    return f"no template of ours{abilities and f' with {abilities}'} renders what the GGUF's own does"


def _refusals(own: Mapping[str, Rendering], fit: Fit) -> Iterator[str]:
    refused = next((own[name] for name in ("su", "suau", "suasu") if isinstance(own[name], Refusal)), None)
    if isinstance(refused, Refusal):
        kind = "system messages" if refused is own["su"] else "a later system message"
        yield f"the GGUF's own template refuses {kind}: {refused.message}"
    elif fit.verdicts["suasu"] is Verdict.LEFT_OUT:
        yield "the GGUF's own template drops a later system message"


def _difference(template: Template, own: Mapping[str, Rendering], name: str) -> Iterator[str]:
    """Where the two part in a conversation; nothing for no conversation."""
    ours = rendered(template, PLAIN[name]) if name else None
    theirs = own.get(name)
    if isinstance(theirs, str) and ours is not None:
        at = len(commonprefix([theirs, ours]))  # noqa: RUF071  character by character is meant
        of_theirs, of_ours = (text[max(0, at - _SHOWN) : at + _SHOWN] for text in (theirs, ours))
        yield f"the GGUF's own template writes {of_theirs!r} where this one writes {of_ours!r}"
