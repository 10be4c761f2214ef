"""Columns as Ollama's command line prints them: left aligned, padded to the widest cell, no rules."""

from collections.abc import Sequence

from packllama.base.terminal import columns, escaped

GAP = "    "


def padded_rows(rows: Sequence[Sequence[str]], *, least: Sequence[int] = ()) -> list[str]:
    """Each row as one line; every cell, also the last, is padded and followed by four spaces."""
    widths = _widths(rows, least)
    return [
        "".join(cell + " " * (w - columns(cell)) + GAP for cell, w in zip(row, widths, strict=False)) for row in rows
    ]


def titled_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A title row, which ends with one space, and the rows below it."""
    widths = _widths(rows, [len(title) for title in titles])
    head = GAP.join(title.ljust(w) for title, w in zip(titles, widths, strict=True))
    return [head + " ", *padded_rows(rows, least=widths)]


def section(title: str, rows: Sequence[Sequence[str]]) -> str:
    """Rows below a title, made harmless for a terminal, and an empty line behind them; nothing without rows."""
    if not rows:
        return ""
    lines = padded_rows([[escaped(cell) for cell in row] for row in rows])
    return f"  {title}\n" + "".join(f"    {line}\n" for line in lines) + "\n"


def known(*rows: tuple[str, str | int | None]) -> list[tuple[str, str]]:
    """The facts that are known, as rows of a section."""
    return [(label, str(value)) for label, value in rows if value not in (None, "")]


def _widths(rows: Sequence[Sequence[str]], least: Sequence[int]) -> list[int]:
    count = max([len(least), *(len(row) for row in rows)])
    cells = [list(least[i : i + 1]) + [columns(row[i]) for row in rows if i < len(row)] for i in range(count)]
    return [max(column, default=0) for column in cells]
