"""What a Modelfile's own text tells, without a look at any file."""

import re
import unicodedata
from collections.abc import Iterator

from packllama.base.errors import ModelfileError
from packllama.base.stop import Stop
from packllama.check.lint.remark import Remark, RemarkKind
from packllama.check.lint.source import Source, is_dropped
from packllama.modelfile import DEPRECATED, PARAMETERS, Command, Modelfile, Recipe, parse_parameter
from packllama.modelfile.parser import COMMANDS

_NO_PARAMETERS = {"model", *COMMANDS} - {"parameter"}
_REPLACEMENT = "\ufffd"
# A line that looks like a command, in capitals as everybody writes them.
_COMMAND_LINE = re.compile(rf"^[ \t]*(?P<word>{'|'.join(COMMANDS).upper()})[ \t].*", re.MULTILINE)


def lint_text(source: Source, *, stop: Stop) -> Iterator[Remark]:
    """Parameters, quotes, and characters that do not arrive.

    Raises: Cancelled.
    """
    for command in source.commands:
        stop.check()
        yield from _characters(source, command)
        yield from _quotes(source, command)
        if command.name not in _NO_PARAMETERS:
            yield from _parameter(source, command)
        if command.name == "requires":
            yield from _version(source, command)


def _characters(source: Source, command: Command) -> Iterator[Remark]:
    # From the command's first letter, because what stands before the value may be invisible, too.
    raw, start = source.text[command.start : command.value[1]], command.start
    if dropped := set(filter(is_dropped, set(raw))):
        first = min(map(raw.index, dropped))
        yield source.remark(
            RemarkKind.DROPPED,
            start + first,
            f"{_called(raw[first])} is dropped{_more(sum(map(raw.count, dropped)) - 1)}",
            "Ollama keeps printable characters, spaces, tabs and line ends. Replace it by one of these, or remove it.",
        )
    if _REPLACEMENT in raw:
        yield source.remark(
            RemarkKind.DROPPED,
            start + raw.index(_REPLACEMENT),
            f"a byte that is not UTF-8 became U+FFFD{_more(raw.count(_REPLACEMENT) - 1)}",
            "Save the file as UTF-8.",
        )


def _called(char: str) -> str:
    name = unicodedata.name(char, "")
    return f"U+{ord(char):04X} ({name})" if name else f"U+{ord(char):04X}"


def _more(count: int) -> str:
    return f", and {count} more in this command" if count else ""


def _quotes(source: Source, command: Command) -> Iterator[Remark]:
    raw, start = source.raw(command), command.value[0]
    if not raw.startswith('"'):
        if raw.endswith('"') and raw.count('"') % 2:
            yield source.remark(
                RemarkKind.UNBALANCED_QUOTE,
                start + len(raw) - 1,
                "this quote is opened nowhere, so it is part of the text",
                "Quote the whole value, or remove the quote.",
            )
        return
    mark = '"""' if raw.startswith('"""') else '"'
    if swallowed := _swallowed(raw, mark):
        yield source.remark(
            RemarkKind.UNBALANCED_QUOTE,
            start,
            f"the text that begins at this quote goes on over the {swallowed} below",
            f"A quote closes only at the end of a line. Write {mark} where the text ends, and nothing behind it.",
        )


def _swallowed(raw: str, mark: str) -> str:
    """The first command that stands within a value by mistake; empty if none seems to.

    Texts may well hold such lines; so there must be a quote where it should not be, too.
    """
    text = raw.rstrip().removesuffix(mark).removeprefix(mark)
    closed_early = mark in text.partition("\n")[0]
    lines = _COMMAND_LINE.finditer(text)
    return next((line["word"] for line in lines if closed_early or mark in line.group()), "")


def _parameter(source: Source, command: Command) -> Iterator[Remark]:
    name = command.name
    at_name = source.text.find(name, command.start + len("PARAMETER "))
    if name in DEPRECATED:
        kind = RemarkKind.DEPRECATED_PARAMETER
        yield source.remark(kind, at_name, f"parameter {name} is deprecated and ignored", "Remove the line.")
        return
    try:
        parse_parameter(name, command.argument)
    except ModelfileError as error:
        if not name:
            message = "two spaces after PARAMETER: the name is empty, and all the rest is the value"
            yield source.remark(RemarkKind.UNKNOWN_PARAMETER, at_name, message, error.hint)
        elif name in PARAMETERS:
            yield source.remark(RemarkKind.BAD_VALUE, source.at_value(command), error.message, error.hint)
        else:
            yield source.remark(RemarkKind.UNKNOWN_PARAMETER, at_name, error.message, error.hint)


def _version(source: Source, command: Command) -> Iterator[Remark]:
    try:
        Recipe.of(Modelfile((command,)))
    except ModelfileError as error:
        yield source.remark(RemarkKind.BAD_VALUE, source.at_value(command), error.message, error.hint)
