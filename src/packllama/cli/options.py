"""Options that are understood before the verb and after it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from packllama.cli.door import Door

_F = TypeVar("_F", bound=Callable[..., Any])

pass_door = click.pass_obj


class PlacePath(click.Path):
    """A path that names something: an empty one is what an unset variable leaves, never the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("the path is empty", param, ctx)
        return super().convert(value, param, ctx)


def _set_store(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.ensure_object(Door).store_flag = value


def _set_json(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Door).as_json = True


def common(function: _F) -> _F:
    """``--store`` and ``--json`` after the verb; they reach the door, not the function."""
    store = click.option(
        "--store",
        type=PlacePath(path_type=Path),
        expose_value=False,
        callback=_set_store,
        help="The store to work in.",
    )
    as_json = click.option(
        "--json", is_flag=True, expose_value=False, callback=_set_json, help="Print one JSON document instead of text."
    )
    return store(as_json(function))
