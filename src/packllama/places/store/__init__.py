"""A directory in Ollama's layout: find it, list it, read it, take files in, publish and remove names.

Follows Ollama's store format. A listed model is whole at every instant: blobs wait under ``.packllama/`` until
all are there and right, then they are moved in, and the name comes last. Nothing here knows what a Modelfile is,
talks to a network or loads a model; nothing is ever written or removed through a link.
"""

from typing import TYPE_CHECKING

from packllama.base.lazy import exports

if TYPE_CHECKING:
    from packllama.places.store.copy import Copied, copy_name
    from packllama.places.store.files import StoreFile, model_files
    from packllama.places.store.hash_record import has_valid_record
    from packllama.places.store.locate import find_root
    from packllama.places.store.parts import ModelParts, is_remote, layer_paths, read_config, read_parts
    from packllama.places.store.removable import name_to_remove
    from packllama.places.store.remove import Removal, delete_replaced, remove_model
    from packllama.places.store.session import Session
    from packllama.places.store.store import Listed, Scan, Store
    from packllama.places.store.target import StoreTarget

_MODULES = {
    "Copied": "copy",
    "copy_name": "copy",
    "StoreFile": "files",
    "model_files": "files",
    "find_root": "locate",
    "has_valid_record": "hash_record",
    "ModelParts": "parts",
    "is_remote": "parts",
    "layer_paths": "parts",
    "read_config": "parts",
    "read_parts": "parts",
    "name_to_remove": "removable",
    "Removal": "remove",
    "delete_replaced": "remove",
    "remove_model": "remove",
    "Session": "session",
    "Listed": "store",
    "Scan": "store",
    "Store": "store",
    "StoreTarget": "target",
}
__getattr__ = exports(__name__, _MODULES)

__all__ = [
    "Copied",
    "Listed",
    "ModelParts",
    "Removal",
    "Scan",
    "Session",
    "Store",
    "StoreFile",
    "StoreTarget",
    "copy_name",
    "delete_replaced",
    "find_root",
    "has_valid_record",
    "is_remote",
    "layer_paths",
    "model_files",
    "name_to_remove",
    "read_config",
    "read_parts",
    "remove_model",
]
