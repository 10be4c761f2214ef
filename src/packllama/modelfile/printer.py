"""Commands, printed as Ollama prints them.

Follows Ollama's Modelfile grammar, "Printing". What is printed does not always read back as the same
commands: a value that begins with a quote, TABs at its ends and ``\"\"\"`` at a line's end get lost.
"""

from packllama.modelfile.parser import Command, Modelfile

_OWN_COMMAND = {"license", "template", "system", "adapter", "renderer", "parser", "requires", "draft"}


def print_modelfile(modelfile: Modelfile) -> str:
    """All commands, a newline after each."""
    return "".join(f"{print_command(command)}\n" for command in modelfile.commands)


def print_command(command: Command) -> str:
    """One command in Ollama's form, without a newline at its end."""
    if command.name == "model":
        return f"FROM {command.argument}"
    if command.name in _OWN_COMMAND:
        return f"{command.name.upper()} {quote(command.argument)}"
    if command.name == "message":
        role, _, text = command.argument.partition(": ")
        return f"MESSAGE {role} {quote(text)}"
    return f"PARAMETER {command.name} {quote(command.argument)}"


def quote(text: str) -> str:
    """A value with the quotes that Ollama puts around it: if it has lines, or a space at an end."""
    if "\n" not in text and not text.startswith(" ") and not text.endswith(" "):
        return text
    return f'"""{text}"""' if '"' in text else f'"{text}"'
