"""``packllama lint``: what in a Modelfile would go wrong later."""

from pathlib import Path

import click

from packllama.base.errors import NoStore
from packllama.base.terminal import escaped
from packllama.check.lint.lint import lint
from packllama.check.lint.remark import Remark
from packllama.cli.door import Door
from packllama.cli.options import PlacePath, common, pass_door
from packllama.cli.stdin import read_stdin
from packllama.modelfile import MAX_BYTES, decode_modelfile, read_modelfile
from packllama.places.store import Store

_SOMETHING_FOUND = 1


@click.command("lint")
@click.argument("file", type=PlacePath(allow_dash=True))
@common
@pass_door
def command(door: Door, file: str) -> int:
    """Say what in a Modelfile would go wrong later: with line and column, and what to do. - reads stdin.

    The exit status is 0 when nothing was found, 1 when something was, 4 when the file does not parse.
    """
    if file == "-":
        where, base, text = "<stdin>", Path.cwd(), decode_modelfile(read_stdin(MAX_BYTES, stop=door.stop))
    else:
        where, base, text = file, Path(file).absolute().parent, read_modelfile(file)
    report = lint(text, base=base, store=_store(door), where=where, stop=door.stop)
    if door.as_json:
        remarks = [_document(remark) for remark in report.remarks]
        door.result_json({"file": where, "clean": not remarks, "remarks": remarks, "notes": list(report.notes)})
    else:
        door.result("".join(f"{escaped(_sentence(where, remark))}\n" for remark in report.remarks))
        for note in report.notes:
            door.say(f"{where}: {note}")
        if not report.remarks:
            door.say(f"{where}: nothing found")
    return _SOMETHING_FOUND if report.remarks else 0


def _store(door: Door) -> Store | None:
    """The store as it is or will be; None where no place is known for one."""
    try:
        return door.store(writing=True)
    except NoStore:
        return None


def _sentence(where: str, remark: Remark) -> str:
    hint = f" {remark.hint}" if remark.hint else ""
    return f"{where}:{remark.line}:{remark.column}: {remark.message}.{hint}"


def _document(remark: Remark) -> dict[str, object]:
    return {
        "kind": str(remark.kind),
        "line": remark.line,
        "column": remark.column,
        "message": remark.message,
        "hint": remark.hint,
    }
