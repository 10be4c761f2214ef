"""The parser: Ollama's grammar as tables."""

from pathlib import Path

import pytest

from packllama.base.errors import ModelfileError
from packllama.digest import Digest
from packllama.modelfile import Command, Modelfile

FROM = ("model", "foo")


def parsed(text: str) -> list[tuple[str, str]]:
    return [(command.name, command.argument) for command in Modelfile.parse(text).commands]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ('FROM "FOO  BAR  "', [("model", "FOO  BAR  ")]),
        ("FROM     FOOO BAR    ", [("model", "FOOO BAR")]),
        ('FROM foo\nSYSTEM """\na "q"\n"""\n', [FROM, ("system", '\na "q"\n')]),
        ('FROM foo\nSYSTEM """"""', [FROM, ("system", "")]),
        ('FROM foo\nSYSTEM ""', [FROM, ("system", "")]),
        ('FROM foo\nPARAMETER stop "### User: "\n', [FROM, ("stop", "### User: ")]),
        ("FROM foo\nPARAMETER stop ### User: \n", [FROM, ("stop", "### User:")]),
        ("FROM foo # base", [("model", "foo # base")]),
        ("FROM foo\nSYSTEM \n", [FROM, ("system", "")]),
        ("FROM foo\nPARAMETER  num_ctx 1", [FROM, ("", "num_ctx 1")]),
        ('FROM foo\nSYSTEM "hello" world\nLICENSE "MIT"\n', [FROM, ("system", 'hello" world\nLICENSE "MIT')]),
        ('FROM foo\nSYSTEM "a\nb"\n', [FROM, ("system", "a\nb")]),
        ('FROM foo\nSYSTEM """a""" tail\nmore"""\n', [FROM, ("system", 'a""" tail\nmore')]),
        ('FROM foo\nTEMPLATE """"x""""\n', [FROM, ("template", '"x"')]),
        ('FROM foo\nSYSTEM say "hi"\n', [FROM, ("system", 'say "hi"')]),
        ("FROM foo\nSYSTEM 'hi'\n", [FROM, ("system", "'hi'")]),
        ('FROM foo\nSYSTEM "a\\nb"\n', [FROM, ("system", "a\\nb")]),
        ('FROM foo\r\nSYSTEM """a\r\nb"""\r\n', [FROM, ("system", "a\r\nb")]),
        ("FROM foo\nSYSTEM a\u00a0b\u3000c\td", [FROM, ("system", "abc\td")]),
        (" \t FROM foo", [FROM]),
        ("FROM foo\nPARAMETER model bar", [FROM, ("model", "bar")]),
        ("PARAMETER model foo\nPARAMETER license MIT", [FROM, ("license", "MIT")]),
        ("PARAMETER model foo\nPARAMETER message user: hi", [FROM, ("message", "user: hi")]),
        ("FROM foo\nPARAMETER from bar", [FROM, ("from", "bar")]),
        # letter case and order
        ("system a\nfRoM foo", [("system", "a"), FROM]),
        ("FROM foo\nPARAMETER Temperature 1", [FROM, ("Temperature", "1")]),
        # comments, and what looks like one
        ("# FROM bar\n  # x\nFROM foo\n#", [FROM]),
        ("FROM foo\nSYSTEM # a", [FROM, ("system", "# a")]),
        # newlines of every kind
        ("FROM foo\rSYSTEM a\r", [FROM, ("system", "a")]),
        ("\r\n\r\nFROM foo\r\n\r\n", [FROM]),
        # a TAB ends names as a space does
        ("FROM\tfoo\nPARAMETER\ttop_k\t1\nMESSAGE\tuser\thi", [FROM, ("top_k", "1"), ("message", "user: hi")]),
        ("FROM foo\nMESSAGE assistant a: b", [FROM, ("message", "assistant: a: b")]),
        ('FROM foo\nMESSAGE user """a\nb"""', [FROM, ("message", "user: a\nb")]),
        # blanks around quotes
        ('FROM foo\nSYSTEM \t "a" \t\nLICENSE b', [FROM, ("system", "a"), ("license", "b")]),
        ('FROM foo\nSYSTEM "\n\n  "\n', [FROM, ("system", "\n\n  ")]),
        ('FROM foo\nSYSTEM """""\n"""\n', [FROM, ("system", '""\n')]),
        ('FROM foo\nSYSTEM """""""\n', [FROM, ("system", '"')]),
        ('FROM foo\nSYSTEM " "\n', [FROM, ("system", " ")]),
        # dropped characters: before a command, between quotes, and at a value's ends
        ("\u200bFROM foo", [FROM]),
        ("\ufeffFROM foo", [FROM]),
        ('FROM foo\nSYSTEM \u200b"a"\u200b\n', [FROM, ("system", "a")]),
        ('FROM foo\nSYSTEM "\u200b"\0"a"\u00ad"" \u200b', [FROM, ("system", "a")]),
        ("FROM foo\nSYSTEM 👩\u200d🚀 \x1b[31m\ue000\u202e\x07", [FROM, ("system", "👩🚀 [31m")]),
        ("FROM foo\nSYSTEM a\ufffd\u0301é漢", [FROM, ("system", "a\ufffd\u0301é漢")]),
        ("FROM foo\nSYSTEM a\x0bb\x0cc\x85d\u2028e", [FROM, ("system", "abcde")]),
    ],
)
def test_commands(text: str, commands: list[tuple[str, str]]) -> None:
    assert parsed(text) == commands


COMMAND_ERROR = (
    'command must be one of "from", "license", "template", "system", "adapter", "draft", '
    '"renderer", "parser", "parameter", "message", or "requires"'
)
ROLE_ERROR = 'message role must be one of "system", "user", or "assistant"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FROM foo\nPARAMETER param1\n", "unexpected EOF: param1"),
        ("\nFROM foo\nBADCOMMAND a b\n", f"(line 3): {COMMAND_ERROR}"),
        ('FROM foo\nSYSTEM """x""\nLICENSE a', "unexpected EOF"),
        ('FROM foo\nSYSTEM "\n', "unexpected EOF"),
        ('FROM foo\nSYSTEM "', "unexpected EOF"),
        ('FROM foo\nSYSTEM """""', "unexpected EOF"),
        ("FROM foo\nMESSAGE system\n", "unexpected EOF: system"),
        ("FROM foo\nMESSAGE badguy hi", f"(line 2): {ROLE_ERROR}"),
        ("FROM foo\nMESSAGE  user hi", f"(line 2): {ROLE_ERROR}"),
        ("FROM foo\nMESSAGE USER hi", f"(line 2): {ROLE_ERROR}"),
        ("FROM foo\nMESSAGE user: hi", "unexpected EOF: user"),
        ("FROM foo\nSYSTEM\n", f"(line 3): {COMMAND_ERROR}"),
        ("FROM foo\nSYSTEM\r\n", f"(line 3): {COMMAND_ERROR}"),
        ("\r\nFROM foo\r\nNOPE x", f"(line 5): {COMMAND_ERROR}"),
        ('FROM foo\nSYSTEM "hello" world\nLICENSE MIT\n', "unexpected EOF"),
        ("FROM foo\nSYSTEM: a", f"(line 2): {COMMAND_ERROR}"),
        ("FROM foo\nSYSTEM#", f"(line 2): {COMMAND_ERROR}"),
        ("FROM1 foo", f"(line 1): {COMMAND_ERROR}"),
        ("1 foo", f"(line 1): {COMMAND_ERROR}"),
        ("{} ", f"(line 1): {COMMAND_ERROR}"),
        ("\u00a0\n", f"(line 2): {COMMAND_ERROR}"),
        ("FR\u200bOM foo", f"(line 1): {COMMAND_ERROR}"),
        ("FROM foo\nPARAMETER top-k 1", "unexpected EOF: top"),
        ("FROM foo\nPARAMETER\n", f"(line 3): {COMMAND_ERROR}"),
        ("FROM foo\nPARAMETER \n", "unexpected EOF: "),
        ("FROM foo\nPARAMETER ", "unexpected EOF"),
        ("FROM foo\nPARAMETER top_k", "unexpected EOF"),
        ("FROM foo\nMESSAGE user", "unexpected EOF"),
        ("FROM foo\nSYSTEM", "unexpected EOF"),
        ("FROM", "unexpected EOF"),
        ("", "no FROM line"),
        ("# FROM foo", "no FROM line"),
        ("SYSTEM a", "no FROM line"),
    ],
)
def test_errors_have_ollamas_words(text: str, message: str) -> None:
    with pytest.raises(ModelfileError) as caught:
        Modelfile.parse(text, where="dir/Modelfile")
    assert caught.value.message == message
    assert caught.value.where == "dir/Modelfile"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("FORM foo", "Did you mean from?"),
        ("FROM foo\nSYSTEM\n", "SYSTEM needs a space and a value after it."),
        ("FROM foo\nMESSAGE User hi", "Did you mean user?"),
        ('FROM foo\n\nSYSTEM "a\nLICENSE b', "The quote in line 3 is never closed"),
        ("FROM foo\nPARAMETER stop\n", "Line 2: after the name"),
        ("SYSTEM a", "Begin with FROM"),
    ],
)
def test_hints_say_what_to_do(text: str, hint: str) -> None:
    with pytest.raises(ModelfileError) as caught:
        Modelfile.parse(text)
    assert hint in caught.value.hint


def test_lines_are_those_the_commands_begin_in() -> None:
    text = '\n# a\nFROM foo\nSYSTEM """\n\n"""\n\n  LICENSE x\r\nLICENSE y'
    assert Modelfile.parse(text).commands == (
        Command("model", "foo", 3),
        Command("system", "\n\n", 4),
        Command("license", "x", 8),
        Command("license", "y", 10),
    )


def test_a_real_modelfile() -> None:
    text = (Path(__file__).parent / "golden.Modelfile").read_bytes().decode()
    commands = Modelfile.parse(text).commands
    template = commands[2].argument.encode()
    assert [command.name for command in commands] == [
        "model", "model", "template", "stop", "temperature", "top_k", "top_p",
    ]  # fmt: skip
    assert len(template) == 359
    assert Digest.of(template).hex == "5be6630b666f007a127a456fb3958da5fbd7cf547204188bc4690fedc837af0b"


def test_places() -> None:
    """A command's start, and its value with its quotes; they do not count when commands are compared."""
    text = 'FROM a \n\n  SYSTEM  """x\ny"""  \nMESSAGE user hi\n'
    commands = Modelfile.parse(text).commands
    assert [text[command.start :].split(maxsplit=1)[0] for command in commands] == ["FROM", "SYSTEM", "MESSAGE"]
    assert [text[slice(*command.value)].rstrip() for command in commands] == ["a", '"""x\ny"""', "hi"]
    assert Command("model", "a", 1) == commands[0]
