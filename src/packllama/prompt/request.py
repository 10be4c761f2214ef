"""What a model is asked, and what it is given to read."""

from dataclasses import dataclass

from packllama.base.white import WHITE
from packllama.message import Message
from packllama.prompt.thinking import ThinkingParser
from packllama.template import Think
from packllama.tool import Tool


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The next turn of a conversation. ``tools``: None when the request does not speak of them.

    ``think``: None leaves it to what the model can do. ``truncate``: drop the oldest turns that do not fit.
    """

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] | None = None
    think: Think = None
    truncate: bool = True


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """The answer to one prompt. Empty texts are not given; an empty ``system`` or ``template`` is the model's own.

    ``suffix`` is what follows the text to be filled in. ``raw``: the prompt goes in as it is. ``context`` is the text
    of an earlier exchange, which the new prompt follows.
    """

    prompt: str
    suffix: str = ""
    system: str = ""
    template: str = ""
    images: tuple[bytes, ...] = ()
    context: str | None = None
    raw: bool = False
    think: Think = None
    truncate: bool = True


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the engine reads. In ``text``, ``[img-N]`` is where the image of index N stands.

    ``thinking_marks`` stand around the thinking that the answer may begin with; None when none is expected.
    """

    text: str
    images: tuple[bytes, ...] = ()
    thinking_marks: tuple[str, str] | None = None

    @property
    def thinking_begun(self) -> bool:
        """The text ends where thinking begins, so the answer does not open it."""
        return self.thinking_marks is not None and self.text.strip(WHITE).endswith(self.thinking_marks[0])

    def thinking_parser(self) -> ThinkingParser | None:
        """What tells the answer's thinking from its content; None when none is expected."""
        return ThinkingParser(*self.thinking_marks, primed=self.thinking_begun) if self.thinking_marks else None
