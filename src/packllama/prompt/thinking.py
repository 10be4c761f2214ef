"""An answer, told apart into thinking and content while it streams (templates B.10)."""

from enum import Enum, auto

from packllama.base.white import WHITE


class _Phase(Enum):
    BEFORE = auto()
    THINKING = auto()
    CONTENT = auto()


class ThinkingParser:
    """Splits the pieces of one answer at its thinking tags, wherever the pieces are cut.

    The opening tag counts at the very beginning only, white space aside; the first closing tag ends the thinking,
    and later tags are content. White space directly after either tag is dropped. ``primed``: the prompt already ended
    with the opening tag, so the answer begins with thinking. Both tags are without surrounding white space, not empty.

    The work is linear in the answer, for tags of a few characters.
    """

    def __init__(self, opening: str, closing: str, *, primed: bool = False) -> None:
        self._opening = opening
        self._closing = closing
        self._phase = _Phase.BEFORE
        self._blanks: list[str] = []
        # What may turn out to be the beginning of a tag.
        self._held = ""
        self._trimming = False
        if primed:
            self._enter(_Phase.THINKING)

    def feed(self, text: str) -> tuple[str, str]:
        """The thinking and the content that the next piece of the answer brings."""
        thinking = ""
        if self._phase is _Phase.BEFORE:
            text = self._look(text)
        if self._phase is _Phase.THINKING:
            thinking, text = self._think(text)
        return thinking, self._trimmed(text)

    def close(self) -> tuple[str, str]:
        """The thinking and the content that were held back when the answer ended.

        They are the beginning of a tag that never came whole, and blanks before anything else. Ollama loses them.
        """
        held, self._held = self._held, ""
        if self._phase is _Phase.THINKING:
            return held, ""
        blanks, self._blanks = "".join(self._blanks), []
        return "", blanks + held

    def _look(self, text: str) -> str:
        """What comes after the opening tag, or everything when there is none."""
        if not self._held:
            unindented = text.lstrip(WHITE)
            self._blanks.append(text[: len(text) - len(unindented)])
            text = unindented
        text = self._held + text
        if self._opening.startswith(text) and text != self._opening:
            self._held = text
            return ""
        self._held = ""
        blanks, self._blanks = "".join(self._blanks), []
        if text.startswith(self._opening):
            self._enter(_Phase.THINKING)
            return text.removeprefix(self._opening)
        self._phase = _Phase.CONTENT
        return blanks + text

    def _think(self, text: str) -> tuple[str, str]:
        """The thinking, and what comes after the closing tag."""
        thinking, closing, rest = self._trimmed(self._held + text).partition(self._closing)
        if closing:
            self._held = ""
            self._enter(_Phase.CONTENT)
            return thinking, rest
        cut = _beginning(self._closing, thinking)
        self._held = thinking[cut:]
        return thinking[:cut], ""

    def _enter(self, phase: _Phase) -> None:
        self._phase = phase
        self._trimming = True

    def _trimmed(self, text: str) -> str:
        if self._trimming:
            text = text.lstrip(WHITE)
            self._trimming = not text
        return text


def _beginning(tag: str, text: str) -> int:
    """Where a beginning of the tag stands at the text's end; the text's length if none does."""
    at = max(0, len(text) - len(tag) + 1)
    while (at := text.find(tag[0], at)) >= 0:
        if tag.startswith(text[at:]):
            return at
        at += 1
    return len(text)
