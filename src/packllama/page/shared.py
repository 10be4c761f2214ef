"""What the page's scripts say and Python says too, taken from where Python has it."""

from packllama.base.settings import SERVICE_STORE
from packllama.links import formats
from packllama.links.formats import aria2, curl, heading, metalink, powershell, shell, wget
from packllama.links.link import FOLDER, MANIFEST, PATH, URL
from packllama.links.stores import STORES
from packllama.links.typed import HUBS, VERBS
from packllama.manifest import LAYER_PREFIX, MANIFEST_LIMIT, LayerKind
from packllama.name import DEFAULT_HOST, DEFAULT_NAMESPACE, DEFAULT_TAG, RULES
from packllama.places.registry.address import ADDRESS
from packllama.places.registry.fetchable import MOST_BYTES, MOST_LAYERS


def shared() -> dict[str, object]:
    """The constant ``SHARED`` of the scripts, as values that JSON has.

    A text's ``{word}`` is to be filled in, as by `str.format`; the patterns mean the same in both languages.
    """
    return {
        "folder": FOLDER,
        "manifest": MANIFEST,
        "accept": heading.ACCEPT,
        "shown": heading.SHOWN,
        "defaults": {"host": DEFAULT_HOST, "namespace": DEFAULT_NAMESPACE, "tag": DEFAULT_TAG},
        "rules": [
            {"part": rule.part, "longest": rule.longest, "more": rule.more, "valid": rule.valid.pattern}
            for rule in RULES
        ],
        "verbs": sorted(VERBS),
        "hubs": sorted(HUBS),
        "url": URL.pattern,
        "address": ADDRESS.pattern,
        "path": PATH.pattern,
        "stores": STORES,
        "serviceStore": str(SERVICE_STORE),
        "layerPrefix": LAYER_PREFIX,
        "kinds": [kind.value for kind in LayerKind],
        "manifestLimit": MANIFEST_LIMIT,
        "mostLayers": MOST_LAYERS,
        "mostBytes": MOST_BYTES,
        "commands": {form.value: command for form, command in formats.COMMANDS.items()},
        "always": aria2.ALWAYS,
        "quotes": powershell.QUOTES,
        "functions": {"shell": shell.FUNCTIONS, "powershell": powershell.FUNCTIONS},
        "fetch": {"curl": curl.FETCH, "wget": wget.FETCH},
        "texts": {
            "aria2": aria2.TEXT,
            "metalink": metalink.TEXT,
            "shell": shell.TEXT,
            "powershell": powershell.TEXT,
        },
    }
