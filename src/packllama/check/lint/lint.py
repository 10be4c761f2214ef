"""``lint``: what in a Modelfile would go wrong later, all of it, before anything is built."""

from dataclasses import dataclass
from pathlib import Path

from packllama.base.stop import Stop
from packllama.check.lint.files import lint_files
from packllama.check.lint.remark import Remark
from packllama.check.lint.source import Source
from packllama.check.lint.template import lint_template
from packllama.check.lint.text import lint_text
from packllama.places.store import Store


@dataclass(frozen=True, slots=True)
class LintReport:
    """The remarks in the order of the text, and in ``notes`` what could not be looked at."""

    remarks: tuple[Remark, ...]
    notes: tuple[str, ...]


def lint(text: str, *, base: Path, store: Store | None = None, where: str = "", stop: Stop | None = None) -> LintReport:
    """Read a Modelfile, and the headers of the files that it names. Nothing is written.

    ``base`` is the absolute folder that relative paths count from, ``where`` the file's name for errors. Without a
    store, models that FROM names are not looked for.

    Raises:
        ModelfileError: the text does not parse, so that no more can be said of it.
        Cancelled: ``stop`` was set.
    """
    stop = stop or Stop()
    source = Source(text, where=where)
    of_files, weights = lint_files(source, base=base, store=store, stop=stop)
    of_template, notes = lint_template(source, weights, stop=stop)
    remarks = [*lint_text(source, stop=stop), *of_files, *of_template]
    return LintReport(tuple(sorted(remarks, key=lambda each: (each.line, each.column))), tuple(notes))
