"""Every error that packllama raises on purpose, and the exit status each one means.

::

    PackLlamaError                 70  a bug, when raised bare
    ├── UsageError                  2  the command line makes no sense
    ├── NotFound                    3
    │   ├── ModelNotFound              no such name in that place
    │   └── MissingFile                no such file or folder
    ├── BadInput                    4
    │   ├── InvalidName                not a model name
    │   ├── InvalidDigest              not a sha256 digest
    │   ├── InvalidManifest            not a manifest, or a layer that cannot be read
    │   ├── InvalidBundle              not a bundle file, or one that breaks the format
    │   ├── ModelfileError             a Modelfile breaks the grammar
    │   ├── GGUFError                  a GGUF is damaged, hostile or of an unknown kind
    │   ├── TemplateError              a template does not parse, or cannot be rendered
    │   └── NotSupported               well-formed, but packllama cannot do it
    ├── IntegrityError              5
    │   ├── DigestMismatch             bytes do not hash to their digest
    │   └── FileChanged                a file changed while it was read
    ├── FarSideError                6  the network, a proxy or a registry
    │   ├── Unreachable                no connection, or it broke off or stalled
    │   ├── Overloaded                 it cannot answer now: 429 and 5xx
    │   ├── AccessDenied               it wants a right that nobody gave
    │   ├── Unsafe                     a certificate, an address or a redirect that must not be trusted
    │   └── BadAnswer                  its answer is not what the protocol says
    ├── MachineError                7
    │   ├── NoSpace                    the disk or quota is full
    │   ├── NoRights                   permission denied, read-only file system
    │   └── NoStore                    there is no place to look for a store
    ├── Busy                        8  another process holds what is needed
    ├── EngineError                 9
    │   ├── EngineMissing              no engine is installed
    │   ├── RendererMissing            a model wants its prompts built by code that packllama lacks
    │   └── EngineFailed               the engine refused the model, died or hung
    │       └── EngineRefused          it is well, but will not do what it was asked
    └── Cancelled                 130  the user stopped it

A message says what was expected and what was found; ``where`` names the file, line or model;
``hint`` says what to do next. Text from outside may stand in all three: whoever prints them escapes it.
"""

import errno
import os
import re
from collections.abc import Sequence


class PackLlamaError(Exception):
    """The root of the tree. ``exit_status`` is what the command line ends with."""

    exit_status = 70

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    @property
    def kind(self) -> str:
        """The class's name in words, for ``--json``: ``model-not-found``."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", type(self).__name__).lower()

    @property
    def sentence(self) -> str:
        """Where and what, on one line."""
        return f"{self.where}: {self.message}" if self.where else self.message

    def __str__(self) -> str:
        return f"{self.sentence}\n{self.hint}" if self.hint else self.sentence


class UsageError(PackLlamaError):
    """The command line or the arguments of a call make no sense together."""

    exit_status = 2


class NotFound(PackLlamaError):
    """What was asked for is not there."""

    exit_status = 3


class ModelNotFound(NotFound):
    """The place has no model of that name. ``message``: for a verb whose words are given. ``near``: names it has.

    ``hint``: for a place that cannot be listed.
    """

    def __init__(
        self, name: str, *, where: str = "", message: str = "", near: Sequence[str] = (), hint: str = ""
    ) -> None:
        meant = f"Did you mean {' or '.join(repr(other) for other in near)}? " if near else ""
        super().__init__(
            message or f"model '{name}' not found",
            where=where,
            hint=hint or f"{meant}'packllama list' shows what is there.",
        )


class MissingFile(NotFound):
    """A file or folder that the user named does not exist."""


class BadInput(PackLlamaError):
    """A file or a text from outside is not what it should be."""

    exit_status = 4


class InvalidName(BadInput):
    """A text is not a model name."""


class InvalidDigest(BadInput):
    """A text is not ``sha256:`` and 64 lower-case hex digits."""


class InvalidManifest(BadInput):
    """A manifest, a config or a layer it lists cannot be understood."""


class InvalidBundle(BadInput):
    """A file is no bundle, or holds what the format does not have."""

    def __init__(
        self,
        message: str,
        *,
        where: str = "",
        hint: str = "Only what packllama exports is taken. Ask for another export of these models.",
    ) -> None:
        super().__init__(message, where=where, hint=hint)


class ModelfileError(BadInput):
    """A Modelfile breaks the grammar. ``line`` is 1-based; 0 when no line is to blame."""

    def __init__(self, message: str, *, line: int = 0, where: str = "", hint: str = "") -> None:
        super().__init__(f"(line {line}): {message}" if line else message, where=where, hint=hint)
        self.line = line


class GGUFError(BadInput):
    """A GGUF is damaged, hostile or of a kind that is not known."""


class TemplateError(BadInput):
    """A template does not parse, or failed while it was rendered. ``message`` is in Go's words.

    ``line`` and ``column`` count from 1; 0 when no place is to blame.
    """

    def __init__(self, message: str, *, line: int = 0, column: int = 0, where: str = "", hint: str = "") -> None:
        place = f" (line {line}, column {column})" if line else ""
        super().__init__(f"{message}{place}", where=where, hint=hint)
        self.line = line
        self.column = column


class NotSupported(BadInput):
    """The input is well-formed, but packllama cannot do what it asks for."""


class IntegrityError(PackLlamaError):
    """Data is damaged, or is not what it is filed under."""

    exit_status = 5


class DigestMismatch(IntegrityError):
    """Bytes do not hash to the digest they are filed under."""

    def __init__(self, *, expected: str, actual: str, where: str) -> None:
        super().__init__(
            f"expected {expected}, found {actual}",
            where=where,
            hint="The data is damaged or was changed; fetch it again.",
        )


class FileChanged(IntegrityError):
    """A file changed while it was read, so no digest of it means anything."""


class FarSideError(PackLlamaError):
    """What is beyond this machine failed: the network, a proxy, a registry.

    ``may_pass``: to ask the same again may help, after ``retry_after`` seconds if it said so.
    """

    exit_status = 6
    may_pass = False
    retry_after = 0.0


class Unreachable(FarSideError):
    """No connection could be made, or it broke off or stalled."""

    may_pass = True


class Overloaded(FarSideError):
    """The far side cannot answer now."""

    may_pass = True

    def __init__(self, message: str, *, where: str = "", hint: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message, where=where, hint=hint)
        self.retry_after = retry_after


class AccessDenied(FarSideError):
    """The far side wants a right that nobody gave: a key, a password, a membership."""


class Unsafe(FarSideError):
    """A certificate, an address or a redirect must not be trusted."""


class BadAnswer(FarSideError):
    """An answer is not what the protocol says."""


class MachineError(PackLlamaError):
    """This machine cannot do it: space, rights, file system."""

    exit_status = 7


class NoSpace(MachineError):
    """The disk or the user's quota is full."""


class NoRights(MachineError):
    """The system refused access, or the file system is read-only."""


class NoStore(MachineError):
    """Nothing says where the store is."""


class Busy(PackLlamaError):
    """Another process holds what is needed."""

    exit_status = 8


class EngineError(PackLlamaError):
    """The engine, not packllama, could not do it."""

    exit_status = 9


class EngineMissing(EngineError):
    """No engine is installed."""


class RendererMissing(EngineError):
    """A model's config names a built-in renderer that packllama does not have."""

    def __init__(self, name: str, *, where: str = "") -> None:
        super().__init__(
            f"not supported yet: {name}",
            where=where,
            hint="This model's prompts are built by code in Ollama, not by a template. Run it with Ollama.",
        )


class EngineFailed(EngineError):
    """The engine refused the model, died, or stopped answering."""


class EngineRefused(EngineFailed):
    """A running engine will not do what it was asked, and can be asked something else."""


class Cancelled(PackLlamaError):
    """The user stopped it. What was there stays; what was begun can be gone on with."""

    exit_status = 130

    def __init__(self) -> None:
        super().__init__("stopped")


_FULL = (NoSpace, "Free some space there and run the same command again.")
_FORBIDDEN = (NoRights, "Check who owns it, and run as a user who may do this.")
_ABSENT = (MissingFile, "Check the spelling, and that the disk is mounted.")
_OCCUPIED = (Busy, "Somebody else is at work there; run the same command again.")
_GONE = (MachineError, "The disk fails or is gone: see that it is plugged in and mounted, then run the command again.")
_MISSHAPEN = (BadInput, "Name the file itself, by a path that leads to it.")

# What each number means to a user, and what to do.
_MEANINGS: dict[int | None, tuple[type[PackLlamaError], str]] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EROFS: (NoRights, "It is mounted read-only: make it writable, or use another place."),
    errno.EIO: _GONE,
    errno.ENODEV: _GONE,
    errno.ENXIO: _GONE,
    errno.ENOTCONN: _GONE,
    errno.ESTALE: _GONE,
    errno.ENOENT: _ABSENT,
    errno.ENOTDIR: _ABSENT,
    errno.ENOTEMPTY: _OCCUPIED,
    errno.EEXIST: _OCCUPIED,
    errno.EBUSY: _OCCUPIED,
    errno.ELOOP: _MISSHAPEN,
    errno.EISDIR: _MISSHAPEN,
    errno.ENAMETOOLONG: (BadInput, "Use a shorter path."),
}
_UNKNOWN = (MachineError, "The system refused; its log (dmesg) may say more.")


def from_os_error(error: OSError, *, doing: str, where: str | os.PathLike[str] = "") -> PackLlamaError:
    """The packllama error that an ``OSError`` amounts to; ``doing`` completes "while …".

    ``raise from_os_error(error, doing="reading the GGUF", where=path) from error``
    """
    kind, hint = _MEANINGS.get(error.errno, _UNKNOWN)
    place = os.fspath(where) or str(error.filename or "")
    return kind(f"{error.strerror or error} (while {doing})", where=place, hint=hint)
