"""``packllama run``: a conversation on a terminal, or one answer."""

import sys
from functools import partial
from pathlib import Path

import click

from packllama.base.errors import NotSupported, UsageError
from packllama.chat import named_pictures
from packllama.cli import complete
from packllama.cli.door import Door
from packllama.cli.flags import BareFlags, GoDuration, ThinkType
from packllama.cli.loading import loaded_for
from packllama.cli.looking import taken
from packllama.cli.once import Once, needs_text
from packllama.cli.options import PlacePath, common, pass_door
from packllama.cli.stdin import read_stdin
from packllama.engine import AnswerFormat, Residence, has_eyes
from packllama.name import ModelName, Source, split_source
from packllama.prompt import GenerateRequest
from packllama.template import Think

# No model of today reads more than some millions of tokens.
_STDIN_LIMIT = 64 << 20


@click.command("run", cls=BareFlags, bare={"--think": "true", "--truncate": "true"})
@click.argument("name", shell_complete=complete.names)
@click.argument("prompt", nargs=-1)
@click.option("--engine", type=PlacePath(path_type=Path), help="A llama-server program to use as the engine.")
@click.option("--format", "shape", metavar="json|SCHEMA", help="Have the answer in JSON, or as a JSON Schema says.")
@click.option("--think", type=ThinkType(), metavar="[=LEVEL]", help="Think: true, false, high, medium, low or max.")
@click.option("--hidethinking", is_flag=True, help="Do not print the thinking.")
@click.option("--keepalive", type=GoDuration(), help="Unload after so long a silence (5m); below 0: never.")
@click.option("--nowordwrap", is_flag=True, help="Do not wrap lines between words.")
@click.option("--verbose", is_flag=True, help="Print timings after each answer.")
@click.option("--dimensions", type=int, default=0, help="Print only so many numbers of a vector.")
@click.option("--truncate", type=bool, default=True, metavar="[=false]", help="Cut a text too long for a vector.")
@common
@pass_door
def command(
    door: Door,
    name: str,
    prompt: tuple[str, ...],
    engine: Path | None,
    shape: str | None,
    think: Think,
    hidethinking: bool,
    keepalive: float | None,
    nowordwrap: bool,
    verbose: bool,
    dimensions: int,
    truncate: bool,
) -> None:
    """Talk with the model NAME. With a PROMPT, or piped, it answers once.

    What is piped in stands before the words of PROMPT. A model with eyes looks at the pictures whose paths stand in
    the prompt; an embedding model prints the vector of the text. Nothing is downloaded: a model that is not in the
    store is an error.
    """
    text, source = split_source(name)
    if source is Source.CLOUD:
        raise NotSupported("models that run elsewhere are not supported", where=name)
    answer_format = AnswerFormat.parse(shape) if shape else None
    store = door.store()
    model = store.find(ModelName.parse(text))
    engine = engine or door.settings.engine
    load = partial(loaded_for, door, store, engine=engine)
    if not prompt and sys.stdin.isatty() and sys.stdout.isatty() and not door.as_json:
        from packllama.chat import Session
        from packllama.cli.chat.loop import converse

        residence = Residence(load, keep_alive=door.settings.keep_alive_seconds if keepalive is None else keepalive)
        with Session(
            store,
            model.name,
            residence=residence,
            engine=engine,
            go_template=door.settings.go_template,
            think=think,
            answer_format=answer_format,
        ) as session:
            if "embedding" in session.described.capabilities:
                raise needs_text(model.name.short)
            converse(door, session, wordwrap=not nowordwrap, hide_thinking=hidethinking, verbose=verbose)
        return
    question = _question(door, prompt)
    # What is wrong with them is better known before a large model is loaded.
    sees = bool(named_pictures(question)) and has_eyes(store, model, engine=engine)
    question, pictures = taken(door, question, name=model.name, sees=sees, stop=door.stop)
    if answer_format:
        answer_format.check(guided=engine is None)
    with load(model.name, stop=door.stop) as running:
        once = Once(door, running, wordwrap=not nowordwrap, hide_thinking=hidethinking, verbose=verbose)
        if running.is_embedding:
            once.vector(question, dimensions=dimensions, truncate=truncate)
        else:
            once.answer(GenerateRequest(question, images=pictures, think=think), answer_format=answer_format)


def _question(door: Door, words: tuple[str, ...]) -> str:
    if sys.stdin.isatty():
        if not words:
            raise UsageError(
                "there is no prompt", hint="Give one: packllama run NAME 'Why is the sky blue?' (or pipe it in)."
            )
        return " ".join(words)
    text = read_stdin(_STDIN_LIMIT, stop=door.stop).decode("utf-8", errors="replace")
    return " ".join([text, *words] if text else words)
