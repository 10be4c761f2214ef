"""A conversation with a model of a store: what was said, what the user has set, the model that answers.

Knows nothing of terminals. It loads models by ``engine/`` and saves a conversation as a model by ``build/``.
"""

from packllama.chat.pictures import Picture, Taken, begins_with_path, take_pictures
from packllama.chat.session import Session

__all__ = ["Picture", "Session", "Taken", "begins_with_path", "take_pictures"]
