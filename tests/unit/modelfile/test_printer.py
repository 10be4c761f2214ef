"""Commands as Ollama prints them."""

import pytest

from packllama.modelfile import Command, Modelfile, print_command, print_modelfile


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
