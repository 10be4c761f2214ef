"""``packllama run``: one answer."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from packllama.base.errors import NotSupported, UsageError
from packllama.base.stop import Stop
from packllama.cli import complete
from packllama.cli.door import Door, Progress
from packllama.cli.options import PlacePath, common, pass_door
from packllama.cli.stdin import read_stdin
from packllama.engine import Chunk, loaded
from packllama.name import ModelName, Source, split_source

# No model of today reads more than some millions of tokens.
_STDIN_LIMIT = 64 << 20


@click.command("run")
@click.argument("name", shell_complete=complete.names)
@click.argument("prompt", nargs=-1)
@click.option("--engine", type=PlacePath(path_type=Path), help="A llama-server program to use as the engine.")
@common
@pass_door
def command(door: Door, name: str, prompt: tuple[str, ...], engine: Path | None) -> None:
    """Answer PROMPT with the model NAME. What is piped in stands before the words of PROMPT.

    Nothing is downloaded: a model that is not in the store is an error.
    """
    text, source = split_source(name)
    if source is Source.CLOUD:
        raise NotSupported("models that run elsewhere are not supported", where=name)
    model = ModelName.parse(text)
    question = _question(prompt, stop=door.stop)
    with (
        Progress(door, f"loading {model.short}") as progress,
        loaded(
            door.store(),
            model,
            engine=engine or door.settings.engine,
            context=door.settings.context_length,
            load_timeout=door.settings.load_timeout_seconds,
            go_template=door.settings.go_template,
            observer=progress,
            stop=door.stop,
        ) as running,
    ):
        # Without a question the model is only loaded, as Ollama does it.
        chunks = running.ask(question, stop=door.stop) if question else iter(())
        if door.as_json:
            _print_document(door, model, chunks)
        else:
            _stream(door, chunks)


def _question(words: tuple[str, ...], *, stop: Stop) -> str:
    if sys.stdin.isatty():
        if not words:
            raise UsageError(
                "there is no prompt", hint="Give one: packllama run NAME 'Why is the sky blue?' (or pipe it in)."
            )
        return " ".join(words)
    text = read_stdin(_STDIN_LIMIT, stop=stop).decode("utf-8", errors="replace")
    return " ".join([text, *words] if text else words)


def _stream(door: Door, chunks: Iterator[Chunk]) -> None:
    answered = False
    for chunk in chunks:
        answered = True
        door.result(chunk.text)
    if answered:
        door.result("\n\n")


def _print_document(door: Door, model: ModelName, chunks: Iterator[Chunk]) -> None:
    pieces, reason, prompt_count, eval_count = [], "load", 0, 0
    for chunk in chunks:
        pieces.append(chunk.text)
        if chunk.done is not None:
            reason, prompt_count, eval_count = chunk.done.reason.value, chunk.done.prompt_count, chunk.done.eval_count
    door.result_json(
        {
            "model": model.short,
            "response": "".join(pieces),
            "done_reason": reason,
            "prompt_eval_count": prompt_count,
            "eval_count": eval_count,
        }
    )
