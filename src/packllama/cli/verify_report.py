"""What ``packllama verify`` prints of a store."""

from collections.abc import Iterator

from packllama.base.terminal import escaped
from packllama.base.units import counted, human_bytes
from packllama.check.finding import Finding
from packllama.check.survey.command import command
from packllama.check.verify.verify import VerifyReport
from packllama.cli.table import padded_rows
from packllama.name import ModelName
from packllama.places.store.layout import Layout


def text(report: VerifyReport, *, unsaid: Layout | None = None) -> str:
    """A line for each model and for each other finding, and the verdict; harmless for a terminal.

    ``unsaid``: the store that commands need not name.
    """
    lines = _lines(report)
    if unsaid:
        lines = (line.replace(command(unsaid), "packllama") for line in lines)
    return "".join(f"{escaped(line)}\n" for line in lines)


def _lines(report: VerifyReport) -> Iterator[str]:
    rows = [
        (name.short, text)
        for name, findings in _by_model(report)
        for text in [_about_model(finding) for finding in findings] or ["ok"]
    ]
    yield from (line.rstrip() for line in padded_rows(rows))
    yield from (_about_path(finding) for finding in report.findings if not finding.models)
    if report.skipped and not report.quick:
        what = f"{counted(report.skipped, 'blob')} of {human_bytes(report.bytes_skipped)}"
        yield (
            f"{what} not read again: since they were last read, nothing has written to them. "
            "That is no proof against a disk that forgets; without --since they are read."
        )
    yield _summary(report)


def _by_model(report: VerifyReport) -> Iterator[tuple[ModelName, list[Finding]]]:
    """A finding may concern models, too, that were not asked for."""
    about: dict[ModelName, list[Finding]] = {name: [] for name in report.models}
    for finding in report.findings:
        for name in finding.models:
            if name in about:
                about[name].append(finding)
    yield from about.items()


def _about_model(finding: Finding) -> str:
    if finding.digest is None:
        return _about_path(finding)
    what = f"{', '.join(finding.roles)} {finding.digest}"
    return f"{_word(finding)}: {what}: {finding.message}. {finding.hint}"


def _about_path(finding: Finding) -> str:
    return f"{_word(finding)}: {finding.path}: {finding.message}. {finding.hint}"


def _word(finding: Finding) -> str:
    return finding.kind.replace("-", " ")


def _summary(report: VerifyReport) -> str:
    models = counted(len(report.models), "model")
    if report.quick:
        return f"{models}, {counted(report.skipped, 'blob')}, sizes only, bytes were not read: {_verdict(report)}"
    return f"{models}, {counted(report.blobs, 'blob')}, {human_bytes(report.bytes_read)} read: {_verdict(report)}"


def _verdict(report: VerifyReport) -> str:
    told = report.broken | report.forbidden
    others = sum(not told.intersection(finding.models) for finding in report.findings)
    parts = []
    if report.broken:
        parts.append(f"{counted(len(report.broken), 'model')} not whole")
    if report.forbidden:
        parts.append(f"{counted(len(report.forbidden), 'model')} that may not be read")
    if others:
        parts.append(counted(others, "finding" if report.whole else "other finding"))
    return ", ".join(parts) or "all right"


def document(report: VerifyReport) -> dict[str, object]:
    """The same for programs."""
    return {
        "whole": report.whole,
        "clean": report.clean,
        "quick": report.quick,
        "models": [
            {"name": name.short, "findings": [str(finding.kind) for finding in findings]}
            for name, findings in _by_model(report)
        ],
        "findings": [_finding(finding) for finding in report.findings],
        "blobs": report.blobs,
        "bytes_read": report.bytes_read,
        "skipped": report.skipped,
        "bytes_skipped": report.bytes_skipped,
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "kind": str(finding.kind),
        "path": str(finding.path),
        "digest": None if finding.digest is None else str(finding.digest),
        "models": [name.short for name in finding.models],
        "roles": list(finding.roles),
        "message": finding.message,
        "hint": finding.hint,
        "first_bad": finding.first_bad and {"start": finding.first_bad.start, "stop": finding.first_bad.stop},
    }
