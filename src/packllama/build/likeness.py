"""What a model takes over from another one: template, system text, parameters, licences; never weights or messages.

It is what Ollama's FROM would hand down, said in the commands of a Modelfile, so that a model built with it is the one
that is built when somebody writes these commands. Renderer, parser and the least version of Ollama belong to the
template: Ollama's published models of today have these instead of one.
"""

from collections import Counter
from dataclasses import dataclass

from packllama.modelfile import PARAMETERS, Command, Modelfile

_BUILDERS = frozenset({"renderer", "parser"})


@dataclass(frozen=True, slots=True)
class Likeness:
    """``commands`` say it as a Modelfile does. ``name`` is the model's; ``family`` what its weights are, "" if unknown.

    ``left_out`` are sentences about what no Modelfile could say.
    """

    name: str
    family: str
    commands: tuple[Command, ...]
    left_out: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is taken over, and what is not."""
        kinds = Counter("parameter" if each.name in PARAMETERS else each.name for each in self.commands)
        words = [f"{count} {kind}s" if count > 1 else kind for kind, count in kinds.items()]
        return (f"taking over from {self.name}: {', '.join(words)}", *self.left_out)

    def completing(self, modelfile: Modelfile) -> Modelfile:
        """The Modelfile with what it does not say itself, as Ollama does it for FROM: its licences come in addition.

        One difference: beside a TEMPLATE of its own no renderer and no parser is taken over, for with them Ollama would
        not use that template.
        """
        # An empty TEMPLATE is none, as in Ollama.
        said = {each.name for each in modelfile.commands if each.argument or each.name in PARAMETERS} - {"license"}
        said |= _BUILDERS if "template" in said else set()
        licenses = {each.argument for each in modelfile.commands if each.name == "license"}
        added = [each for each in self.commands if each.name not in said]
        added = [each for each in added if each.name != "license" or each.argument not in licenses]
        instead = {each.name for each in added} - {"license"}
        return Modelfile((*added, *(each for each in modelfile.commands if each.name not in instead)))

    def doubts(self, family: str) -> tuple[str, ...]:
        """A warning, when weights of this family are to become like a model of another one."""
        if not self.family or not family or self.family == family:
            return ()
        return (f"warning: {self.name} is made of {self.family} and these weights are {family}: it may not fit them",)
