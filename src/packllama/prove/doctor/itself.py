"""packllama itself: its version, how it is installed, which of its extras are there."""

import importlib.util
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import packllama
from packllama.base.version import __version__
from packllama.prove.doctor.checkup import Fact, Level, Patient, Topic

_ENGINE = "xllamacpp"

# Extra, its modules, what is wanting without it. That the engine itself is missing is for the engine's check to say.
_EXTRAS = (
    ("engine", (_ENGINE, "llguidance", "PIL"), "formats by JSON schema and pictures are not taken"),
    ("jinja", ("jinja2",), "'create' cannot try a GGUF's own template"),
    ("sign", ("cryptography",), "registries that ask for a key give nothing"),
)


@dataclass(frozen=True, slots=True)
class Installation:
    """``program``: the package's folder, or what it would be within an archive. The prefixes are Python's."""

    program: Path
    prefix: Path
    base_prefix: Path

    @property
    def sentence(self) -> str:
        archive = next((parent for parent in self.program.parents if parent.is_file()), None)
        if archive:
            return f"one file, {archive}"
        for words, tool in ((("pipx", "venvs"), "pipx"), (("uv", "tools"), "uv")):
            if words in zip(self.prefix.parts, self.prefix.parts[1:], strict=False):
                return f"installed by {tool} in {self.prefix}"
        if self.prefix != self.base_prefix:
            return f"installed in the virtual environment {self.prefix}"
        return f"installed in {self.program.parent}"


THIS = Installation(Path(packllama.__file__).parent, Path(sys.prefix), Path(sys.base_prefix))


def look(_patient: Patient) -> Iterator[Fact]:
    """What is running."""
    version = f"version {__version__} on Python {platform.python_version()}, {THIS.sentence}"
    yield Fact(Topic.PACKLLAMA, Level.OK, version)
    lacking = {extra: _lacking(modules) for extra, modules, _loss in _EXTRAS}
    there = [extra for extra, missing in lacking.items() if not missing]
    yield Fact(Topic.PACKLLAMA, Level.OK, f"extras: {', '.join(there) or 'none'}")
    for extra, _modules, loss in _EXTRAS:
        missing = lacking[extra]
        if missing and _ENGINE not in missing:
            sentence = f"without {' and '.join(missing)} {loss}"
            yield Fact(Topic.PACKLLAMA, Level.NOTE, sentence, f"pip install 'packllama[{extra}]'")


def _lacking(modules: tuple[str, ...]) -> list[str]:
    return [module for module in modules if importlib.util.find_spec(module) is None]
