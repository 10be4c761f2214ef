"""``packllama verify``: read every byte of the store's models and say what is wrong."""

import click

from packllama.base.errors import IntegrityError, NoRights
from packllama.base.terminal import escaped
from packllama.base.units import human_bytes
from packllama.check.finding import Finding, FindingKind
from packllama.check.verify import VerifyReport, verify
from packllama.cli import complete
from packllama.cli.door import Door, Progress
from packllama.cli.options import common, pass_door
from packllama.cli.table import padded_rows
from packllama.cli.verify_file import is_file, verify_file
from packllama.name import ModelName

_SOMETHING_FOUND = 1


@click.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME|FILE]...", shell_complete=complete.names)
@common
@pass_door
def command(door: Door, names: tuple[str, ...]) -> int:
    """Read every byte of these models, or of the whole store, and say what is damaged.

    No model is changed. Without names, also what belongs to no model is read and told. FILE is a bundle (models.tar,
    ./models), which is checked without a store.

    The exit status is 0 when all is right, 5 when a model is not whole, 7 when one may not be read, 1 when only
    something else was found.
    """
    if any(is_file(text) for text in names):
        return verify_file(door, names)
    parsed = [ModelName.parse(text) for text in names]
    with Progress(door, "verifying") as progress:
        report = verify(door.store(), parsed, observer=progress, stop=door.stop)
    if door.as_json:
        door.result_json(_document(report))
    else:
        door.result("".join(f"{escaped(line)}\n" for line in _lines(report)))
    return _status(report)


def _status(report: VerifyReport) -> int:
    if report.broken:
        return IntegrityError.exit_status
    if report.forbidden:
        return NoRights.exit_status
    return 0 if report.clean else _SOMETHING_FOUND


def _lines(report: VerifyReport) -> list[str]:
    rows = []
    for name in report.models:
        texts = [_about_model(finding) for finding in report.about(name)] or ["ok"]
        rows += [(name.short, text) for text in texts]
    lines = [line.rstrip() for line in padded_rows(rows)]
    lines += [f"{_word(f)}: {f.path}: {f.message}. {f.hint}" for f in report.findings if not f.models]
    return [*lines, _summary(report)]


def _about_model(finding: Finding) -> str:
    if finding.digest is None:
        return f"{_word(finding)}: {finding.path}: {finding.message}. {finding.hint}"
    what = f"{', '.join(finding.roles)} {finding.digest}"
    return f"{_word(finding)}: {what}: {finding.message}. {finding.hint}"


def _word(finding: Finding) -> str:
    return finding.kind.replace("-", " ")


def _summary(report: VerifyReport) -> str:
    counts = f"{_count(len(report.models), 'model')}, {_count(report.blobs, 'blob')}"
    return f"{counts}, {human_bytes(report.bytes_read)} read: {_verdict(report)}"


def _verdict(report: VerifyReport) -> str:
    others = sum(not f.models or f.kind is FindingKind.CHANGED for f in report.findings)
    parts = []
    if report.broken:
        parts.append(f"{_count(len(report.broken), 'model')} not whole")
    if report.forbidden:
        parts.append(f"{_count(len(report.forbidden), 'model')} that may not be read")
    if others:
        parts.append(_count(others, "finding" if report.whole else "other finding"))
    return ", ".join(parts) or "all right"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _document(report: VerifyReport) -> dict[str, object]:
    return {
        "whole": report.whole,
        "clean": report.clean,
        "models": [
            {"name": name.short, "findings": [str(finding.kind) for finding in report.about(name)]}
            for name in report.models
        ],
        "findings": [_finding(finding) for finding in report.findings],
        "blobs": report.blobs,
        "bytes_read": report.bytes_read,
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
