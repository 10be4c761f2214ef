"""``packllama list``: the models in the store, newest first."""

import fnmatch
import time

import click

from packllama.base.terminal import escaped
from packllama.base.units import human_bytes, human_when
from packllama.cli.door import Door
from packllama.cli.options import common, pass_door
from packllama.cli.table import titled_table
from packllama.places.store import Listed, Store, is_remote


@click.command("list")
@click.argument("pattern", required=False, default="")
@click.argument("ignored", nargs=-1, metavar="")
@click.option("--digests", is_flag=True, help="Print whole digests instead of their first 12 digits.")
@common
@pass_door
def command(door: Door, pattern: str, ignored: tuple[str, ...], digests: bool) -> None:
    """List the models in the store, newest first.

    PATTERN is the beginning of a name, or a pattern with * and ?; letter case does not matter.
    """
    del ignored  # Ollama takes more words and does nothing with them
    list_models(door, pattern, whole_digest=digests)


def list_models(door: Door, pattern: str, *, whole_digest: bool = False) -> None:
    """Print the models of the store whose names match, as a table or a document."""
    store = door.store()
    listed, broken = store.listing()
    listed = [item for item in listed if _matches(item.model.name.short, pattern)]
    if door.as_json:
        door.result_json({"models": [_document(store, item) for item in listed]})
    else:
        now = time.time()
        rows = [_row(store, item, now, whole_digest=whole_digest) for item in listed]
        door.result("".join(f"{line}\n" for line in titled_table(("NAME", "ID", "SIZE", "MODIFIED"), rows)))
    for error in broken:
        door.say(f"not listed: {error.sentence}")


def _matches(name: str, pattern: str) -> bool:
    if any(character in pattern for character in "*?["):
        return fnmatch.fnmatchcase(name.lower(), pattern.lower())
    return name.lower().startswith(pattern.lower())


def _row(store: Store, item: Listed, now: float, *, whole_digest: bool) -> tuple[str, ...]:
    manifest = item.model.manifest
    digest = manifest.digest.hex if whole_digest else manifest.digest.short
    size = "-" if is_remote(store, item.model) else human_bytes(manifest.total_size)
    return escaped(item.model.name.short), digest, size, human_when(item.modified, now=now)


def _document(store: Store, item: Listed) -> dict[str, object]:
    manifest = item.model.manifest
    return {
        "name": item.model.name.short,
        "digest": manifest.digest.hex,
        "size": manifest.total_size,
        "modified": int(item.modified),
        "remote": is_remote(store, item.model),
    }
