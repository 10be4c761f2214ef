"""What a stored model is: the facts that ``show`` prints, and the Modelfile that would build it again.

Reads a store and the GGUF headers in it; follows Ollama's rules for capabilities and for printing Modelfiles.
Never writes, never loads a model, never prints.
"""

from packllama.describe.capabilities import capabilities
from packllama.describe.description import Description, Projector, describe
from packllama.describe.layers import LayerFile, layer_files
from packllama.describe.metadata import metadata_rows, tensor_rows
from packllama.describe.modelfile import modelfile_of, parameter_lines

__all__ = [
    "Description",
    "LayerFile",
    "Projector",
    "capabilities",
    "describe",
    "layer_files",
    "metadata_rows",
    "modelfile_of",
    "parameter_lines",
    "tensor_rows",
]
