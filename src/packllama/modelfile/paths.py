"""Paths in a Modelfile, made absolute.

Follows Ollama's Modelfile grammar, "Path expansion". Looks at no file; symbolic links stay as they are.
"""

import os
from collections.abc import Callable
from pathlib import Path

from packllama.base.errors import ModelfileError


def user_home(user: str) -> Path | None:
    """The home directory of a user, or of the current one for an empty name; ``None`` if unknown."""
    short = f"~{user}"
    home = os.path.expanduser(short)  # noqa: PTH111 - Path.home() knows the current user only
    return None if home == short else Path(home)


def looks_like_path(text: str) -> bool:
    """Whether an argument of FROM that is no file was meant as one, and not as a model's name."""
    ends_like_weights = text.lower().endswith((".gguf", ".safetensors", ".bin"))
    return text.startswith((".", "/", "~", "\\")) or ends_like_weights


def expand_path(text: str, *, base: Path, home: Callable[[str], Path | None] = user_home) -> Path:
    """The absolute path that an argument of FROM, ADAPTER or DRAFT means.

    ``base`` is the absolute path of the Modelfile's directory; relative arguments begin there. ``~`` and
    ``~user`` are expanded, environment variables and globs are not. An empty text means ``base``.

    Raises:
        ModelfileError: there is no such user.
    """
    if text.startswith("~"):
        return _clean(_home_of(text, home))
    if text.startswith("\\"):
        # Ollama takes a leading backslash for a root everywhere, and so leaves the base out.
        return _clean(os.path.abspath(text))  # noqa: PTH100 - resolve() would follow links
    return _clean(os.path.join(base, text))  # noqa: PTH118 - keeps ".." for _clean


def _home_of(text: str, home: Callable[[str], Path | None]) -> str:
    user, _, rest = text[1:].partition("/")
    directory = home(user)
    if directory is None:
        name = user or "the current user"
        raise ModelfileError(
            f"failed to find user '{user}': user: unknown user {name}",
            hint="A file whose name begins with ~ is written ./~name.",
        )
    # What follows is below the home directory even if it begins with another slash.
    return f"{directory}/{rest}"


def _clean(path: str) -> Path:
    cleaned = os.path.normpath(path)
    # POSIX gives two leading slashes a meaning of their own; Go and Linux do not.
    if os.sep == "/" and cleaned.startswith("//"):
        cleaned = cleaned[1:]
    return Path(cleaned)
