"""What of a conversation fits into the context."""

from collections.abc import Callable, Sequence

from packllama.message import Message

# What Ollama takes an image for, whatever its size.
IMAGE_TOKENS = 768


def fit(
    messages: Sequence[Message], *, fits: Callable[[Sequence[Message], Sequence[Message]], bool]
) -> tuple[Sequence[Message], Sequence[Message]]:
    """Leave out the oldest messages, one by one, until the rest fits; the last one always stays.

    Returns the system messages among those left out, which are kept, and the rest. ``fits`` is asked for such a pair.
    """
    first = 0
    while first < len(messages) - 1 and not fits(_systems(messages[:first]), messages[first:]):
        first += 1
    return _systems(messages[:first]), messages[first:]


def _systems(messages: Sequence[Message]) -> Sequence[Message]:
    return [message for message in messages if message.role == "system"]
