"""The parser gives what Ollama's state machine gives, for any text, and never takes long.

The state machine stands here as it is specified, character by character: slow, and the measure.
"""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from packllama.base.errors import ModelfileError
from packllama.modelfile import Modelfile, parser
from packllama.printable import is_printable

NEWLINES = "\r\n"
BLANK = " \t\r\n"
LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
DIGITS = frozenset("0123456789")
COMMANDS = set(parser.COMMANDS)


class GrammarError(Exception):
    pass


def unquote(value: str) -> str | None:
    if value.startswith('"""'):
        return value[3:-3] if len(value) >= 6 and value.endswith('"""') else None
    if value.startswith('"'):
        return value[1:-1] if len(value) >= 2 and value.endswith('"') else None
    return value


def reference(text: str) -> list[tuple[str, str]]:
    """(name, argument) of each command, or GrammarError with Ollama's words."""
    state, buffer, name, role, line = "nil", "", "", "", 1
    found: list[tuple[str, str]] = []
    for char in text:
        line += char in NEWLINES
        if state == "nil":
            if char == "#":
                state = "comment"
            elif char not in BLANK:
                state, buffer = "name", char if is_printable(char) else ""
        elif state == "comment":
            state = "nil" if char in NEWLINES else state
        elif state == "name":
            if char in LETTERS:
                buffer += char
                continue
            name = buffer.lower()
            if char not in " \t" or name not in COMMANDS:
                raise GrammarError(f"(line {line}): command must be one of")
            state = {"parameter": "parameter-name", "message": "role"}.get(name, "value")
            name, role, buffer = ("model" if name == "from" else name), "", ""
        elif state == "parameter-name":
            if char in LETTERS or char in DIGITS or char == "_":
                buffer += char
            elif char in " \t":
                state, name, buffer = "value", buffer, ""
            else:
                raise GrammarError(f"unexpected EOF: {buffer}")
        elif state == "role":
            if char in LETTERS:
                buffer += char
            elif char in " \t":
                if buffer not in {"system", "user", "assistant"}:
                    raise GrammarError(f"(line {line}): message role must be one of")
                state, role, buffer = "value", f"{buffer}: ", ""
            else:
                raise GrammarError(f"unexpected EOF: {buffer}")
        elif char in " \t":
            buffer += char
        elif char in NEWLINES:
            value = unquote(buffer.strip(BLANK))
            if value is None:
                buffer += char
            else:
                found.append((name, role + value))
                state, buffer = "nil", ""
        elif is_printable(char):
            buffer += char
    if state == "value":
        value = unquote(buffer.strip(BLANK))
        if value is None:
            raise GrammarError("unexpected EOF")
        found.append((name, role + value))
    elif state not in {"nil", "comment"}:
        raise GrammarError("unexpected EOF")
    if not any(name == "model" for name, _ in found):
        raise GrammarError("no FROM line")
    return found


def parsed(text: str) -> list[tuple[str, str]]:
    return [(command.name, command.argument) for command in Modelfile.parse(text).commands]


_PIECES = st.sampled_from(
    [
        *'\n\r\t #""""""\0\u200bé:a1_',
        *(
            "FROM ",
            "from x\n",
            "SYSTEM ",
            "PARAMETER ",
            "stop ",
            "MESSAGE ",
            "user ",
            "LICENSE\t",
            "PARAMETER model ",
            "PARAMETER from ",
            "PARAMETER message ",
            '"""',
            '"\n',
            "\r\n",
        ),
    ]
)


@settings(max_examples=1000)
@given(st.lists(_PIECES, max_size=40).map("".join), st.booleans())
@example('SYSTEM """ """\0\n""" \r""\n"', True)
def test_agrees_with_the_state_machine(text: str, begins_well: bool) -> None:
    if begins_well:
        text = f"FROM x\n{text}"
    try:
        expected = reference(text)
    except GrammarError as error:
        with pytest.raises(ModelfileError) as caught:
            Modelfile.parse(text)
        wanted = str(error)
        message = caught.value.message
        assert message.startswith(wanted) if wanted.startswith("(line") else message == wanted
    else:
        assert parsed(text) == expected


@given(st.text())
def test_agrees_with_the_state_machine_on_any_value(text: str) -> None:
    text = f'FROM x\nSYSTEM """{text}"""\nSYSTEM {text.lstrip(chr(34))}'
    try:
        expected = reference(text)
    except GrammarError:
        return
    assert parsed(text) == expected


MILLION = 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        'SYSTEM "' + "a\n" * MILLION,
        'SYSTEM """' + '"" \n' * MILLION,
        'SYSTEM "' + '" ' * MILLION + "a",
        'SYSTEM """' + '"\0\0\0' * MILLION + "a",
        'SYSTEM "a"' + " " * MILLION * 2 + "a",
        'SYSTEM """a"' + "\0" * MILLION * 2 + "a",
        "SYSTEM " + "\u200b" * MILLION,
        "#\n" * MILLION,
        "\r" * MILLION,
        "A" * MILLION,
        "PARAMETER " + "a" * MILLION,
        "MESSAGE user " + " " * MILLION,
    ],
    ids=lambda text: ascii(text[:16]),
)
def test_hostile_texts_take_linear_time(text: str) -> None:
    started = time.perf_counter()
    try:
        Modelfile.parse(f"FROM x\n{text}")
    except ModelfileError as error:
        assert len(str(error)) < 1000
    # Tenths of a second, if linear; hours, if each line end looked at everything before it.
    assert time.perf_counter() - started < 10


@pytest.mark.slow
def test_the_number_of_commands_is_bounded() -> None:
    text = "FROM x\n" * parser.MAX_COMMANDS
    assert len(Modelfile.parse(text).commands) == parser.MAX_COMMANDS
    with pytest.raises(ModelfileError, match="100000 commands"):
        Modelfile.parse(f"{text}SYSTEM a")
