"""What unfinished downloads of other programs hold: Ollama's own, and those of aria2.

Extents of blobs, found in a folder and read. Never trusted: the hash of the whole blob decides. Never changed or
removed either: the other program may be writing at the moment, or want to go on some day.
"""

from packllama.places.partial.partials import Partials, partials_in

__all__ = ["Partials", "partials_in"]
