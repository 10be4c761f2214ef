"""Where Ollama's stores are, for who puts files there by hand."""

from packllama.base.settings import SERVICE_STORE
from packllama.links.link import Link

STORES = {
    "linux": "~/.ollama/models",
    "macos": "~/.ollama/models",
    "windows": r"%USERPROFILE%\.ollama\models",
}

# Where the service of Ollama's installer for Linux has its own.
SERVICE = {"linux service": str(SERVICE_STORE)}


def targets(link: Link) -> dict[str, str | None]:
    """The path in the store of each system; None where the file has none."""
    return {system: _target(link.target, store) for system, store in STORES.items()}


def _target(target: str | None, store: str) -> str | None:
    if target is None:
        return None
    if "\\" not in store:
        return f"{store}/{target}"
    # Ollama has no place there for a name with a port: no file may have a colon in its name.
    return None if ":" in target else f"{store}\\{target.replace('/', chr(92))}"
