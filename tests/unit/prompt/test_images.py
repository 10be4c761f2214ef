"""Where images stand."""

import pytest

from packllama.message import Message
from packllama.prompt.images import with_image_tags


@pytest.mark.parametrize(
    ("messages", "texts"),
    [
        ([("a", 0)], ["a"]),
        ([("a", 1)], ["[img-0]a"]),
        ([("a", 2)], ["[img-0][img-1]a"]),
        ([("see [img] here", 1)], ["see [img-0] here"]),
        ([("x [img] y [img] z", 2)], ["x [img-0] y [img-1] z"]),
        ([("x [img] y", 2)], ["[img-1]x [img-0] y"]),
        ([("x [img] y [img]", 1)], ["x [img-0] y [img]"]),
        ([("[img]", 0), ("", 1), ("c", 2)], ["[img]", "[img-0]", "[img-1][img-2]c"]),
        ([("[img-7]", 1)], ["[img-0][img-7]"]),
    ],
)
def test_tags(messages: list[tuple[str, int]], texts: list[str]) -> None:
    given = [Message("user", text, images=(b"x",) * count) for text, count in messages]
    tagged, images = with_image_tags(given)
    assert [message.content for message in tagged] == texts
    assert images == (b"x",) * sum(count for _, count in messages)


def test_images_keep_their_order() -> None:
    given = [Message("user", "a", images=(b"1", b"2")), Message("user", "b", images=(b"3",))]
    assert with_image_tags(given)[1] == (b"1", b"2", b"3")
