"""The helper itself: what is no refusal does not pass for one."""

import pytest

from tests.threats.refusal import Scene, assert_refused


def test_a_refusal(scene: Scene) -> None:
    done = assert_refused(scene, "show", "../canary", exit=4, words=["invalid model name"])
    assert 0 < done.megabytes < 200
    assert done.ended[0].args == ("show", "../canary")


@pytest.mark.parametrize(
    ("words", "exit"),
    [
        (("show", "here"), 0),  # says no error
        (("show", "gone"), 4),  # another status
        (("cp", "here", "there"), 0),  # changes the store
        (("export", "here", "-o", "../x.tar"), 0),  # writes outside
    ],
)
def test_what_is_none(words: tuple[str, ...], exit: int, scene: Scene) -> None:
    with pytest.raises(AssertionError):
        assert_refused(scene, *words, exit=exit)


def test_a_look_outside_is_noticed(scene: Scene) -> None:
    done = scene.run("inspect", "../canary")
    assert done.status == 4
    assert ("open", "../canary") in done.touched
    with pytest.raises(AssertionError):
        assert_refused(scene, "inspect", "../canary", exit=4)
