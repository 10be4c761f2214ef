"""Only names and digests lead into a store: one module joins paths onto it, and few others onto folders of our own.

What is looked for is every ``/`` and ``joinpath`` whose left side mentions a folder of a store's layout. What
stands on the right is a noun's own spelling (``digest.file_name``), a constant, or a random token of ours.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import packllama

SOURCE = Path(packllama.__file__).parent
FOLDERS = {"root", "blobs", "manifests", "newer_manifests", "own", "locks", "work", "hashes"}

# Who beside layout.py may join, and why nothing from outside is in it.
ALLOWED = {
    "places/store/session.py": "digests' file names and constants, in its own work folder",
    "places/store/publish.py": "digests' file names and constants, in its session's work folder",
    "places/store/workspace.py": "constants, random tokens of ours, and names that the folder itself listed",
    "check/survey/own_leftovers.py": "names that the folder itself listed",
    "check/prune/leftovers.py": "names that the folder itself listed",
    "prove/doctor/checkup.py": "its root is the machine's, not a store's",
}


def joins(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and mentions_a_store(node.left):
            yield node
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"joinpath", "with_name", "with_suffix"}
            and mentions_a_store(node.func.value)
        ):
            yield node
        if isinstance(node, ast.Call) and any(mentions_a_store(argument) for argument in node.args[:1]):
            called = ast.unparse(node.func)
            if (called == "Path" and len(node.args) > 1) or called.endswith("path.join"):
                yield node


def mentions_a_store(expression: ast.expr) -> bool:
    """``layout.blobs``, ``self._layout.work``, ``self._work``, ``layout.blob(…).parent`` and the like."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Attribute) and (node.attr in FOLDERS or node.attr == "_work"):
            return True
        if isinstance(node, ast.Name) and node.id in {"work", "manifests", "blobs"}:
            return True
    return False


def found_in(path: Path) -> set[str]:
    name = path.relative_to(SOURCE).as_posix()
    return {f"{name}: {ast.unparse(node)}" for node in joins(ast.parse(path.read_text(encoding="utf-8")))}


def test_the_search_finds_what_it_should() -> None:
    text = "self._layout.blobs / x; root / y; a.layout.root.joinpath(z)"
    assert {ast.unparse(node) for node in joins(ast.parse(text))} == {
        "self._layout.blobs / x",
        "a.layout.root.joinpath(z)",
    }
    assert len(found_in(SOURCE / "places/store/layout.py")) >= 8


def test_nobody_else_joins_paths_onto_a_store() -> None:
    found = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if found_in(path)}
    assert found == {"places/store/layout.py", *ALLOWED}
