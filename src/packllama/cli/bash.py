"""Completion in bash of words with a colon.

Bash takes ``gemma3:12b`` for three words, ``gemma3``, ``:`` and ``12b``, and replaces only the last one; likewise
``--store=PATH``. So the words are put together before click looks at them, and what bash has already is cut off.
"""

from click.shell_completion import BashComplete, CompletionItem, add_completion_class

_BREAKS = (":", "=")


class ColonComplete(BashComplete):
    """Click's completion for bash. The script that it prints for ``.bashrc`` stays click's own."""

    _kept = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        *glued, whole = _glued([*args, incomplete])
        if whole != incomplete or incomplete in _BREAKS:
            self._kept = whole[: max(map(whole.rfind, _BREAKS)) + 1]
        return glued, whole

    def format_completion(self, item: CompletionItem[str]) -> str:
        return f"{item.type},{item.value[len(self._kept) :]}"


def _glued(words: list[str]) -> list[str]:
    glued: list[str] = []
    for word in words:
        if glued and (word in _BREAKS or glued[-1].endswith(_BREAKS)):
            glued[-1] += word
        else:
            glued.append(word)
    return glued


def register() -> None:
    """Let click use it."""
    add_completion_class(ColonComplete)
