"""Commands as Ollama prints them, and as they read back."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from packllama.modelfile import Command, Modelfile, print_command, print_modelfile, write_command


@pytest.mark.parametrize(
    ("name", "argument", "printed"),
    [
        ("model", "foo", "FROM foo"),
        ("model", " a b ", "FROM  a b "),
        ("license", "MIT", "LICENSE MIT"),
        ("template", "{{ .Prompt }}", "TEMPLATE {{ .Prompt }}"),
        ("system", "a\nb", 'SYSTEM "a\nb"'),
        ("system", 'a\n"b"', 'SYSTEM """a\n"b""""'),
        ("system", "", "SYSTEM "),
        ("system", " a", 'SYSTEM " a"'),
        ("system", "a ", 'SYSTEM "a "'),
        ("system", 'say "a" ', 'SYSTEM """say "a" """'),
        ("system", 'say "a"', 'SYSTEM say "a"'),
        ("system", '"a"', 'SYSTEM "a"'),
        ("system", "\ta\r", "SYSTEM \ta\r"),
        ("adapter", "a.gguf", "ADAPTER a.gguf"),
        ("draft", "d.gguf", "DRAFT d.gguf"),
        ("renderer", "r", "RENDERER r"),
        ("parser", "p", "PARSER p"),
        ("requires", "0.14.0", "REQUIRES 0.14.0"),
        ("message", "user: a: b", "MESSAGE user a: b"),
        ("message", "assistant: a\nb", 'MESSAGE assistant "a\nb"'),
        ("message", "user", "MESSAGE user "),
        ("stop", "### User: ", 'PARAMETER stop "### User: "'),
        ("num_ctx", "4096", "PARAMETER num_ctx 4096"),
    ],
)
def test_one_command(name: str, argument: str, printed: str) -> None:
    assert print_command(Command(name, argument)) == printed


def test_every_command_ends_its_line() -> None:
    text = 'FROM foo\nSYSTEM "a\nb"\nPARAMETER stop x\nMESSAGE user hi\n'
    assert print_modelfile(Modelfile.parse(text)) == text


@pytest.mark.parametrize(
    ("name", "argument", "written"),
    [
        ("model", "./a b.gguf", "FROM ./a b.gguf"),
        ("model", '"a".gguf ', 'FROM ""a".gguf "'),
        ("model", "a\nSYSTEM b.gguf", 'FROM """a\nSYSTEM b.gguf"""'),
        ("system", "", "SYSTEM "),
        ("system", "a", "SYSTEM a"),
        ("system", " a", 'SYSTEM " a"'),
        ("system", '"a', 'SYSTEM ""a"'),
        ("system", '"a"', 'SYSTEM ""a""'),
        ("system", "a\t", 'SYSTEM "a\t"'),
        ("system", 'a\n"b"', 'SYSTEM """a\n"b""""'),
        ("system", 'a"""\nb', None),
        ("system", 'a"""b\nc', 'SYSTEM """a"""b\nc"""'),
        ("system", '"""a\nb', 'SYSTEM """"""a\nb"""'),
        ("system", 'a"""\nLICENSE """b', None),
        ("system", "a\u200bb", None),
        ("system", "a\x1b[2J", None),
        ("stop", "<|im_end|>", "PARAMETER stop <|im_end|>"),
        ("stop", "User: ", 'PARAMETER stop "User: "'),
        ("message", "user: a\nb", 'MESSAGE user """a\nb"""'),
    ],
)
def test_what_reads_back(name: str, argument: str, written: str | None) -> None:
    assert write_command(Command(name, argument)) == written


@given(st.text(st.sampled_from('a" \t\r\n\u200b') | st.characters(), max_size=12))
@example('"""')
@example('"')
def test_whatever_is_written_reads_back(argument: str) -> None:
    """And nothing gets out of a value: what follows is read, too."""
    written = write_command(Command("license", argument))
    if written is not None:
        found = Modelfile.parse(f"FROM x\n{written}\nSYSTEM y\n").commands
        assert found == (Command("model", "x", 1), Command("license", argument, 2), found[-1])
        assert (found[-1].name, found[-1].argument) == ("system", "y")
