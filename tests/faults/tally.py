"""What became of all points: counted test by test, shown as one table at the end."""

from collections.abc import Iterable
from dataclasses import dataclass

# Under this name each test tells its tally to whoever reports on all of them.
PROPERTY = "faults"

# So many kills and errors are met when everything is tried.
FLOOR = 2000


@dataclass
class Tally:
    """What became of the points of one scenario and one fault.

    ``met``: it died of the fault or said it; of an interruption, it was interrupted. ``borne``: it did its work all the
    same. ``missed``: in no run did it come to that call again. ``states``: how many different folders were left.
    """

    points: int = 0
    met: int = 0
    borne: int = 0
    missed: int = 0
    states: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, name) + getattr(other, name) for name in _COLUMNS))


_COLUMNS = tuple(Tally.__dataclass_fields__)


def table(rows: Iterable[tuple[str, str, Tally]]) -> str:
    """Of scenario, fault and tally, with their sum, and the share of the points that were reached."""
    told = sorted(rows)
    total = sum((tally for _, _, tally in told), Tally())
    lines = [_line("scenario", "fault", _COLUMNS)]
    lines += [_line(scenario, fault, _numbers(tally)) for scenario, fault, tally in told]
    reached = (total.met + total.borne) / max(total.points, 1)
    return "\n".join([*lines, _line("all", "", _numbers(total)), f"{reached:.1%} of the points were reached"])


def _numbers(tally: Tally) -> tuple[str, ...]:
    return tuple(str(getattr(tally, name)) for name in _COLUMNS)


def _line(scenario: str, fault: str, numbers: Iterable[str]) -> str:
    return f"{scenario:<56}{fault:<9}" + "".join(f"{number:>8}" for number in numbers)
