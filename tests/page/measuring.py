"""How fast the page hashes, and what that costs."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.page.files import choose


@dataclass
class Growth:
    """By how many bytes the process of a page grew that grew most."""

    size: int = 0


@contextmanager
def growth(browser: Browser) -> Iterator[Growth]:
    """Watch the memory of all pages' processes. The block must wait for the pages through Playwright."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    pids = [process["id"] for process in processes if process["type"] == "renderer"]
    before = {pid: _resident(pid) for pid in pids}
    grown, over = Growth(), threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            grown.size = max(grown.size, *(_resident(pid) - before[pid] for pid in pids))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield grown
    finally:
        over.set()
        thread.join()


def sparse(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


def hash_in_page(page: Page, path: Path) -> float:
    """Seconds that the page takes for a file, in a new worker."""
    choose(page, path)
    began = time.perf_counter()
    page.evaluate("new Hasher().hash(given[0].file)")
    return time.perf_counter() - began


def hash_here(path: Path) -> float:
    """Seconds that Python takes for a file."""
    began = time.perf_counter()
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
    return time.perf_counter() - began


def _resident(pid: int) -> int:
    """Bytes of memory of a process; 0, when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmRSS:")), 0)
