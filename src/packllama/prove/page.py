"""A receipt as one page of text: at most 80 columns, to be printed, and harmless on any terminal.

What a model or a file says stands indented, so that it cannot pass for what packllama says.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from packllama.base.terminal import columns, escaped
from packllama.check.finding import Finding
from packllama.engine import DoneReason
from packllama.manifest import Manifest
from packllama.prove.document import word_for
from packllama.prove.receipt import Answer, Receipt, Result, TemplateSource, UsedTemplate, Vector

_COLUMNS = 80
_LABEL = 12
# So that a hostile manifest, or a long system prompt, leaves it one page.
_MOST_LAYERS = 20
_MOST_FINDINGS = 5
_MOST_LINES = 12
_LONGEST_WORD = 60

_SENTENCES = {
    Result.PROVED: "Every byte is right, the model was loaded, and it answered.",
    Result.DAMAGED: "The model's bytes are not what they should be.",
    Result.FAILED: "It is not proved that the model works here.",
}
_TEMPLATES = {
    TemplateSource.MODEL: "the model's TEMPLATE",
    TemplateSource.GGUF: "the GGUF's own",
    TemplateSource.NONE: "none",
}
_ENDS = {DoneReason.STOP: "ended by itself", DoneReason.LENGTH: "cut off"}


def page(receipt: Receipt) -> str:
    """The page, each line with its newline."""
    blocks = [_head(receipt), _facts(receipt), _layers(receipt.manifest), _findings(receipt.findings)]
    blocks.append(_text("asked", receipt.prompt))
    if answer := receipt.answer:
        blocks += [_text("thought", answer.thinking), _text("answered", answer.text)]
    filled = ["".join(f"{line}\n" for line in lines) for lines in map(list, blocks) if lines]
    return "\n".join(filled)


def _head(receipt: Receipt) -> Iterator[str]:
    yield f"{receipt.result.upper()}  {receipt.name.short}"
    yield ""
    yield _SENTENCES[receipt.result]
    if receipt.error:
        yield from _wrapped(receipt.error.sentence, indent=4)
        yield from _wrapped(receipt.error.hint, indent=4)


def _facts(receipt: Receipt) -> Iterator[str]:
    machine, manifest = receipt.machine, receipt.manifest
    yield from _fact("date", f"{receipt.date:%Y-%m-%d %H:%M:%S} UTC")
    yield from _fact("packllama", receipt.version)
    yield from _fact("engine", receipt.engine)
    yield from _fact("machine", f"{machine.host}, {machine.system} {machine.release} {machine.architecture}")
    yield from _fact("processors", f"{machine.processors} × {machine.processor or machine.architecture}")
    yield from _fact("memory", f"{machine.memory:,} bytes")
    yield from _fact("digest", manifest.digest.hex if manifest else "")
    if receipt.template:
        yield from _template(receipt.template)
    if receipt.load_seconds is not None:
        yield from _fact("loaded", f"in {receipt.load_seconds:.2f} s")
    if receipt.answer:
        yield from _figures(receipt.answer)
    if receipt.vector:
        yield from _vector(receipt.vector)


def _template(template: UsedTemplate) -> Iterator[str]:
    yield from _fact("template", _TEMPLATES[template.source])
    if template.digest:
        yield from _fact("", template.digest.hex)


def _figures(answer: Answer) -> Iterator[str]:
    done = answer.done
    yield from _fact("prompt", _figure(done.prompt_count, done.prompt_seconds, answer.prompt_rate))
    figure = _figure(done.eval_count, done.eval_seconds, answer.eval_rate)
    yield from _fact("answer", f"{figure}, {_ENDS[done.reason]}")


def _figure(count: int, seconds: float, rate: float | None) -> str:
    return f"{count:,} tokens in {seconds:.2f} s" + (f", {rate:,.1f} a second" if rate is not None else "")


def _vector(vector: Vector) -> Iterator[str]:
    numbers = " ".join(f"{number:.6f}" for number in vector.first)
    yield from _fact("vector", f"{vector.dimensions:,} numbers, of length {vector.norm:.4f}: {numbers} …")


def _layers(manifest: Manifest | None) -> Iterator[str]:
    layers = manifest.layers_and_config if manifest else ()
    for layer in layers[:_MOST_LAYERS]:
        what = word_for(layer, manifest)[:_LONGEST_WORD] if manifest else ""
        yield from _wrapped(f"{what}, {layer.size:,} bytes", indent=0)
        yield f"    {layer.digest}"
    yield from _rest(len(layers) - _MOST_LAYERS, "layers")


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings[:_MOST_FINDINGS]:
        what = f"{', '.join(finding.roles)} " if finding.roles else ""
        yield from _wrapped(f"{what}{finding.kind.replace('-', ' ')}", indent=0)
        yield from _wrapped(str(finding.path), indent=4)
        yield from _wrapped(finding.message, indent=4)
    yield from _rest(len(findings) - _MOST_FINDINGS, "findings")


def _rest(count: int, what: str) -> Iterator[str]:
    if count > 0:
        yield f"… and {count:,} more {what}"


def _text(label: str, text: str) -> Iterator[str]:
    """What somebody wrote, under a label; nothing for nothing."""
    if not text:
        return
    yield label
    lines = (row for line in text.strip("\n").split("\n") for row in _wrapped(line, indent=4))
    yield from islice(lines, _MOST_LINES)
    if next(lines, None) is not None:
        yield "    …"


def _fact(label: str, text: str) -> Iterator[str]:
    """A label and what is to be said; nothing for nothing."""
    for number, line in enumerate(_wrapped(text, indent=_LABEL) if text else ()):
        yield label.ljust(_LABEL) + line.lstrip() if number == 0 else line


def _wrapped(text: str, *, indent: int) -> Iterator[str]:
    """Lines of at most 80 columns, made harmless, broken at spaces where there are some."""
    line = ""
    for character in escaped(text):
        line += character
        if columns(line) > _COLUMNS - indent:
            head, _, tail = line.rpartition(" ")
            head, line = (head, tail) if head.strip() else (line[:-1], character)
            yield " " * indent + head
    yield (" " * indent + line).rstrip()
