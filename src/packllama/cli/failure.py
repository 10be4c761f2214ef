"""What a failure looks like from outside: one sentence or one JSON document, and an exit status."""

import contextlib
import json
import os
import sys
from collections.abc import Sequence

import click

from packllama.base.errors import Cancelled, PackLlamaError, UsageError, from_os_error
from packllama.base.terminal import escaped

_BROKEN_PIPE_STATUS = 141

# Where an error is that stdout itself has made.
STDOUT = "stdout"


class ReaderLeft(Exception):
    """Whoever read our output closed the pipe. Not an ``OSError``, which click would turn into an exit status of 1."""


def fail(error: BaseException, *, as_json: bool, published: Sequence[str] = ()) -> int:
    """Say what went wrong. Returns the exit status; what is no failure is raised again.

    ``published``: models that came into being before.
    """
    if isinstance(error, BrokenPipeError | ReaderLeft):
        silence_stdout()
        return _BROKEN_PIPE_STATUS
    shown = _as_ours(error)
    # What stdout did not take cannot be said there.
    report(shown, as_json=as_json and shown.where != STDOUT, published=published)
    return shown.exit_status


def report(error: PackLlamaError, *, as_json: bool, published: Sequence[str] = ()) -> None:
    """Print an error: a document on stdout, or a sentence on stderr."""
    if as_json:
        done = {"published": list(published)} if published else {}
        try:
            sys.stdout.write(json.dumps({"packllama": 1, **done, "error": as_document(error)}) + "\n")
            sys.stdout.flush()
        except OSError:
            silence_stdout()
        else:
            return
    # Text from outside stands in the sentence, so no line of it may look like one of ours.
    hint = escaped(error.hint, keep="\n") + "\n" if error.hint else ""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"Error: {escaped(error.sentence)}\n{hint}")


def report_all(errors: Sequence[PackLlamaError], *, as_json: bool) -> int:
    """Say what did not work beside what did; a JSON document has said it already. Returns the worst exit status."""
    for error in errors:
        if not as_json:
            report(error, as_json=False)
    return max((error.exit_status for error in errors), default=0)


def silence_stdout() -> None:
    """What is left in its buffer cannot be written, and the interpreter shall not complain of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def as_document(error: PackLlamaError) -> dict[str, str]:
    """What a JSON document says of an error."""
    return {"kind": error.kind, "message": error.message, "hint": error.hint, "where": error.where}


def _as_ours(error: BaseException) -> PackLlamaError:
    if isinstance(error, PackLlamaError):
        return error
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return Cancelled()
    if isinstance(error, click.ClickException):
        context = error.ctx if isinstance(error, click.UsageError) else None
        return UsageError(error.format_message(), hint=f"Try '{context.command_path} --help'." if context else "")
    if isinstance(error, OSError):
        return from_os_error(error, doing="working")
    if isinstance(error, Exception):
        import logging

        logging.getLogger(__name__).debug("a bug", exc_info=error)
        return PackLlamaError(
            f"this is a bug in packllama: {type(error).__name__}: {error}",
            hint="Run it again with -vv and report what it prints.",
        )
    raise error
