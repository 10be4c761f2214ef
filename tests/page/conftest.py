"""The link page in Debian's chromium, opened from the disk as a person opens it."""

import functools
import http.server
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from packllama.page import page as whole_page
from tests.page.downloads import Downloads, downloaded

CHROMIUM = "/usr/bin/chromium"
STICK = "stick.example"

# Told by the page itself, before any of its own scripts runs.
_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
    (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""

Open = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # In a container there is no sandbox within the sandbox, and /dev/shm is small. A host that is not this machine
        # makes plain http what it is elsewhere: not safe.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", f"--host-resolver-rules=MAP {STICK} 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, written to a folder with a blank in its name."""
    path = tmp_path_factory.mktemp("a stick") / "links.html"
    path.write_bytes(whole_page())
    return path


@contextmanager
def opening(browser: Browser, page_file: Path) -> Iterator[Open]:
    """Open the page, as often as wanted: ``opened(url=…, **options of a browser's context)``.

    ``allowed``: requests that may leave it; ``expected``: a pattern of what the browser may complain of. At the end it
    fails on whatever no page may do: an error, a forbidden script, a request that leaves it.
    """
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def opened(
        url: str = page_file.as_uri(),
        *,
        allowed: Callable[[Request], bool] = lambda _: False,
        expected: str = "(?!)",
        **options: object,
    ) -> Page:
        context = browser.new_context(**{"locale": "en-GB", **options})  # type: ignore[arg-type]
        contexts.append(context)
        context.add_init_script(_WATCH)
        page = context.new_page()
        page.set_default_timeout(30_000)

        def note(request: Request) -> None:
            own = request.url == url or request.url.startswith(("blob:", "data:"))
            if not own and not allowed(request):
                troubles.append(f"a request left the page: {request.url}")

        def complain(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"} and not re.match(expected, message.text):
                troubles.append(message.text)

        page.on("console", complain)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        context.on("request", note)
        # From now on: asked for only at a press of a button, choosers may be caught too late.
        page.on("filechooser", lambda _: None)
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        for page in context.pages:
            troubles += page.evaluate("window.violations ?? []")
        context.close()
    assert troubles == []


@pytest.fixture
def open_page(browser: Browser, page_file: Path) -> Iterator[Open]:
    with opening(browser, page_file) as opened:
        yield opened


@pytest.fixture
def page(open_page: Open) -> Page:
    """A page that nobody has touched."""
    return open_page()


@pytest.fixture(scope="module")
def one_page(browser: Browser, page_file: Path) -> Iterator[Page]:
    """One page for all tests of a module that leave nothing on it which another would see."""
    with opening(browser, page_file) as opened:
        yield opened()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def served(page_file: Path) -> Iterator[str]:
    """Where the page is on a server of its own, behind the host's name: ``:PORT/links.html``."""
    handler = functools.partial(_Quiet, directory=page_file.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f":{server.server_port}/{page_file.name}"
        server.shutdown()


@pytest.fixture
def downloads(tmp_path: Path) -> Downloads:
    return downloaded(tmp_path / "Down loads")


@pytest.fixture(scope="session")
def words() -> dict[str, dict[str, str]]:
    """All sentences of the page, by their keys."""
    import packllama.page

    folder = Path(packllama.page.__file__).parent / "assets/words"
    return {key: texts for file in sorted(folder.glob("*.json")) for key, texts in json.loads(file.read_text()).items()}
