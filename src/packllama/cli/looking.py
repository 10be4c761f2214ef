"""The pictures in what a person asks, taken out and announced."""

from packllama.base.stop import Stop
from packllama.chat import named_pictures, take_pictures
from packllama.cli.door import Door
from packllama.engine import sendable
from packllama.name import ModelName


def taken(door: Door, question: str, *, name: ModelName, sees: bool, stop: Stop) -> tuple[str, tuple[bytes, ...]]:
    """The question without the paths of its pictures, and the pictures, as the engine takes them.

    For a model without eyes the paths stay text, which is said.

    Raises: BadInput, NotSupported, EngineMissing, MachineError, Cancelled.
    """
    if not sees:
        for path in named_pictures(question):
            door.say(f"the model {name.short} has no eyes, so '{path}' stays text")
        return question, ()
    found = take_pictures(question, stop=stop)
    pictures = []
    for picture in found.pictures:
        pictures.append(sendable(picture.data, where=picture.path))
        door.say(f"Added image '{picture.path}'")
    return found.prompt, tuple(pictures)
