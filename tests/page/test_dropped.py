"""What is dropped or chosen becomes files with paths, whatever lies there."""

import threading
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.page.conftest import Open
from tests.page.files import choose
from tests.page.walking import drop

Listed = list[tuple[str, int, str | None]]

HOSTILE = ["gemma3:12b", "<img src=x onerror=alert(1)>.bin", "txt.\u202egnp.exe", "a'\"`$(x);&.gguf", " blanks \n line"]
LISTED = [("tree/blobs/deep/two", 2, None), ("tree/blobs/one", 1, None), ("tree/empty", 0, None)]

# `filesOf` of a drop that the page itself does not see. `without`: a method of the items that other browsers lack.
_INTERCEPT = """(without) => {
    window.dropped = new Promise((resolve) => addEventListener("drop", (event) => {
        event.preventDefault();
        event.stopImmediatePropagation();
        const items = [...event.dataTransfer.items];
        if (without) items.forEach((item) => Object.defineProperty(item, without, {value: undefined}));
        const list = (files) => files.map(({file, path, why}) => [path, file.size, why ?? null]);
        filesOf({items}).then(list, (error) => [[error.key, 0, error.values.name]]).then(resolve);
    }, {capture: true, once: true}));
}"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with links in it, one of which leads back."""
    tree = tmp_path / "tree"
    (tree / "blobs/deep").mkdir(parents=True)
    (tree / "blobs/one").write_bytes(b"1")
    (tree / "blobs/deep/two").write_bytes(b"22")
    (tree / "empty").touch()
    (tree / "loop").symlink_to(tree)
    (tree / "link").symlink_to(tree / "blobs/one")
    (tree / "dangling").symlink_to(tree / "nowhere")
    return tree


@pytest.fixture
def served_page(open_page: Open, served: str) -> Page:
    return open_page(f"http://127.0.0.1{served}")


def dropped(page: Page, *paths: Path, without: str = "") -> Listed:
    page.evaluate(_INTERCEPT, without)
    drop(page, *paths)
    return listed(page.evaluate("dropped"))


def listed(rows: list[list[object]]) -> Listed:
    return [tuple(row) for row in rows]  # type: ignore[misc]


def test_a_dropped_folder_is_walked_and_no_link_followed(page: Page, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "beside").write_bytes(b"four")
    rows = dropped(page, tree, tmp_path / "beside")
    assert rows == [("beside", 4, None), ("tree", 0, "dropped.partly"), *LISTED]


def test_a_browser_without_handles_walks_by_entries(served_page: Page, tree: Path) -> None:
    assert dropped(served_page, tree, without="getAsFileSystemHandle") == LISTED


def test_entries_have_every_name(served_page: Page, tmp_path: Path) -> None:
    for name in HOSTILE:
        (tmp_path / name).touch()
    assert {path.partition("/")[2] for path, _, _ in dropped(served_page, tmp_path)} == {*HOSTILE}


def test_a_folder_that_no_way_leads_into_is_refused(page: Page, tree: Path) -> None:
    assert dropped(page, tree, without="getAsFileSystemHandle") == [("dropped.folder", 0, "tree")]


def test_a_chosen_folder(page: Page, tree: Path) -> None:
    choose(page, tree)
    assert sorted(listed(page.evaluate("given.map(({file, path}) => [path, file.size, null])"))) == LISTED


@pytest.mark.parametrize("way", ["dropped", "chosen"])
def test_hostile_names_are_only_texts(page: Page, tmp_path: Path, way: str) -> None:
    tree = tmp_path / HOSTILE[0]
    tree.mkdir()
    for name in HOSTILE:
        (tree / name).write_bytes(b"x")
    if way == "dropped":
        paths = [path for path, _, _ in dropped(page, *(tree / name for name in HOSTILE))]
    else:
        choose(page, tree)
        paths = [path.removeprefix(f"{tree.name}/") for path in page.evaluate("given.map(({path}) => path)")]
    assert sorted(paths) == sorted(HOSTILE)


def test_it_goes_down_forty_folders(page: Page, tmp_path: Path) -> None:
    deepest = tmp_path.joinpath("0", *(str(depth) for depth in range(1, 42)))
    deepest.mkdir(parents=True)
    for folder in [deepest, deepest.parent]:
        (folder / "file").touch()
    paths = {path.removeprefix("0/").replace("/", " "): why for path, _, why in dropped(page, tmp_path / "0")}
    numbers = " ".join(str(depth) for depth in range(1, 41))
    assert paths == {"0": "dropped.partly", f"{numbers} 41": "dropped.deep", f"{numbers} file": None}


def test_a_folder_that_changes_while_it_is_walked(page: Page, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(1000):
        (tree / f"stays {number}").touch()
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            (tree / "folder").mkdir()
            (tree / "folder/file").touch()
            (tree / "folder/file").unlink()
            (tree / "folder").rmdir()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    paths = [path for path, _, _ in dropped(page, tree)]
    over.set()
    thread.join()
    assert len(paths) == len(set(paths))
    assert sum(path.startswith("tree/stays ") for path in paths) == 1000


def test_what_cannot_be_looked_at_is_told(page: Page) -> None:
    rows = page.evaluate(
        """async () => {
            const bad = (_, reject) => reject(new DOMException("no right", "NotReadableError"));
            const closed = {isDirectory: true, name: "closed", createReader: () => ({readEntries: bad})};
            const lost = {isDirectory: false, name: "lost", file: bad};
            const batches = [[closed], [lost], []];
            const createReader = () => ({readEntries: (resolve) => resolve(batches.shift())});
            const entry = {isDirectory: true, name: "tree", createReader};
            const files = await filesOf({items: [{kind: "string"}, {kind: "file", webkitGetAsEntry: () => entry}]});
            return files.map(({file, path, why}) => [path, file.size, why]);
        }"""
    )
    assert listed(rows) == [("tree/closed", 0, "dropped.unread"), ("tree/lost", 0, "dropped.unread")]


def test_more_files_than_anybody_downloads_are_refused(page: Page) -> None:
    refused = page.evaluate(
        """() => {
            const files = new Array(100_001).fill(new File([], "x"));
            try { return filesOfInput({files}).length; } catch ({key, values}) { return [key, values.most]; }
        }"""
    )
    assert refused == ["dropped.tooMany", "100,000"]
