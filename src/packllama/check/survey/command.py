"""Commands of packllama's, as cures tell them."""

import shlex

from packllama.places.store.layout import Layout


def command(layout: Layout, *words: str) -> str:
    """What to type to act on this very store, whichever one would be taken otherwise."""
    return shlex.join(("packllama", "--store", str(layout.root.absolute()), *words))
