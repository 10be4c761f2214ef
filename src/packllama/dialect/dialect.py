"""A form of GGUF of Ollama's own, as a value."""

from dataclasses import dataclass
from enum import Enum

from packllama.dialect.families import RECIPES
from packllama.dialect.recipe import Recipe


class Reader(Enum):
    """Which engines load a dialect as it is."""

    ANY = "which llama.cpp loads, but may misread"
    OLLAMA = "which stock llama.cpp refuses or misreads"
    NONE = "which no engine is known to read"


_PLAIN = "Use a plain GGUF of the same model"
_WAYS = {
    Reader.ANY: f"{_PLAIN} if the answers are bad.",
    Reader.OLLAMA: f"{_PLAIN}, such as its publisher's own with the projector beside it; "
    "or run it with --engine PATH and the llama-server that comes with Ollama, which takes such files.",
    Reader.NONE: f"{_PLAIN}, if there is one.",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """One form. ``family`` names it for programs, ``title`` for people.

    ``stock`` is what stock llama.cpp calls the architecture of its text part; empty when there is none. ``obstacle`` is
    what keeps some files of the family from being translated, in words.
    """

    family: str
    title: str
    stock: str = ""
    reader: Reader = Reader.OLLAMA
    obstacle: str = ""

    @property
    def recipe(self) -> Recipe | None:
        """How it is translated; ``None`` when it cannot be."""
        return None if self.obstacle else RECIPES.get(self.family)

    @property
    def translated(self) -> bool:
        """Whether it can be translated into what stock llama.cpp loads."""
        return self.recipe is not None

    @property
    def experimental(self) -> bool:
        """It can be translated, but no published file was seen to answer well."""
        return self.recipe is not None and not self.recipe.proven

    @property
    def summary(self) -> str:
        """What it is, in a few words."""
        use = "not translated" if not self.translated else "experimental" if self.experimental else "translated"
        return f"Ollama's own ({self.family}), {use}"

    @property
    def message(self) -> str:
        """What a file of this form is."""
        more = f"; {self.obstacle}" if self.obstacle else ""
        return f"this is {self.title} in Ollama's own form of GGUF, {self.reader.value}{more}"

    @property
    def elsewhere(self) -> str:
        """What works when a translation does not."""
        return _WAYS[self.reader]

    @property
    def hint(self) -> str:
        """What works."""
        if self.recipe is None:
            return self.elsewhere
        doubt = f" {self.doubt}" if self.experimental else ""
        return f"'packllama run' translates it once, and keeps the result.{doubt}"

    @property
    def doubt(self) -> str:
        """What to say of an experimental translation when it is used."""
        return f"The translation of {self.title} is experimental: no published file of it was tried. {self.elsewhere}"

    @property
    def note(self) -> str:
        """What it is and what works, on one line."""
        return f"{self.message}. {self.hint}"
