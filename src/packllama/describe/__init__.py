"""What a stored model or a single file is: the facts that ``show`` and ``inspect`` print, and the Modelfile that would
build a model again.

Reads a store and GGUF headers; follows Ollama's rules for capabilities and for printing Modelfiles.
Never writes, never loads a model, never prints.
"""

from packllama.describe.description import Description, Projector, describe
from packllama.describe.inspection import BundleInspection, Inspection, TypeShare, inspect
from packllama.describe.keys import Key, metadata_keys
from packllama.describe.layers import LayerFile, layer_files
from packllama.describe.metadata import metadata_rows, tensor_rows
from packllama.describe.modelfile import modelfile_of, parameter_lines

__all__ = [
    "BundleInspection",
    "Description",
    "Inspection",
    "Key",
    "LayerFile",
    "Projector",
    "TypeShare",
    "describe",
    "inspect",
    "layer_files",
    "metadata_keys",
    "metadata_rows",
    "modelfile_of",
    "parameter_lines",
    "tensor_rows",
]
