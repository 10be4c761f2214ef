"""The table of all points that were tried, at the end of a run that was asked for this folder."""

from collections.abc import Iterator

import pytest

from tests.faults.dose import full
from tests.faults.tally import FLOOR, PROPERTY, Tally, table

Row = tuple[str, str, Tally]


class _Sum:
    """A plugin: with several processes, that of the one that reports."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.rows += _told(report)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.rows:
            terminalreporter.section("faults")
            terminalreporter.write_line(table(self.rows))
            if self._is_too_few():
                terminalreporter.write_line(f"fewer than {FLOOR:,} were met", red=True)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.rows and self._is_too_few():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _is_too_few(self) -> bool:
        return full() and sum(tally.met for _, _, tally in self.rows) < FLOOR


def _told(report: pytest.TestReport) -> Iterator[Row]:
    for name, value in report.user_properties:
        if name == PROPERTY and isinstance(value, list):
            scenario, fault, numbers = value
            yield scenario, fault, Tally(**numbers)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Sum())
