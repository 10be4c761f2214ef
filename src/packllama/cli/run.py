"""``packllama run``: one answer."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from packllama.base.errors import BadInput, NotSupported, UsageError
from packllama.base.terminal import escaped
from packllama.cli import complete
from packllama.cli.door import Door, Progress
from packllama.cli.options import common, pass_door
from packllama.engine import Chunk, loaded
from packllama.name import ModelName, Source, split_source

# No model of today reads more than some millions of tokens.
_STDIN_LIMIT = 64 << 20


@click.command("run")
@click.argument("name", shell_complete=complete.names)
@click.argument("prompt", nargs=-1)
@click.option("--engine", type=click.Path(path_type=Path), help="A llama-server program to use as the engine.")
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
    question = _question(prompt)
    with (
        Progress(door, f"loading {model.short}") as progress,
        loaded(
            door.store(),
            model,
            engine=engine or door.settings.engine,
            context=door.settings.context_length,
            load_timeout=door.settings.load_timeout_seconds,
            observer=progress,
            stop=door.stop,
        ) as running,
    ):
        if not question:
            return
        chunks = running.ask(question, stop=door.stop)
        if door.as_json:
            _print_document(door, model, chunks)
        else:
            _stream(door, chunks)


def _question(words: tuple[str, ...]) -> str:
    if sys.stdin.isatty():
        if not words:
            raise UsageError(
                "there is no prompt", hint="Give one: packllama run NAME 'Why is the sky blue?' (or pipe it in)."
            )
        return " ".join(words)
    piped = sys.stdin.buffer.read(_STDIN_LIMIT + 1)
    if len(piped) > _STDIN_LIMIT:
        raise BadInput(f"more than {_STDIN_LIMIT:,} bytes", where="<stdin>")
    text = piped.decode("utf-8", errors="replace")
    return " ".join([text, *words] if text else words)


def _stream(door: Door, chunks: Iterator[Chunk]) -> None:
    on_terminal = sys.stdout.isatty()
    for chunk in chunks:
        door.result(escaped(chunk.text, keep="\n\t") if on_terminal else chunk.text)
        sys.stdout.flush()
    door.result("\n\n")


def _print_document(door: Door, model: ModelName, chunks: Iterator[Chunk]) -> None:
    pieces, done = [], None
    for chunk in chunks:
        pieces.append(chunk.text)
        done = chunk.done
    document: dict[str, object] = {"model": model.short, "response": "".join(pieces)}
    if done is not None:
        document |= {
            "done_reason": done.reason.value,
            "prompt_eval_count": done.prompt_count,
            "eval_count": done.eval_count,
        }
    door.result_json(document)
