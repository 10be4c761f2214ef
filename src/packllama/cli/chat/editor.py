"""A text, changed in the user's own editor."""

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from packllama.base import fs
from packllama.base.errors import PackLlamaError
from packllama.base.reading import read_small
from packllama.base.terminal import escaped

_LIMIT = 16 << 20


def edited(text: str, *, editor: str) -> str:
    """The text as the editor leaves it; as it was, after a sentence on stderr, when that does not work.

    ``editor`` is a command line, to which a file's name is added.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="packllama-") as folder:
            file = Path(folder, "message.txt")
            fs.write_file(file, text.encode("utf-8", "replace"), staging=file.parent, mode=0o600)
            subprocess.run([*shlex.split(editor), str(file)], check=True)
            return read_small(file, limit=_LIMIT, what="a message").decode("utf-8", "replace").rstrip("\n")
    except (OSError, ValueError, subprocess.CalledProcessError, PackLlamaError) as error:
        sys.stderr.write(escaped(f"the editor {editor!r} failed: {error}") + "\n")
        return text
