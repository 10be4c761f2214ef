"""Choose files for the functions of the page, past what it shows."""

from pathlib import Path

from playwright.sync_api import Page


def choose(page: Page, *paths: Path, more: bool = False) -> None:
    """Let the page's ``given`` be what `filesOfInput` makes of files, or one folder; ``more``: beside what it was."""
    field = page.evaluate_handle(
        """([folder, more]) => {
            const field = Object.assign(document.createElement("input"), {type: "file", multiple: true});
            field.webkitdirectory = folder;
            field.addEventListener("change", () => {
                window.given = [...(more ? window.given : []), ...filesOfInput(field)];
            });
            return field;
        }""",
        [paths[0].is_dir(), more],
    ).as_element()
    assert field is not None
    field.set_input_files([*paths])
