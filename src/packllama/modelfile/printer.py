"""Commands as text: in Ollama's form, or in a form that reads back as the same command.

Follows Ollama's Modelfile grammar, "Printing". What Ollama prints does not always read back: a value that begins
with a quote, TABs at its ends and ``\"\"\"`` at a line's end get lost.
"""

from packllama.base.errors import ModelfileError
from packllama.modelfile.parser import Command, Modelfile

_OWN_COMMAND = {"license", "template", "system", "adapter", "renderer", "parser", "requires", "draft"}


def print_modelfile(modelfile: Modelfile) -> str:
    """All commands, a newline after each."""
    return "".join(f"{print_command(command)}\n" for command in modelfile.commands)


def print_command(command: Command) -> str:
    """One command in Ollama's form, without a newline at its end."""
    head, value = _split(command)
    return head + (value if command.name == "model" else quote(value))


def write_command(command: Command) -> str | None:
    """One command so that reading gives just that command again, without a newline at its end.

    ``None`` when no text does: the language has no escapes, and drops what is not printable.
    """
    head, value = _split(command)
    quotes = ('"""', '"') if "\n" in value else ("", '"', '"""')
    forms = (f"{head}{quote}{value}{quote}" for quote in quotes)
    return next((form for form in forms if _reads_back(form, command)), None)


def _reads_back(text: str, command: Command) -> bool:
    # A command behind it is swallowed when the value does not end where it should.
    behind = Command("model", "x")
    try:
        found = Modelfile.parse(f"{text}\n{print_command(behind)}\n").commands
    except ModelfileError:
        return False
    return [(each.name, each.argument) for each in found] == [(each.name, each.argument) for each in (command, behind)]


def _split(command: Command) -> tuple[str, str]:
    """What stands before the value, and the value."""
    if command.name == "model":
        return "FROM ", command.argument
    if command.name in _OWN_COMMAND:
        return f"{command.name.upper()} ", command.argument
    if command.name == "message":
        role, _, text = command.argument.partition(": ")
        return f"MESSAGE {role} ", text
    return f"PARAMETER {command.name} ", command.argument


def quote(text: str) -> str:
    """A value with the quotes that Ollama puts around it: if it has lines, or a space at an end."""
    if "\n" not in text and not text.startswith(" ") and not text.endswith(" "):
        return text
    return f'"""{text}"""' if '"' in text else f'"{text}"'
