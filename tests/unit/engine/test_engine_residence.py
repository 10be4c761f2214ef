"""A model that stays between questions: which questions load another, and when it goes."""

import contextlib
import threading
from collections.abc import Iterator, Mapping

import pytest

from packllama.base.errors import BadInput, Cancelled, EngineFailed, EngineRefused, ModelNotFound
from packllama.base.stop import Stop
from packllama.engine import LoadedModel, Residence
from packllama.name import ModelName
from tests.unit.engine.waiting import until

A, B = ModelName.parse("a"), ModelName.parse("b")


class Loads:
    """Loads nothing, and writes down what it was asked to load and when that ended."""

    def __init__(self) -> None:
        self.events: list[str] = []

    @contextlib.contextmanager
    def __call__(self, name: ModelName, *, options: Mapping[str, object], stop: Stop) -> Iterator[LoadedModel]:
        if name.model == "none":
            raise ModelNotFound("no such model")
        self.events.append(f"+{name.model}")
        try:
            yield object()  # type: ignore[misc]
        finally:
            self.events.append(f"-{name.model}")


@pytest.fixture
def loads() -> Loads:
    return Loads()


def use(residence: Residence, name: ModelName = A, **options: object) -> LoadedModel:
    with residence.model(name, options, stop=Stop()) as model:
        return model


@pytest.mark.parametrize(
    ("second", "reloaded"),
    [
        ((A, {}), False),
        ((A, {"temperature": 0, "stop": ["x"], "num_predict": 3}), False),
        ((A, {"num_ctx": 512}), True),
        ((A, {"num_thread": 1}), True),
        ((A, {"draft_num_predict": 0}), True),
        ((B, {}), True),
    ],
)
def test_what_loads_again(loads: Loads, second: tuple[ModelName, dict[str, object]], reloaded: bool) -> None:
    with Residence(loads, keep_alive=-1) as residence:
        first = use(residence)
        name, options = second
        assert (use(residence, name, **options) is not first) == reloaded
        assert loads.events == (["+a", "-a", f"+{name.model}"] if reloaded else ["+a"])
    assert loads.events[-1] == f"-{name.model}"


def test_the_order_and_value_of_load_options_count(loads: Loads) -> None:
    with Residence(loads, keep_alive=-1) as residence:
        first = use(residence, num_ctx=512, num_gpu=0)
        assert use(residence, num_gpu=0, num_ctx=512, seed=1) is first
        assert use(residence, num_gpu=0, num_ctx=513) is not first


def test_unloaded_when_nobody_came_back(loads: Loads) -> None:
    with Residence(loads, keep_alive=0.05) as residence:
        use(residence)
        until(lambda: loads.events == ["+a", "-a"])
        use(residence)
        # It may be gone once more by now.
        assert loads.events[:3] == ["+a", "-a", "+a"]


def test_the_time_begins_anew_with_each_question(loads: Loads) -> None:
    with Residence(loads, keep_alive=3600) as residence:
        first = use(residence)
        begun = residence._timer
        assert use(residence) is first
        assert begun is not None
        until(begun.finished.is_set)
        assert loads.events == ["+a"]


def test_no_time_passes_within_a_question(loads: Loads) -> None:
    with Residence(loads, keep_alive=0.01) as residence:
        use(residence)
        with residence.model(A, {}, stop=Stop()):
            assert residence._timer is None or residence._timer.finished.is_set()
        until(lambda: loads.events[-1] == "-a")


def test_not_kept_at_all(loads: Loads) -> None:
    with Residence(loads, keep_alive=0) as residence:
        use(residence)
        assert loads.events == ["+a", "-a"]


def test_kept_for_ever(loads: Loads) -> None:
    with Residence(loads, keep_alive=-1) as residence:
        use(residence)
        assert residence._timer is None
    assert loads.events == ["+a", "-a"]


@pytest.mark.parametrize(
    ("error", "after"),
    [(EngineFailed("x"), ["+a", "-a"]), (EngineRefused("x"), ["+a"]), (BadInput("x"), ["+a"])],
)
def test_an_engine_that_failed_is_not_kept(loads: Loads, error: Exception, after: list[str]) -> None:
    with Residence(loads, keep_alive=3600) as residence:
        with pytest.raises(type(error)), residence.model(A, {}, stop=Stop()):
            raise error
        assert loads.events == after


def test_a_model_that_is_not_there_leaves_nothing(loads: Loads) -> None:
    with Residence(loads, keep_alive=3600) as residence:
        use(residence)
        with pytest.raises(ModelNotFound):
            use(residence, ModelName.parse("none"))
        assert loads.events == ["+a", "-a"]
        use(residence, B)
    assert loads.events == ["+a", "-a", "+b", "-b"]


def test_who_waits_can_be_stopped(loads: Loads) -> None:
    stop = Stop()
    stop.set()
    with Residence(loads, keep_alive=-1) as residence, residence.model(A, {}, stop=Stop()):
        with pytest.raises(Cancelled), residence.model(A, {}, stop=stop):
            pytest.fail("there are two at once")
    assert loads.events == ["+a", "-a"]


def test_one_at_a_time(loads: Loads) -> None:
    inside: list[int] = []
    most: list[int] = []

    def ask() -> None:
        with residence.model(A, {}, stop=Stop()):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    with Residence(loads, keep_alive=0.001) as residence:
        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert most == [1] * 20
    assert loads.events == ["+a", "-a"] * (len(loads.events) // 2)
