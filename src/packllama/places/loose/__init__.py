"""Folders of downloads: manifests and blobs that other programs left under any name, told by what they are.

One index over all folders given. A manifest is told by its content, a blob by its size and then its hash, which is put
off to the copy where there is no choice. Links and special files are passed over. Nothing here believes a file's name:
it only says which file to try first. The name of a model is taken from where it is written, never guessed.
"""

from typing import TYPE_CHECKING

from packllama.base.lazy import exports

if TYPE_CHECKING:
    from packllama.places.loose.downloads import Downloads, Lack, look
    from packllama.places.loose.memory import Memory
    from packllama.places.loose.removal import clear
    from packllama.places.loose.sheets import Sheet

_MODULES = {
    "Downloads": "downloads",
    "Lack": "downloads",
    "Memory": "memory",
    "Sheet": "sheets",
    "clear": "removal",
    "look": "downloads",
}
__getattr__ = exports(__name__, _MODULES)

__all__ = ["Downloads", "Lack", "Memory", "Sheet", "clear", "look"]
