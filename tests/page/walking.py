"""What a person does on the page, as functions."""

import json
from pathlib import Path

from playwright.sync_api import Locator, Page

TABLE = json.loads((Path(__file__).parents[1] / "data/links.json").read_text())
MANIFEST: str = TABLE["cases"][0]["given"]["models"][0]["manifest"]


def enter_name(page: Page, text: str) -> None:
    field = page.locator("input.name")
    field.fill(text)
    field.press("Enter")


def paste(page: Page, text: str) -> None:
    """As by the keyboard: an event that carries the text."""
    page.locator("textarea.paste").evaluate(
        """(area, text) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            area.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
        }""",
        text,
    )


def step(page: Page, number: int) -> Locator:
    return page.locator("section.step").nth(number - 1)


def drop(page: Page, *paths: Path) -> None:
    """Let files and folders fall onto the page, as from a file manager."""
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 200, "data": data})
    session.detach()
