"""A conversation with a model of a store: what was said, what the user has set, the model that answers.

Knows nothing of terminals. It loads models by ``engine/`` and saves a conversation as a model by ``build/``.
"""

from typing import TYPE_CHECKING

from packllama.base.lazy import exports

if TYPE_CHECKING:
    from packllama.chat.pictures import Picture, Taken, begins_with_path, named_pictures, take_pictures
    from packllama.chat.session import Session

# One answer looks for pictures too, and shall not pay for what a conversation needs.
_MODULES = {
    "Picture": "pictures",
    "Session": "session",
    "Taken": "pictures",
    "begins_with_path": "pictures",
    "named_pictures": "pictures",
    "take_pictures": "pictures",
}
__getattr__ = exports(__name__, _MODULES)

__all__ = ["Picture", "Session", "Taken", "begins_with_path", "named_pictures", "take_pictures"]
