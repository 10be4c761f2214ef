"""An answer while it streams: thinking told from content, and held to a format once the thinking is over."""

import json
from collections.abc import Callable, Iterator

from packllama.base.errors import EngineFailed
from packllama.base.white import WHITE
from packllama.engine.answer import Chunk, DoneReason
from packllama.prompt import Prompt, ThinkingParser


def separated(chunks: Iterator[Chunk], parser: ThinkingParser | None) -> Iterator[Chunk]:
    """The same answer with its thinking in ``thinking``; as it is without a parser."""
    if parser is None:
        yield from chunks
        return
    for chunk in chunks:
        thinking, text = parser.feed(chunk.text)
        if chunk.done:
            last_thinking, last_text = parser.close()
            yield Chunk(text + last_text, chunk.done, thinking + last_thinking)
        elif thinking or text:
            yield Chunk(text, thinking=thinking)


def after_thinking(
    prompt: Prompt, *, free: Callable[[str], Iterator[Chunk]], shaped: Callable[[str], Iterator[Chunk]]
) -> Iterator[Chunk]:
    """An answer that thinks freely and then keeps to a format: the engine is asked twice, as Ollama does it.

    ``free`` and ``shaped`` are the engine's completions of a text without and with the format.
    """
    text = prompt.text
    if parser := prompt.thinking_parser():
        said = ""
        for chunk in free(prompt.text):
            said += chunk.text
            thinking, content = parser.feed(chunk.text)
            if thinking:
                yield Chunk("", thinking=thinking)
            if chunk.done and chunk.done.reason is DoneReason.LENGTH:
                # No room is left for an answer.
                yield Chunk("", chunk.done, thinking=parser.close()[0])
                return
            if content or chunk.done:
                break
        text += _through_closing(said, prompt)
    yield from shaped(text)


def whole_json(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The same answer, whose text is known to be JSON when it was not cut off.

    Raises: EngineFailed, at the end.
    """
    text = ""
    for chunk in chunks:
        text += chunk.text
        if chunk.done and chunk.done.reason is DoneReason.STOP:
            _check_json(text)
        yield chunk


def _through_closing(said: str, prompt: Prompt) -> str:
    """What the engine said up to the end of its thinking; empty when it did not think."""
    opening, closing = prompt.thinking_marks or ("", "")
    before = said.partition(closing)[0]
    begun = prompt.thinking_begun or before.lstrip(WHITE).startswith(opening)
    return before + closing if begun else ""


def _check_json(text: str) -> None:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EngineFailed(
            f"the engine did not keep to the format: {error}",
            hint="The engine may be too old for formats: pip install -U 'packllama[engine]'.",
        ) from error
