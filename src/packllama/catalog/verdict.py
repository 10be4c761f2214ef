"""How well a template of ours agrees with a GGUF's own, conversation by conversation."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from packllama.base.errors import TemplateError
from packllama.catalog.abilities import Ability, abilities_of, abilities_shown
from packllama.catalog.conversations import PLAIN, THINKING, TOOLS, Request
from packllama.catalog.equality import same_by_value
from packllama.catalog.jinja import Refusal, Rendering
from packllama.template.template import Template

# What a model is hardly ever asked without.
_NEEDED = frozenset({"u", "uau", "u with tools", "a call with tools"})
_BLANKS = frozenset({"blanks", "s-blanks"})
_LATER_SYSTEM = "suasu"


class Verdict(IntEnum):
    """From best to worst."""

    EXACT = 0
    DEFAULT = 1
    """The same once one constant system message is put first."""
    NEARLY = 2
    """The same but for white space, and that not at the very end, where the answer begins."""
    LEFT_OUT = 3
    """The GGUF's own template refuses the conversation, or drops a later system message."""
    OUT = 4


@dataclass(frozen=True, slots=True)
class Fit:
    """What came of comparing a template with a GGUF's own; it ends with the first conversation that is out.

    ``system``: the constant system message that the GGUF's own writes by itself. ``lost``: what the template cannot.
    """

    verdicts: Mapping[str, Verdict]
    lost: frozenset[Ability]
    system: str

    @property
    def worst(self) -> Verdict:
        """Of all that were compared; ``OUT`` if the template must not be chosen."""
        counted = [verdict for verdict in self.verdicts.values() if verdict is not Verdict.LEFT_OUT]
        return Verdict.OUT if self.lost else max(counted)

    @property
    def exact(self) -> int:
        """How many conversations come out exactly the same."""
        return list(self.verdicts.values()).count(Verdict.EXACT)

    def first(self, verdict: Verdict) -> str:
        """The first conversation with this verdict; empty if there is none."""
        return next((name for name, found in self.verdicts.items() if found is verdict), "")


def fit(template: Template, own: Mapping[str, Rendering]) -> Fit:
    """Compare with what a GGUF's own template renders (``own``, for all conversations).

    What a template can do besides talking is compared even if the GGUF's own cannot: it would write something else.
    """
    can = abilities_of(template)
    system = _default_system(template, own)
    requests = {**PLAIN, **(TOOLS if Ability.TOOLS in can else {}), **(THINKING if Ability.THINKING in can else {})}
    verdicts: dict[str, Verdict] = {}
    for name, request in requests.items():
        verdicts[name] = _verdict(name, request, template, own[name], system)
        if verdicts[name] is Verdict.OUT:
            break
    return Fit(verdicts, abilities_shown(own) - can, system)


def rendered(template: Template, request: Request, *, system: str = "") -> str | None:
    """A template's text for a conversation, ``system`` put first; None if it fails on it."""
    try:
        return template.render(request.as_messages(system=system), tools=request.as_tools(), think=request.think)
    except TemplateError:
        return None


def _verdict(name: str, request: Request, template: Template, theirs: Rendering, system: str) -> Verdict:
    if isinstance(theirs, Refusal):
        return Verdict.OUT if name in _NEEDED else Verdict.LEFT_OUT
    first = "" if request.has_system else system
    ours = rendered(template, request, system=first)
    if _same(name, theirs, ours):
        return Verdict.DEFAULT if first else Verdict.EXACT
    if name in PLAIN and not first and ours is not None and _same_but_for_white(theirs, ours):
        return Verdict.NEARLY
    dropped = name == _LATER_SYSTEM and theirs == rendered(template, _without_later_system(request))
    return Verdict.LEFT_OUT if dropped else Verdict.OUT


def _same(name: str, theirs: str, ours: str | None) -> bool:
    if ours is None:
        return False
    if name in _BLANKS:
        # Many templates trim messages, and none in Go can; only the user's own blanks are at stake.
        return "".join(theirs.split()) == "".join(ours.split())
    return theirs == ours if name in PLAIN else same_by_value(theirs, ours)


def _same_but_for_white(theirs: str, ours: str) -> bool:
    end_of_theirs, end_of_ours = (text[len(text.rstrip()) :] for text in (theirs, ours))
    return end_of_theirs == end_of_ours and theirs.split() == ours.split()


def _without_later_system(request: Request) -> Request:
    first, *others = request.messages
    return replace(request, messages=(first, *(turn for turn in others if turn["role"] != "system")))


def _default_system(template: Template, own: Mapping[str, Rendering]) -> str:
    """What the GGUF's own template writes where this one writes a system message, if it is constant; else empty.

    It is then stored with the model, and so stands before every conversation that has no system message.
    """
    theirs = own["u"]
    ours = rendered(template, PLAIN["su"])
    if isinstance(theirs, Refusal) or ours is None or own["u later"] != theirs:
        return ""
    before, _, after = ours.partition(str(PLAIN["su"].messages[0]["content"]))
    system = theirs[len(before) : len(theirs) - len(after)]
    return system if theirs == rendered(template, PLAIN["u"], system=system) else ""
