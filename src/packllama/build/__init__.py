"""From a Modelfile and the files it names to a model in a store, as Ollama's ``create`` does it.

The order is the safety: everything is parsed, opened and checked before the store is touched; then files are
taken in; the manifest comes last. One deliberate difference: a GGUF is stored as it is, so its digest is its
publisher's, where recent versions of Ollama rewrite it. Nothing here runs a model or knows of a network.

``propose`` writes the Modelfile for a GGUF that has none. ``take_over`` reads what a model of any place hands down to
one that shall be like it.
"""

from packllama.build.assemble import BuiltLayer
from packllama.build.create import Created, Rehearsed, create, rehearse
from packllama.build.intake import UNKNOWN
from packllama.build.likeness import Likeness
from packllama.build.proposal import Line, Proposal
from packllama.build.propose import propose

__all__ = [
    "UNKNOWN",
    "BuiltLayer",
    "Created",
    "Likeness",
    "Line",
    "Proposal",
    "Rehearsed",
    "create",
    "propose",
    "rehearse",
]
