"""Names that a package offers without importing the module behind them until somebody asks.

A list of models shall not pay for what only ``create`` needs.
"""

import importlib
from collections.abc import Callable, Mapping


def exports(package: str, modules: Mapping[str, str]) -> Callable[[str], object]:
    """A ``__getattr__`` for ``package``; ``modules`` says in which of its modules each name is.

    No name may be that of a module of the package: once imported, the module would stand in its place.
    """

    def get(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{modules[name]}"), name)

    return get
