"""A directory in Ollama's layout: find it, list it, read it, take files in, publish and remove names.

Follows Ollama's store format. A listed model is whole at every instant: blobs wait under ``.packllama/`` until
all are there and right, then they are moved in, and the name comes last. Nothing here knows what a Modelfile is,
talks to a network or loads a model; nothing is ever written or removed through a link.
"""

from packllama.places.store.copy_name import Copied, copy_name
from packllama.places.store.files import StoreFile, model_files
from packllama.places.store.locate import find_root
from packllama.places.store.parts import ModelParts, layer_paths, read_config, read_parts
from packllama.places.store.removable import name_to_remove
from packllama.places.store.remove import Removal, delete_unreferenced, remove_model
from packllama.places.store.session import Session
from packllama.places.store.store import Listed, Scan, Store

__all__ = [
    "Copied",
    "Listed",
    "ModelParts",
    "Removal",
    "Scan",
    "Session",
    "Store",
    "StoreFile",
    "copy_name",
    "delete_unreferenced",
    "find_root",
    "layer_paths",
    "model_files",
    "name_to_remove",
    "read_config",
    "read_parts",
    "remove_model",
]
