"""``packllama key``: by what registries know this machine."""

import click

from packllama.cli.door import Door
from packllama.cli.options import common, pass_door
from packllama.places.registry.key import KEY, PublicKey, make_key, read_key


@click.command("key")
@click.option("--new", is_flag=True, help="Make a key where there is none. What is there is never replaced.")
@common
@pass_door
def command(door: Door, new: bool) -> None:
    """Show the public key by which registries know this machine, or make one.

    It is Ollama's own, ~/.ollama/id_ed25519, and only a registry that wants to know who asks makes use of it: add what
    is printed to your account there. The private part is never printed and never sent. Needs packllama[sign].
    """
    path = door.settings.home_folder() / KEY
    public = make_key(path) if new else PublicKey.of(read_key(path))
    if door.as_json:
        key = {"path": str(path), "public_key": public.line, "fingerprint": public.fingerprint, "made": new}
        door.result_json(key)
        return
    door.result(f"{public.line}\n")
    door.say(f"{'made' if new else 'the public part of'} {path}, {public.fingerprint}")
