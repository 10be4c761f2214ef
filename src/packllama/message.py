"""One turn of a conversation."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """``role`` is ``system``, ``user`` or ``assistant``; stored models may hold others."""

    role: str
    content: str
