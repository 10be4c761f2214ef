"""Whether TEMPLATE parses, what it loses of the GGUF's own template, and which stop words are never written."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os.path import commonprefix

from packllama.base.errors import TemplateError
from packllama.base.reading import open_plain
from packllama.base.stop import Stop
from packllama.catalog.abilities import Ability, abilities_of, abilities_shown
from packllama.catalog.choose import render_own
from packllama.catalog.conversations import PLAIN, THINKING, TOOLS, Request
from packllama.catalog.equality import same_by_value
from packllama.catalog.formats import FORMATS
from packllama.catalog.jinja import Refusal, Rendering, is_installed
from packllama.catalog.tokens import SpecialTokens, read_tokens
from packllama.catalog.verdict import rendered
from packllama.check.lint.files import Weights
from packllama.check.lint.remark import Remark, RemarkKind
from packllama.check.lint.source import Source
from packllama.gguf import chat_template, read_array
from packllama.modelfile import Command
from packllama.template import Template

_ALL = {**PLAIN, **TOOLS, **THINKING}
_SHOWING = {Ability.TOOLS: TOOLS, Ability.THINKING: THINKING}
_SYSTEM = {name: request for name, request in PLAIN.items() if request.has_system}
# Go says where in the template; the remark says where in the file.
_PLACE = re.compile(r"^template: (?::\d+(?::\d+)?: )?| \(line \d+, column \d+\)$")
# Characters before and after a difference.
_SHOWN = 24
# llama.cpp's number for tokens that are no text.
_CONTROL = 3
# The largest vocabularies of today have a quarter of it.
_MAX_TOKENS = 1 << 20


@dataclass(frozen=True, slots=True)
class _Own:
    """What the GGUF brings: its tokens, and what its own template renders; nothing when there is none."""

    tokens: SpecialTokens
    renderings: Mapping[str, Rendering]


def lint_template(source: Source, weights: Weights | None, *, stop: Stop) -> tuple[Sequence[Remark], Sequence[str]]:
    """The remarks, and what could not be looked at. ``weights`` are those of FROM, if there are any.

    Raises: Cancelled.
    """
    own, notes = _own(weights, stop=stop) if weights else (None, [])
    command = next((each for each in reversed(source.all("template")) if each.argument), None)
    text = command.argument if command else weights.template if weights else ""
    try:
        template = Template.parse(text) if text else None
    except TemplateError as error:
        return _unreadable(source, command, weights, error), notes
    remarks = list(_unused_stops(source, template, weights, own, stop=stop))
    if command and template:
        remarks += _failure(source, command, template, stop=stop)
        if own and own.renderings and not _has_renderer(source):
            remarks += _losses(source, command, template, own.renderings)
    return remarks, notes


def _own(weights: Weights, *, stop: Stop) -> tuple[_Own, list[str]]:
    descriptor = open_plain(weights.path, what="a GGUF file")
    try:
        tokens = read_tokens(descriptor, weights.gguf, where=str(weights.path), stop=stop)
    finally:
        os.close(descriptor)
    jinja = chat_template(weights.gguf)
    if not jinja:
        return _Own(tokens, {}), []
    if not is_installed():
        return _Own(tokens, {}), ["not compared with the GGUF's own template: pip install 'packllama[jinja]'"]
    try:
        renderings = render_own(jinja, tokens, stop=stop)
    except TemplateError as error:
        return _Own(tokens, {}), [f"not compared with the GGUF's own template, which {error.message}"]
    if isinstance(renderings["u"], Refusal):
        why = f"fails on a plain question: {renderings['u'].message}"
        return _Own(tokens, {}), [f"not compared with the GGUF's own template, which {why}"]
    return _Own(tokens, renderings), []


def _unreadable(
    source: Source, command: Command | None, weights: Weights | None, error: TemplateError
) -> Sequence[Remark]:
    if command:
        return [_broken(source, command, error)]
    if weights is None or _has_renderer(source):
        return []
    message = f"this model cannot be run, because its TEMPLATE does not parse: {error.message}"
    at = source.at_value(weights.command)
    return [source.remark(RemarkKind.BAD_TEMPLATE, at, message, "Write a TEMPLATE of your own.")]


def _has_renderer(source: Source) -> bool:
    return any(each.argument for each in source.all("renderer"))


def _broken(source: Source, command: Command, error: TemplateError, *, doing: str = "does not parse") -> Remark:
    lines = command.argument.split("\n")[: max(0, error.line - 1)]
    index = sum(len(line) + 1 for line in lines) + max(0, error.column - 1)
    message = f"the template {doing}: {_PLACE.sub('', error.message)}"
    return source.remark(RemarkKind.BAD_TEMPLATE, source.at_value(command, index), message, error.hint)


def _failure(source: Source, command: Command, template: Template, *, stop: Stop) -> Iterator[Remark]:
    """On the first conversation that it fails on."""
    for request in _ALL.values():
        stop.check()
        try:
            template.render(request.as_messages(), tools=request.as_tools(), think=request.think)
        except TemplateError as error:
            yield _broken(source, command, error, doing=f"fails on {_called(request)}")
            return


def _losses(source: Source, command: Command, template: Template, own: Mapping[str, Rendering]) -> Iterator[Remark]:
    if not _shows_system(rendered(template, _ALL["su"])) and _shows_system(own["su"]):
        yield _loss(source, command, template, own, "the system message", _SYSTEM)
    lost = abilities_shown(own) - abilities_of(template)
    for ability in sorted(lost, key=lambda each: each.value):
        yield _loss(source, command, template, own, ability.value, _SHOWING[ability])


def _shows_system(rendering: Rendering | None) -> bool:
    return isinstance(rendering, str) and str(_ALL["su"].messages[0]["content"]) in rendering


def _loss(
    source: Source,
    command: Command,
    template: Template,
    own: Mapping[str, Rendering],
    what: str,
    requests: Mapping[str, Request],
) -> Remark:
    return source.remark(
        RemarkKind.LOST,
        source.at_value(command),
        f"the template loses {what}, which the GGUF's own template has{_first_difference(template, own, requests)}",
        "Leave TEMPLATE out and the GGUF's own is used, or one of ours that loses nothing.",
    )


def _first_difference(template: Template, own: Mapping[str, Rendering], requests: Mapping[str, Request]) -> str:
    for name, request in requests.items():
        theirs, ours = own[name], rendered(template, request) or ""
        if isinstance(theirs, str) and not same_by_value(theirs, ours):
            at = max(0, len(commonprefix([theirs, ours])) - _SHOWN)  # noqa: RUF071 - these are no paths
            shown = [repr(text[at : at + 2 * _SHOWN]) for text in (theirs, ours)]
            return f": for {_called(request)}, the one writes {shown[0]}, this one {shown[1]}"
    return ""


def _called(request: Request) -> str:
    """A conversation, by who speaks."""
    tools = " with tools" if request.tools else ""
    thinking = "" if request.think is None else ", thinking" if request.think else ", not thinking"
    return f"a conversation of {', '.join(str(turn['role']) for turn in request.messages)}{tools}{thinking}"


def _unused_stops(
    source: Source, template: Template | None, weights: Weights | None, own: _Own | None, *, stop: Stop
) -> Iterator[Remark]:
    stops = source.all("stop")
    texts = _texts(template, own) if stops else []
    words = {command.argument for command in stops}
    unused = {word for word in words if texts and not any(word in text for text in texts)}
    if unused:
        unused -= _stops_of_ours(template, own) | (_control_tokens(weights, stop=stop) if weights else set())
    for command in stops:
        stop.check()
        if command.argument in unused:
            yield source.remark(
                RemarkKind.UNUSED_STOP,
                source.at_value(command),
                "the template never writes this stop word, so the model hardly will",
                "Check the spelling, or remove the line.",
            )


def _texts(template: Template | None, own: _Own | None) -> list[str]:
    """All that is written around a conversation, as far as it can be told."""
    if template is not None:
        return [template.text, *(rendered(template, request) or "" for request in _ALL.values())]
    return [text for text in own.renderings.values() if isinstance(text, str)] if own else []


def _stops_of_ours(template: Template | None, own: _Own | None) -> set[str]:
    """Some formats of Ollama's catalogue have stop words that they never write."""
    bos, eos = (own.tokens.bos, own.tokens.eos) if own else ("", "")
    same = [each for each in FORMATS.values() if template and template.text == each.text(bos=bos, eos=eos)]
    return {bos, eos}.union(*(each.stops for each in same))


def _control_tokens(weights: Weights, *, stop: Stop) -> set[str]:
    """The tokens that are no text: a model ends its answer with one, whatever a template writes."""
    gguf, where = weights.gguf, str(weights.path)
    texts, types = gguf.array("tokenizer.ggml.tokens"), gguf.array("tokenizer.ggml.token_type")
    if texts is None or types is None or max(texts.count, types.count) > _MAX_TOKENS:
        return set()
    descriptor = open_plain(weights.path, what="a GGUF file")
    try:
        kinds = read_array(descriptor, types, size=gguf.size, where=where, stop=stop)
        tokens = read_array(descriptor, texts, size=gguf.size, where=where, stop=stop)
    finally:
        os.close(descriptor)
    return {str(token) for token, kind in zip(tokens, kinds, strict=False) if kind == _CONTROL}
