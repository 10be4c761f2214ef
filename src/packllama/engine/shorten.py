"""A prompt that is longer than the context, cut down as Ollama does it: the beginning stays, and the end."""

from collections.abc import Sequence


def is_too_long(count: int, *, context: int) -> bool:
    """Whether so many tokens leave no room for a single one of an answer."""
    return count > context - 1


def shortened(tokens: Sequence[int], *, context: int, keep: int) -> list[int]:
    """The tokens without their middle, so that about half of what follows the first ``keep`` is free for the answer.

    ``keep`` below 0 stands for all of them; room for one token of the answer is always made.
    """
    kept = min(keep if keep >= 0 else len(tokens), context - 1)
    remaining = context - max((context - kept) // 2, 1)
    return [*tokens[:kept], *tokens[len(tokens) - (remaining - kept) :]]
