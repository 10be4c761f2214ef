"""What the page is made of; what it does is tested in a browser."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from packllama.page import page

ASSETS = files("packllama.page") / "assets"
DECLARED = r"^(?:async )?(?:function\*? |class |const |let )(\w+|\{[^}]*\})"

# All but the worker's, which has a scope of its own, and those of others.
SCRIPTS = [
    path.read_text(encoding="utf-8")
    for name in ("links", "check", "view")
    for path in (ASSETS / name).iterdir()
    if path.name != "worker.js"
]


class Outline(HTMLParser):
    """The tags of a page with their attributes, and the texts of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in {"script", "style"} and data.strip():
            self.texts.append((*self.tags[-1], data))


@pytest.fixture(scope="module")
def outline() -> Outline:
    return Outline(page().decode())


@pytest.fixture(scope="module")
def policy(outline: Outline) -> dict[str, list[str]]:
    (text,) = [tag["content"] or "" for name, tag in outline.tags if tag.get("http-equiv") == "Content-Security-Policy"]
    return {words[0]: words[1:] for words in (part.split() for part in text.split(";"))}


def test_the_policy_lets_run_what_is_there_and_no_more(outline: Outline, policy: dict[str, list[str]]) -> None:
    scripts = [text for tag, attributes, text in outline.texts if tag == "script" and "type" not in attributes]
    styles = [text for tag, _, text in outline.texts if tag == "style"]
    assert policy == {
        "default-src": ["'none'"],
        "script-src": ["'wasm-unsafe-eval'", *map(digest, scripts)],
        "style-src": list(map(digest, styles)),
        "worker-src": ["blob:"],
        "connect-src": ["http:", "https:"],
        "img-src": ["data:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_everything_is_in_the_one_file(outline: Outline) -> None:
    sources = [value or "" for _, tag in outline.tags for key, value in tag.items() if key in {"src", "href", "action"}]
    assert all(source.startswith("data:") for source in sources)
    assert [tag for tag, _ in outline.tags if tag in {"iframe", "object", "embed", "base"}] == []
    assert [key for _, tag in outline.tags for key in tag if key == "style" or key.startswith("on")] == []


def test_it_is_the_same_each_time() -> None:
    assert page() == page()
    assert page(language="zh") != page(language="en")


def test_every_script_is_there(outline: Outline) -> None:
    """Those of others as they are; of ours all but comments that have lines of their own."""
    texts = [text for tag, _, text in outline.texts if tag == "script"]
    for folder in ("vendor", "links", "check", "view"):
        for path in (ASSETS / folder).iterdir():
            if not path.name.endswith(".js"):
                continue
            script = path.read_text(encoding="utf-8")
            lines = [line for line in script.splitlines() if not re.match(r" *(//|/\*| \*)", line)]
            expected = script if folder == "vendor" else "\n".join(lines) + "\n"
            assert any(expected in text for text in texts), path.name


def test_scripts_share_one_scope_and_no_name() -> None:
    """A name that stands twice would keep a whole script from running, or replace another's function."""
    shared = [name for script in SCRIPTS for name in re.findall(DECLARED, script, re.MULTILINE) for name in split(name)]
    assert len(shared) > 50
    assert [name for name in shared if shared.count(name) > 1] == []


def split(names: str) -> list[str]:
    """What ``const {a, b} = c`` declares, or the one name."""
    return re.findall(r"\w+", names)


def test_words_are_there_in_both_languages() -> None:
    tables = [json.loads(path.read_text(encoding="utf-8")) for path in (ASSETS / "words").iterdir()]
    words = {key: texts for table in tables for key, texts in table.items()}
    assert len(words) == sum(map(len, tables)), "a key stands in two files"
    for key, texts in words.items():
        assert list(texts) == ["en", "zh"], key
        blanks = [set(re.findall(r"\{\w+\}", text)) for text in texts.values()]
        assert blanks[0] == blanks[1], key


def test_every_word_is_said_and_every_said_word_is_there() -> None:
    words = {key for path in (ASSETS / "words").iterdir() for key in json.loads(path.read_text(encoding="utf-8"))}
    scripts = "".join(
        path.read_text(encoding="utf-8") for name in ("links", "check", "view") for path in (ASSETS / name).iterdir()
    )
    said = set(re.findall(r'(?:say|Refusal)\("([\w.]+)"', scripts))
    assert said <= words
    prefixes = tuple(re.findall(r"`([a-z]+\.)\$\{", scripts))
    quoted = set(re.findall(r'"([\w.]+)"', scripts))
    assert {word for word in words if word not in quoted and not word.startswith(prefixes)} == set()


def test_vendored_files_stand_in_the_list() -> None:
    listed = (ASSETS / "vendor/README.md").read_text(encoding="utf-8")
    for path in (ASSETS / "vendor").iterdir():
        if path.name.endswith(".js"):
            assert path.name in listed
            assert hashlib.sha256(path.read_bytes()).hexdigest() in listed, path.name
