"""What of a conversation fits."""

from collections.abc import Sequence

import pytest

from packllama.message import Message
from packllama.prompt.fit import fit


def talk(letters: str) -> list[Message]:
    """A message for each letter: capitals are system messages."""
    return [Message("system" if letter.isupper() else "user", letter) for letter in letters]


@pytest.mark.parametrize(
    ("messages", "most", "kept"),
    [
        ("abc", 3, "|abc"),
        ("abc", 2, "|bc"),
        ("abc", 0, "|c"),
        ("Sabc", 3, "S|bc"),
        ("Sabc", 4, "|Sabc"),
        ("aSbc", 2, "S|c"),
        ("aTbSc", 3, "T|Sc"),
        ("aTbSc", 1, "TS|c"),
        ("aS", 0, "|S"),
        ("a", 0, "|a"),
        ("", 0, "|"),
    ],
)
def test_the_oldest_go_first(messages: str, most: int, kept: str) -> None:
    def fits(rescued: Sequence[Message], rest: Sequence[Message]) -> bool:
        return len(rescued) + len(rest) <= most

    rescued, rest = fit(talk(messages), fits=fits)
    assert "|".join("".join(message.content for message in part) for part in (rescued, rest)) == kept
