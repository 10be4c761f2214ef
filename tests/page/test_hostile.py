"""Who writes a manifest, a name or a file's name may mean ill: it shows as text, or as a sentence."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from packllama.links.formats import Format
from packllama.manifest import CONFIG_TYPE, MANIFEST_LIMIT, MANIFEST_TYPE
from tests.page.conftest import Open
from tests.page.walking import MANIFEST, TABLE, drop, enter_name, paste, step

MARKUP = '"><img src=x onerror="window.canary = 1"><script>window.canary = 1</script>{{canary}}'
NAMES = [case["text"] for case in TABLE["typed"] if case["name"] is None and case["text"].strip()]


def hostile_manifest() -> str:
    layer = {"mediaType": MARKUP, "digest": "sha256:" + "a" * 64, "size": 5, "name": MARKUP, "from": MARKUP}
    known = {**layer, "mediaType": "application/vnd.ollama.image." + MARKUP, "digest": "sha256:" + "b" * 64}
    config = {"mediaType": CONFIG_TYPE, "digest": "sha256:" + "c" * 64, "size": 3, "name": MARKUP}
    kinds = [{**layer, "mediaType": kind, "digest": f"sha256:{number:064x}"} for number, kind in enumerate(KINDS)]
    layers = [layer, known, *kinds]
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": layers})


FORMS = [*(form.value for form in Format), "json"]

# Words that mean something to JavaScript, or to the page.
KINDS = ["__proto__", "constructor", "toString", "manifest", "config", "javascript:alert(1)", "", "\u202egnp.exe"]


def assert_nothing_ran(page: Page) -> None:
    assert page.evaluate("window.canary") is None
    assert page.locator("#app img, #app script, #app iframe").count() == 0


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_a_name_that_is_none(one_page: Page, name: str) -> None:
    page = one_page
    enter_name(page, name)
    alert = step(page, 1).get_by_role("alert")
    expect(alert).not_to_be_empty()
    assert "{" not in alert.inner_text().replace(name, "")
    expect(page.locator("input.name")).to_have_attribute("aria-invalid", "true")
    assert step(page, 2).get_by_role("link").count() == 0
    assert_nothing_ran(page)


def test_markup_in_every_field_shows_as_text(page: Page, tmp_path: Path) -> None:
    enter_name(page, MARKUP)
    assert_nothing_ran(page)
    enter_name(page, "gemma3:12b")
    paste(page, hostile_manifest())
    expect(page.locator("textarea.text")).not_to_have_value("")
    shown = page.locator(".files .what").all_text_contents()
    assert any(MARKUP[:50] in text for text in shown)
    for form in FORMS:
        page.locator(f"input[value={form}]").check()
        # JSON says what each file is; it is no script.
        assert ("canary" in page.locator("textarea.text").input_value()) == (form == "json")
    name = "<img src=x onerror=canary=1>\u202e.bin"
    (tmp_path / name).write_bytes(b"12345")
    (tmp_path / "other<script>canary=1<").write_bytes(b"1")
    drop(page, *sorted(tmp_path.iterdir()))
    expect(page.locator(".verdict")).to_be_visible()
    page.locator(".step summary").last.click()
    expect(page.locator(".others, .rows").get_by_text("<img src=x").first).to_be_visible()
    assert_nothing_ran(page)


@pytest.mark.parametrize("way", ["paste", "choose"])
def test_what_is_no_manifest(page: Page, tmp_path: Path, way: str) -> None:
    enter_name(page, "gemma3:12b")
    alert = step(page, 2).get_by_role("alert")
    for case in TABLE["refused"]:
        if way == "choose":
            choose(page, tmp_path / "12b", case["manifest"])
        elif case["manifest"]:
            paste(page, case["manifest"])
        expect(alert, case["about"]).not_to_be_empty()
        assert page.locator("textarea.text").count() == 0
    paste(page, MANIFEST)
    expect(page.locator("textarea.text")).not_to_have_value("")
    expect(alert).to_be_empty()


def choose(page: Page, path: Path, text: str) -> None:
    path.write_text(text)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose the file").click()
    chooser.value.set_files(path)


def test_fifty_megabytes(page: Page, tmp_path: Path, words: dict[str, dict[str, str]]) -> None:
    enter_name(page, "gemma3:12b")
    alert = step(page, 2).get_by_role("alert")
    # The text is made there: what is tested is the page, not the road to it.
    page.locator("textarea.paste").evaluate(
        """(area) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", "{".repeat(50e6));
            area.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
        }"""
    )
    expect(alert).to_have_text(words["manifest.large"]["en"])
    paste(page, "{")
    expect(alert).not_to_have_text(words["manifest.large"]["en"])
    choose(page, tmp_path / "12b", MANIFEST + " " * 50_000_000)
    expect(alert).to_have_text(words["manifest.large"]["en"])
    assert page.locator("textarea.text").count() == 0


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ({"status": 404, "body": "{}"}, "manifest.none"),
        ({"status": 401, "body": "{}"}, "manifest.status"),
        ({"status": 200, "body": "<html>log in</html>"}, "manifest.html"),
        ({"status": 200, "body": "{" + " " * (MANIFEST_LIMIT + 1)}, "manifest.large"),
        (None, "manifest.unreachable"),
    ],
    ids=["none", "status", "html", "large", "refused"],
)
def test_what_a_registry_answers(
    open_page: Open, words: dict[str, dict[str, str]], answer: dict[str, object] | None, key: str
) -> None:
    """The only request that ever leaves the page is this one, when its button is pressed."""
    manifest = "https://registry.ollama.ai/v2/library/gemma3/manifests/12b"
    page = open_page(allowed=lambda request: request.url == manifest, expected="Failed to load resource")

    def respond(route: Route) -> None:
        if answer is None:
            route.abort()
        else:
            route.fulfill(**answer, headers={"Access-Control-Allow-Origin": "*"})  # type: ignore[arg-type]

    page.route(manifest, respond)
    enter_name(page, "gemma3:12b")
    page.get_by_role("button", name=words["manifest.ask"]["en"]).click()
    expected = words[key]["en"].replace("{status}", "401").replace("{host}", "registry.ollama.ai")
    expect(step(page, 2).get_by_role("alert")).to_have_text(expected)
    if key == "manifest.none":
        page.unroute(manifest)
        page.route(
            manifest,
            lambda route: route.fulfill(body=MANIFEST, headers={"Access-Control-Allow-Origin": "*"}),
        )
        page.get_by_role("button", name=words["manifest.ask"]["en"]).click()
        # Whole as it was sent, so it has a checksum, too.
        expect(page.locator("textarea.text")).to_have_value(re.compile(r"gemma3/12b\n  checksum=sha-256="))
