"""Ollama's own form of GGUF: told from plain files, and translated into what stock llama.cpp loads.

A file of that form becomes a text GGUF and, where it has eyes, a projector GGUF: other keys and names, some tensors
wider, all other bytes as they were. ``recognise.py`` has the marks by which a form is told, ``families.py`` the table
of what each family needs, ``part.py`` the one writer, ``derived.py`` the folder where the results wait.

The original is only read. No engine is started here: who asks for a translation tries it.
"""

from packllama.dialect.derived import Derived, Pair
from packllama.dialect.dialect import Dialect, Reader
from packllama.dialect.key import Key
from packllama.dialect.part import Part
from packllama.dialect.recipe import Tensor
from packllama.dialect.recognise import dialect_of
from packllama.dialect.translate import Translation, left_out, translate, translation_sees

__all__ = [
    "Derived",
    "Dialect",
    "Key",
    "Pair",
    "Part",
    "Reader",
    "Tensor",
    "Translation",
    "dialect_of",
    "left_out",
    "translate",
    "translation_sees",
]
