"""Where the images of a conversation stand in its text."""

from collections.abc import Sequence
from dataclasses import replace

from packllama.message import Message

_PLACE = "[img]"


def with_image_tags(messages: Sequence[Message]) -> tuple[list[Message], tuple[bytes, ...]]:
    """Messages with a tag ``[img-N]`` for each image, and the images in that order.

    A tag takes the place of an ``[img]`` in the message, or stands before its text.
    """
    images: list[bytes] = []
    tagged: list[Message] = []
    for message in messages:
        content, before = message.content, ""
        for image in message.images or ():
            tag = f"[img-{len(images)}]"
            images.append(image)
            if _PLACE in content:
                content = content.replace(_PLACE, tag, 1)
            else:
                before += tag
        tagged.append(replace(message, content=before + content) if message.images else message)
    return tagged, tuple(images)
