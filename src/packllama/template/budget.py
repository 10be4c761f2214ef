"""Bounds on one rendering: a template may come from anybody."""

from packllama.base.errors import TemplateError

# A hostile template gets as far as this in well under a second. Whoever renders a conversation adds what a template
# may take for each of its messages.
MAX_STEPS = 400_000
# The largest contexts hold some ten million tokens of about four bytes.
MAX_BYTES = 64 << 20
# Blocks and templates inside each other: each takes two frames of Python's stack of a thousand. A template that goes
# down into nested data calls itself some ten times.
MAX_DEPTH = 200


class OverBudget(TemplateError):
    """A template asked for more steps, depth or bytes than a rendering may take."""


class Budget:
    """What is left of steps and bytes. One for each rendering; not for two threads."""

    __slots__ = ("bytes_left", "steps_left")

    def __init__(self, *, steps: int = MAX_STEPS, size: int = MAX_BYTES) -> None:
        self.steps_left = steps
        self.bytes_left = size

    def step(self, count: int = 1) -> None:
        """Raises: OverBudget."""
        self.steps_left -= count
        if self.steps_left < 0:
            raise OverBudget("the template's budget of steps is used up: it loops too long")

    def grow(self, size: int) -> None:
        """Account for a text or list about to be made, before it is made. Raises: OverBudget."""
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise OverBudget("the template's budget of bytes is used up: it writes too much")
