"""What a shell offers for an argument that is a model's name.

Silent on every error: whoever presses Tab did not ask for a sentence. Only folders are listed; no manifest is read.
"""

from pathlib import Path

import click

from packllama.base.errors import PackLlamaError
from packllama.cli.door import Door
from packllama.name import DEFAULT_TAG, ModelName

_DEFAULT = f":{DEFAULT_TAG}"


def names(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The store's models whose short name begins with ``incomplete``, in any letter case.

    ``:latest`` is left out until a colon was typed.
    """
    spelled = sorted(_spelled(name, incomplete) for name in _stored(context))
    return [text for text in spelled if text.lower().startswith(incomplete.lower())]


def _spelled(name: ModelName, incomplete: str) -> str:
    tagged = ":" in incomplete.rpartition("/")[2]
    return name.short if tagged else name.short.removesuffix(_DEFAULT)


def _stored(context: click.Context) -> list[ModelName]:
    door = context.ensure_object(Door)
    # While completing, click reads the options in front of the verb but does not run what they belong to.
    before = context.find_root().params.get("store")
    if door.store_flag is None and isinstance(before, Path):
        door.store_flag = before
    try:
        return door.store().scan().names
    except (PackLlamaError, OSError):
        return []
