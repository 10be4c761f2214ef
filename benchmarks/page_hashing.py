"""How fast the link page hashes a file that was dropped on it, and the memory that this takes."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.large import GIB, write_large_gguf
from benchmarks.measure import Figure, interleaved


def page_hashing(folder: Path) -> Iterator[Figure]:
    """The page in Debian's chromium against Python's hashlib, over one file; then a sparse file of 8 GB."""
    from playwright.sync_api import sync_playwright
    from tests.page.conftest import CHROMIUM
    from tests.page.measuring import growth, hash_here, hash_in_page, sparse

    from packllama.page import page as whole_page

    written, large = folder / "links.html", folder / "large.gguf"
    written.write_bytes(whole_page())
    write_large_gguf(large, GIB)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(written.as_uri())
        page.set_default_timeout(0)
        with growth(browser) as grown:
            hash_in_page(page, sparse(folder / "sparse", 8 * 10**9))
        ours, python = interleaved([lambda: hash_in_page(page, large), lambda: hash_here(large)], rounds=3)
        browser.close()
    detail = f"page {ours}, hashlib {python}"
    yield Figure("page: hashing 1 GiB, speed", python.best / ours.best, 0.1, "x", detail, at_least=True)
    yield Figure("page: hashing 8 GB, growth", grown.size / 1e6, 200, "MB", "the renderer's resident memory")


ALL = (page_hashing,)
