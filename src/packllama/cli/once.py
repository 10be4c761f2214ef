"""What ``run`` prints when it is asked once: an answer or a vector, as text or as a JSON document."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from packllama import gojson
from packllama.base.errors import UsageError
from packllama.cli.chat.printer import print_answer
from packllama.cli.door import Door
from packllama.engine import AnswerFormat, Chunk, Done, LoadedModel
from packllama.float32 import shortest_float32
from packllama.prompt import GenerateRequest


def needs_text(name: str) -> UsageError:
    """What is said of an embedding model of this name that is given nothing to read."""
    example = f'packllama run {name} "your text here"'
    return UsageError("an embedding model needs a text", where=name, hint=f"For example: {example}.")


@dataclass(frozen=True, slots=True)
class Once:
    """A loaded model, and how its one answer is shown."""

    door: Door
    model: LoadedModel
    wordwrap: bool
    hide_thinking: bool
    verbose: bool

    def answer(self, request: GenerateRequest, *, answer_format: AnswerFormat | None) -> None:
        """Print the answer as it comes. Without a prompt the model is only loaded, as Ollama does it."""
        began = time.monotonic() - self.model.load_seconds
        chunks: Iterator[Chunk] = iter(())
        if request.prompt or request.images:
            chunks = self.model.generate(request, answer_format=answer_format, stop=self.door.stop)
        if self.door.as_json:
            done = self._document(chunks)
        else:
            done = print_answer(self.door, chunks, wordwrap=self.wordwrap, hide_thinking=self.hide_thinking)
        if done and self.verbose:
            from packllama.cli.timings import timings

            total = time.monotonic() - began
            self.door.say_lines(timings(done, total_seconds=total, load_seconds=self.model.load_seconds))

    def vector(self, text: str, *, dimensions: int, truncate: bool) -> None:
        """Print the vector of a text on one line."""
        name = self.model.prompts.name.short
        if not text:
            raise needs_text(name)
        vector = self.model.embed(text, dimensions=dimensions, truncate=truncate, stop=self.door.stop)
        numbers = [shortest_float32(number) for number in vector]
        if self.door.as_json:
            self.door.result_json({"model": name, "embedding": numbers})
        else:
            self.door.result(gojson.encode(numbers) + "\n")

    def _document(self, chunks: Iterator[Chunk]) -> Done | None:
        thinking, text, done = "", "", None
        for chunk in chunks:
            thinking, text, done = thinking + chunk.thinking, text + chunk.text, chunk.done
        self.door.result_json(
            {
                "model": self.model.prompts.name.short,
                "response": text,
                "thinking": thinking,
                "done_reason": done.reason.value if done else "load",
                "load_seconds": self.model.load_seconds,
                "prompt_eval_count": done.prompt_count if done else 0,
                "prompt_eval_seconds": done.prompt_seconds if done else 0,
                "eval_count": done.eval_count if done else 0,
                "eval_seconds": done.eval_seconds if done else 0,
            }
        )
        return done
