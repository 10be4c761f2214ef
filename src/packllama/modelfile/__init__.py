"""The Modelfile language: bytes to text, text to commands, commands to a recipe, and back to text.

A Modelfile says what a model is made of: a GGUF or another model, a template, parameters, messages. This
room reads it exactly as Ollama does, with Ollama's messages for what is wrong, and says more in the hints.
It never looks for the files that a Modelfile names, and never builds anything. Whatever the text holds,
reading it takes time in proportion to its length, and there is a limit to that.

Follows Ollama's Modelfile grammar.
"""

from packllama.modelfile.decode import MAX_BYTES, decode_modelfile, read_modelfile
from packllama.modelfile.parameters import (
    DEPRECATED,
    PARAMETERS,
    Kind,
    ParameterValue,
    parameter_texts,
    parse_parameter,
)
from packllama.modelfile.parser import Command, Modelfile
from packllama.modelfile.paths import expand_path, looks_like_path, user_home
from packllama.modelfile.printer import print_command, print_modelfile, quote, write_command
from packllama.modelfile.recipe import Recipe

__all__ = [
    "DEPRECATED",
    "MAX_BYTES",
    "PARAMETERS",
    "Command",
    "Kind",
    "Modelfile",
    "ParameterValue",
    "Recipe",
    "decode_modelfile",
    "expand_path",
    "looks_like_path",
    "parameter_texts",
    "parse_parameter",
    "print_command",
    "print_modelfile",
    "quote",
    "read_modelfile",
    "user_home",
    "write_command",
]
