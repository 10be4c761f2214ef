"""What a Modelfile asks for, gathered from its commands.

Follows Ollama's Modelfile grammar, "Mapping to the create request". Looks at no file: whether a FROM names
a path or a model is for the caller to find out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from packllama.base.errors import ModelfileError
from packllama.message import Message
from packllama.modelfile.parameters import DEPRECATED, ParameterValue, parse_parameter
from packllama.modelfile.parser import Command, Modelfile

_NUMBER = r"(?:0|[1-9][0-9]*)"
_PRE = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = re.compile(
    rf"{_NUMBER}(?:\.{_NUMBER}(?:\.{_NUMBER}(?:-{_PRE}(?:\.{_PRE})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)?)?"
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a Modelfile asks for. An empty text means "not given".

    ``froms``, ``adapters`` and ``drafts`` hold every argument in order, as written: of the adapters the
    last one counts, but all must exist. ``licenses`` may hold an empty text, which is a licence all the
    same. ``parameters`` come in the order of their first mention; ``stop`` gathers all its values.
    ``deprecated`` names the parameters that were ignored, once for each line.
    """

    froms: tuple[str, ...]
    adapters: tuple[str, ...] = ()
    drafts: tuple[str, ...] = ()
    template: str = ""
    system: str = ""
    renderer: str = ""
    parser: str = ""
    requires: str = ""
    licenses: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    deprecated: tuple[str, ...] = ()

    @classmethod
    def of(cls, modelfile: Modelfile, *, where: str = "") -> Self:
        """The recipe in a Modelfile; ``where`` is its path, for errors.

        Raises:
            ModelfileError: a parameter is unknown or its value wrong, or REQUIRES is no version.
        """
        commands = modelfile.commands
        parameters, deprecated = _parameters(commands, where)
        return cls(
            froms=_all(commands, "model"),
            adapters=_all(commands, "adapter"),
            drafts=_all(commands, "draft"),
            template=_last(commands, "template"),
            system=_last(commands, "system"),
            renderer=_last(commands, "renderer"),
            parser=_last(commands, "parser"),
            requires=_requires(commands, where),
            licenses=_all(commands, "license"),
            messages=tuple(_message(argument) for argument in _all(commands, "message")),
            parameters=parameters,
            deprecated=deprecated,
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What Ollama warns of, in its words, one per line."""
        return tuple(f"warning: parameter {name} is deprecated" for name in self.deprecated)


# The commands that are not parameters, by the names that the parser gives them.
_FIELDS = {
    "model", "adapter", "draft", "template", "system", "renderer", "parser", "requires", "license", "message",
}  # fmt: skip


def _all(commands: tuple[Command, ...], name: str) -> tuple[str, ...]:
    return tuple(command.argument for command in commands if command.name == name)


def _last(commands: tuple[Command, ...], name: str) -> str:
    return next((command.argument for command in reversed(commands) if command.name == name), "")


def _message(argument: str) -> Message:
    role, _, content = argument.partition(": ")
    return Message(role, content)


def _parameters(commands: tuple[Command, ...], where: str) -> tuple[dict[str, ParameterValue], tuple[str, ...]]:
    values: dict[str, ParameterValue] = {}
    stops: list[str] = []
    deprecated: list[str] = []
    for command in commands:
        if command.name in _FIELDS:
            continue
        if command.name in DEPRECATED:
            deprecated.append(command.name)
            continue
        value = parse_parameter(command.name, command.argument, where=_place(where, command))
        if isinstance(value, tuple):
            stops += value
        values[command.name] = value
    if stops:
        values["stop"] = tuple(stops)
    return values, tuple(deprecated)


def _requires(commands: tuple[Command, ...], where: str) -> str:
    version = ""
    for command in commands:
        if command.name != "requires":
            continue
        version = command.argument.removeprefix("v")
        if not _SEMVER.fullmatch(version):
            raise ModelfileError(
                "requires must be a valid semver (e.g. 0.14.0)",
                where=_place(where, command),
                hint="Write the least version of Ollama that the model needs: major.minor.patch, in digits.",
            )
    return version


def _place(where: str, command: Command) -> str:
    if not command.line:
        return where
    return f"{where}:{command.line}" if where else f"line {command.line}"
