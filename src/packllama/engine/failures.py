"""From an engine's last words to a sentence: what went wrong, and what to do next.

``TABLE`` holds the texts llama.cpp prints, as it prints them, most telling first. What no row knows is
quoted: the last line that looks like an error. No I/O.
"""

import re
import signal
from dataclasses import dataclass

from packllama.base.errors import EngineFailed

NEWER = "A newer engine may know it: pip install -U xllamacpp, or a newer llama-server with --engine PATH."
FETCH = "'packllama verify' says whether the file is damaged; if so, fetch it again."
SMALLER = "Try a smaller num_ctx or a smaller model, or close other programs."
_FILE = "The file is not a model this engine can run; was it converted or renamed by hand?"


@dataclass(frozen=True, slots=True)
class Row:
    """``sentence`` takes the pattern's groups in its braces."""

    pattern: re.Pattern[str]
    sentence: str
    hint: str


def _row(pattern: str, sentence: str, hint: str) -> Row:
    return Row(re.compile(pattern, re.IGNORECASE), sentence, hint)


TABLE = (
    _row(r"cannot start the engine: (.*)", "the engine cannot be started: {0}", "Is it a program for this machine?"),
    _row(
        r"error while loading shared libraries: ([^:\n]*)",
        "the engine cannot be started: it lacks {0}",
        "Install that library, or add its folder to LD_LIBRARY_PATH.",
    ),
    _row(
        r"error: (?:invalid|unknown) argument: (.*)",
        "the engine does not know the flag {0}",
        "Give a newer llama-server with --engine PATH.",
    ),
    _row(
        r"(?:ModuleNotFound|Import)Error: (.*)",
        "the engine is not installed right: {0}",
        "pip install -U 'packllama[engine]'",
    ),
    _row(
        r"AttributeError: (.*)",
        "this xllamacpp is not one that packllama knows: {0}",
        "pip install -U 'packllama[engine]'",
    ),
    _row(
        r"couldn't bind (?:HTTP server socket|to)|address already in use",
        "the engine could not open its port",
        "Another program took it; try again.",
    ),
    _row(r"unknown model architecture: '([^'\n]*)'", "the engine does not know the architecture '{0}'", NEWER),
    _row(r"unknown (?:pre-)?tokenizer(?: type)?:? '([^'\n]*)'", "the engine does not know the tokenizer '{0}'", NEWER),
    _row(
        r"version (\d+) but this software only supports up to version (\d+)",
        "the GGUF is version {0}, the engine knows up to {1}",
        NEWER,
    ),
    _row(
        r"mismatch between text model \(n_embd = (\d+)\) and mmproj \(n_embd = (\d+)\)",
        "the projector is not this model's: it is {1} wide, the model {0}",
        "Use the projector that was published with the model.",
    ),
    _row(
        r"failed to load (?:CLIP|multimodal) model",
        "the projector could not be loaded",
        "Use the projector that was published with the model; 'packllama verify' finds damage.",
    ),
    _row(
        r"failed to apply lora adapter: (.*)",
        "the adapter could not be applied: {0}",
        "Use an adapter that was made for this very model.",
    ),
    _row(
        r"tensor '([^'\n]*)' data is not within the file bounds",
        "the file is cut short or damaged: tensor '{0}' lies beyond its end",
        FETCH,
    ),
    _row(r"invalid magic characters: '([^\n]*?)', expected", "the file is not a GGUF; it begins with '{0}'", FETCH),
    _row(
        r"failed to read (magic|header|key-value pairs|tensor info|tensor data)",
        "the file is cut short or damaged: its {0} cannot be read",
        FETCH,
    ),
    _row(r"failed to open GGUF file '([^'\n]*)' \(([^)\n]*)\)", "the engine cannot open the file: {1}", FETCH),
    _row(
        r"failed to allocate|unable to allocate|bad_alloc|out of memory|cannot allocate memory|malloc failed",
        "there is not enough memory",
        SMALLER,
    ),
    _row(r"key not found in model: (\S+)", "the file lacks the key {0}", _FILE),
    _row(r"(?:tensor '([^'\n]*)' not found|missing tensor '([^'\n]*)')", "the file lacks the tensor '{0}'", _FILE),
    _row(r"tensor '([^'\n]*)' has wrong shape; ([^\n]*)", "tensor '{0}' has the wrong shape: {1}", _FILE),
    _row(r"wrong number of tensors; ([^\n]*)", "the file has the wrong number of tensors: {0}", _FILE),
)

_SIGNALS = {
    "SIGILL": (
        "this processor lacks instructions that the engine was built for",
        "Give a llama-server that was built for this machine with --engine PATH.",
    ),
    "SIGKILL": ("the engine was killed; the system probably ran out of memory", SMALLER),
    "SIGBUS": ("the model's file could not be read while it was in use", "Is the disk still there? " + FETCH),
}
# llama.cpp's prefix: a time and a level letter, when it prints them.
_PREFIX = re.compile(r"^(?:[\d.]+ )?[EWIDT] ")
_ERROR_LIKE = re.compile(r"^(?:[\d.]+ )?E |\berror\b|\bfailed\b|assert|terminate called|exception", re.IGNORECASE)
_LONGEST_QUOTE = 300


def explain(said: str, status: int | None, *, where: str, program: str = "") -> EngineFailed:
    """The error for an engine that ended by itself; ``status`` is 128 + N after signal N.

    ``program`` is the path of one that the user named, and that had not answered yet.
    """
    sign = _signal_name(status)
    if sign in _SIGNALS:
        sentence, hint = _SIGNALS[sign]
        return EngineFailed(sentence, where=where, hint=hint)
    for row in TABLE:
        if found := row.pattern.search(said):
            groups = [text.strip() for text in found.groups() if text is not None]
            return EngineFailed(row.sentence.format(*groups), where=where, hint=row.hint)
    quote = _last_error(said)
    ended = f"the engine crashed ({sign})" if sign else f"the engine ended with status {status}"
    message = f"{ended}: {quote}" if quote else ended
    if program and not sign:
        return EngineFailed(message, where=program, hint="Is that a llama-server program?")
    return EngineFailed(message, where=where, hint=FETCH)


def port_was_taken(said: str) -> bool:
    """Whether another program was faster to open the port that was picked."""
    return bool(re.search(r"couldn't bind|address already in use", said, re.IGNORECASE))


def _signal_name(status: int | None) -> str:
    # A negative status is the supervisor's own end by a signal; the engine went with it.
    number = -status if status is not None and status < 0 else (status or 0) - 128
    return signal.Signals(number).name if number in {s.value for s in signal.Signals} else ""


def _last_error(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if _ERROR_LIKE.search(line)] or lines
    return _PREFIX.sub("", telling[-1])[:_LONGEST_QUOTE] if telling else ""
