"""How long work tells what it does. Called from any thread; must return at once."""

from typing import Protocol


class Observer(Protocol):
    """Rates, bars and words are the printer's business; here are only facts."""

    def began(self, doing: str) -> None:
        """What is done from now on, in a few words such as ``loading m:latest``."""

    def planned(self, total: int) -> None:
        """So many bytes will pass in all."""

    def advanced(self, count: int) -> None:
        """So many more bytes have passed."""

    def waiting(self, holder: str) -> None:
        """Another process, described by ``holder``, has to finish first."""

    def noted(self, text: str) -> None:
        """One line for a person: what happened, or what is odd."""

    def published(self, name: str) -> None:
        """A model of this short name exists now, whatever happens next."""


class SilentObserver:
    """Hears all and says nothing."""

    def began(self, doing: str) -> None: ...

    def planned(self, total: int) -> None: ...

    def advanced(self, count: int) -> None: ...

    def waiting(self, holder: str) -> None: ...

    def noted(self, text: str) -> None: ...

    def published(self, name: str) -> None: ...


SILENT: Observer = SilentObserver()
