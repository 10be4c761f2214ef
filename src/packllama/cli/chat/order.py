"""A command as it was typed, and what it is about."""

from dataclasses import dataclass

from packllama.base.errors import NotSupported, UsageError
from packllama.base.stop import Stop
from packllama.cli.chat.conversation import Conversation
from packllama.name import ModelName, Source, split_source


@dataclass(frozen=True, slots=True)
class Order:
    """A line that begins with a slash. ``stop`` ends what it sets off."""

    conversation: Conversation
    line: str
    stop: Stop

    def say(self, text: str) -> None:
        """Answer with whole lines."""
        self.conversation.door.result(f"{text}\n")

    def refuse(self, words: int) -> None:
        """Say that there is no command that begins with so many of these words."""
        command = " ".join(self.line.split()[:words])
        self.say(f"Unknown command '{command}'. Type /? for help")

    def word(self, number: int) -> str:
        """The word behind so many others, or nothing."""
        return "".join(self.line.split()[number : number + 1])

    @property
    def rest(self) -> str:
        """What stands behind the first two words."""
        return "".join(self.line.split(maxsplit=2)[2:]).strip()

    @property
    def model(self) -> ModelName:
        """The one model that is named.

        Raises: UsageError, InvalidName, NotSupported.
        """
        command, *names = self.line.split()
        if len(names) != 1:
            raise UsageError("this takes the name of one model", hint=f"For example: {command} gemma3:12b")
        text, source = split_source(names[0])
        if source is Source.CLOUD:
            raise NotSupported("models that run elsewhere are not supported", where=names[0])
        return ModelName.parse(text)
