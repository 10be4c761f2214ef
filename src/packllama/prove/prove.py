"""``prove``: verify a model, load it, let it answer once."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from packllama import __version__
from packllama.base.errors import Busy, Cancelled, EngineFailed, IntegrityError, NoRights, PackLlamaError
from packllama.base.observer import SILENT, Observer
from packllama.base.settings import LOAD_TIMEOUT_SECONDS
from packllama.base.stop import Stop
from packllama.check.verify.verify import VerifyReport, verify
from packllama.dialect import Derived
from packllama.digest import Digest
from packllama.engine import Chunk, LoadedModel, loaded
from packllama.gguf import chat_template, open_gguf
from packllama.manifest import LayerKind, Manifest
from packllama.name import ModelName
from packllama.places.store import Store, layer_paths
from packllama.prompt import GenerateRequest
from packllama.prove.machine import Machine
from packllama.prove.receipt import Answer, Receipt, TemplateSource, UsedTemplate, Vector

# A person sees at a glance whether the answer makes sense, and it is long enough to take the model's speed by.
QUESTION = "Which city is the capital of France, and what is it known for?"
# The same answer each time, and soon the end of one that has none.
OPTIONS = {"temperature": 0, "seed": 1, "num_predict": 64}


def prove(
    store: Store,
    name: ModelName,
    *,
    engine: Path | None = None,
    context: int | None = None,
    load_timeout: float = LOAD_TIMEOUT_SECONDS,
    go_template: bool | None = None,
    derived: Derived | None = None,
    observer: Observer = SILENT,
    stop: Stop | None = None,
    clock: Callable[[], float] = time.time,
) -> Receipt:
    """Read every byte of a model, load it and ask it one question. The store is only read.

    A model that is not whole is not loaded. What is wrong with it, or with the engine, is the receipt's ``error``. The
    options are those of :func:`packllama.engine.loaded`; ``clock`` gives the seconds since 1970.

    Raises:
        ModelNotFound: there is no such model.
        Cancelled: ``stop`` was set. Nothing is left running.
    """
    stop = stop or Stop()
    name = store.canonical(name)
    # Read before the bytes are: what is loaded later has to be the same.
    manifest = _manifest(store, name)
    report = verify(store, [name], observer=observer, stop=stop)
    date = datetime.fromtimestamp(clock(), UTC)
    receipt = Receipt(date, __version__, Machine.this(), name, manifest, findings=report.findings)
    if error := _refusal(report, name):
        return replace(receipt, error=error)
    try:
        with loaded(
            store,
            name,
            engine=engine,
            context=context,
            load_timeout=load_timeout,
            go_template=go_template,
            derived=derived,
            observer=observer,
            stop=stop,
        ) as running:
            for step in _asked(receipt, store, running, stop=stop):
                receipt = step
    except Cancelled:
        raise
    except PackLlamaError as error:
        return replace(receipt, error=error)
    return receipt


def _manifest(store: Store, name: ModelName) -> Manifest | None:
    """None when it cannot be read; verifying says why."""
    try:
        return store.model(name).manifest
    except PackLlamaError:
        return None


def _refusal(report: VerifyReport, name: ModelName) -> PackLlamaError | None:
    """Why a model is not to be loaded. Other findings do not keep it from answering."""
    hint = report.findings[0].hint if report.findings else ""
    if report.broken:
        return IntegrityError("the model is not whole, so it was not loaded", where=name.short, hint=hint)
    if report.forbidden:
        return NoRights("not every byte may be read, so it was not loaded", where=name.short, hint=hint)
    return _replaced(name) if report.changed else None


def _replaced(name: ModelName) -> Busy:
    hint = "Prove it again when nothing else works in this store."
    return Busy("the model was replaced or removed meanwhile", where=name.short, hint=hint)


def _asked(receipt: Receipt, store: Store, running: LoadedModel, *, stop: Stop) -> Iterator[Receipt]:
    """The receipt after each step with a loaded model. An error leaves it as it was after the last one."""
    name = receipt.name
    receipt = replace(receipt, engine=running.engine.version, load_seconds=running.load_seconds)
    yield receipt
    if running.parts.model.manifest != receipt.manifest:
        raise _replaced(name)
    if running.is_embedding:
        receipt = replace(receipt, prompt=QUESTION)
        yield receipt
        yield replace(receipt, vector=Vector.of(running.embed(QUESTION, stop=stop), where=name.short))
        return
    receipt = replace(receipt, template=_template(store, running))
    yield receipt
    request = GenerateRequest(QUESTION)
    receipt = replace(receipt, prompt=running.generate_prompt(request, stop=stop).text)
    yield receipt
    answer = _answer(running.generate(request, options=OPTIONS, stop=stop))
    yield replace(receipt, answer=answer)
    if not (answer.text + answer.thinking).strip():
        hint = f"Does its template fit? 'packllama show --template {name.short}' prints it."
        raise EngineFailed("the answer is empty", where=name.short, hint=hint)


def _template(store: Store, running: LoadedModel) -> UsedTemplate:
    model = running.parts.model
    if running.prompts.template is None:
        gguf = open_gguf(layer_paths(store, model, LayerKind.MODEL)[-1])
        return UsedTemplate(TemplateSource.GGUF, Digest.of((chat_template(gguf) or "").encode()))
    layers = list(model.manifest.of_kind(LayerKind.TEMPLATE, LayerKind.PROMPT))
    return UsedTemplate(TemplateSource.MODEL, layers[-1].digest) if layers else UsedTemplate(TemplateSource.NONE, None)


def _answer(chunks: Iterator[Chunk]) -> Answer:
    pieces = list(chunks)
    done = pieces[-1].done if pieces else None
    if done is None:
        raise EngineFailed("the answer has no end")
    return Answer("".join(each.text for each in pieces), "".join(each.thinking for each in pieces), done)
