"""What may be said about a Modelfile."""

from dataclasses import dataclass
from enum import StrEnum


class RemarkKind(StrEnum):
    """The values are public: ``lint --json`` prints them."""

    MISSING_FILE = "missing-file"
    """A line names a file that is not there."""
    MISSING_MODEL = "missing-model"
    """FROM names a model that the store does not have."""
    BAD_FILE = "bad-file"
    """A line names a file that cannot be taken."""
    NO_WEIGHTS = "no-weights"
    """FROM brings nothing that can answer."""
    UNUSED_FILE = "unused-file"
    """FROM names a file that will not be loaded."""
    UNKNOWN_PARAMETER = "unknown-parameter"
    """PARAMETER names nothing that there is."""
    DEPRECATED_PARAMETER = "deprecated-parameter"
    """PARAMETER names something that is ignored."""
    BAD_VALUE = "bad-value"
    """A value is not of its type."""
    UNBALANCED_QUOTE = "unbalanced-quote"
    """A quote that does not do what it seems to do."""
    DROPPED = "dropped"
    """Characters that Ollama drops, or that were no text."""
    BAD_TEMPLATE = "bad-template"
    """TEMPLATE does not parse, or fails on a conversation."""
    UNUSED_STOP = "unused-stop"
    """A stop word that the template never writes."""
    LOST = "lost"
    """TEMPLATE leaves out what the GGUF's own template has."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that would go wrong later. ``line`` and ``column`` count from 1, columns in characters."""

    kind: RemarkKind
    line: int
    column: int
    message: str
    hint: str = ""
