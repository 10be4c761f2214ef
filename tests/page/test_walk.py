"""From a name to a list for a download program, and from downloads to "all right"."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from packllama.links.formats import Format, write
from tests.page.conftest import STICK, Open
from tests.page.downloads import Downloads
from tests.page.walking import MANIFEST, drop, enter_name, paste, step
from tests.unit.links.cases import CASES

Words = dict[str, dict[str, str]]

LANGUAGES = {"en-GB": "en", "zh-CN": "zh"}
TELEPHONE = {"width": 360, "height": 740}


def all_right(words: Words, code: str, count: int) -> str:
    return words["check.allRight"][code].format(count=count)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_with_a_keyboard_alone_on_a_telephone(open_page: Open, words: Words, downloads: Downloads, locale: str) -> None:
    code = LANGUAGES[locale]
    page = open_page(locale=locale, viewport=TELEPHONE)
    expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{code}"))
    keys = page.keyboard
    expect(page.locator("input.name")).to_be_focused()
    keys.type("gemma3:12b")
    keys.press("Enter")
    expect(page.get_by_role("link", name="registry.ollama.ai")).to_have_attribute(
        "href", "https://registry.ollama.ai/v2/library/gemma3/manifests/12b"
    )
    _tab_to(page, "textarea.paste")
    keys.insert_text(downloads.manifest)
    keys.press("Tab")
    _tab_to(page, "input[value=aria2]")
    keys.press("ArrowRight")
    keys.press("ArrowLeft")
    text = page.locator("textarea.text").input_value()
    assert text.startswith("# gemma3:12b: 6 files, ")
    assert text.count("checksum=sha-256=") == 5
    _tab_to(page, f"button:text-is('{words['check.folder'][code]}')")
    with page.expect_file_chooser() as chooser:
        keys.press("Enter")
    chooser.value.set_files(downloads.folder)
    expect(page.locator(".verdict")).to_have_text(all_right(words, code, 6))
    assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE["width"]


def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus, and see that it shows."""
    target = page.locator(selector)
    for _ in range(60):
        if target.evaluate("element => element === document.activeElement"):
            # A radio button is seen by the label beside it.
            outline = "getComputedStyle(element.type === 'radio' ? element.nextElementSibling : element).outlineStyle"
            assert target.evaluate(f"element => {outline}") != "none"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no key leads to {selector}")


def test_every_text_can_be_copied_and_saved(open_page: Open, tmp_path: Path) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    enter_name(page, "gemma3:12b")
    paste(page, MANIFEST)
    # What was pasted need not be what the registry sends, so its link has no digest.
    listing = replace(CASES[0], given=CASES[0].given | {"as_sent": False}).listing()
    assert listing.names == ("gemma3:12b",)
    for form in Format:
        page.locator(f"input[value={form.value}]").check()
        shown = page.locator("textarea.text").input_value()
        page.get_by_role("button", name="Copy all").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == shown
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as").click()
        saved = tmp_path / form.value
        download.value.save_as(saved)
        assert saved.read_text() == shown
        assert shown == write(listing, form)


def test_dropped_downloads_with_their_manifest(page: Page, downloads: Downloads, words: Words) -> None:
    """Nothing else is needed but the name, which nobody can know."""
    drop(page, *sorted(downloads.folder.iterdir()))
    expect(step(page, 2).get_by_text(words["manifest.unnamed"]["en"])).to_be_visible()
    enter_name(page, "ollama run gemma3:12b")
    expect(page.locator(".verdict")).to_have_text(all_right(words, "en", 6))
    expect(page.get_by_text("Other files: 1")).to_be_visible()


def test_a_folder_of_a_store_says_its_name(page: Page, downloads: Downloads, tmp_path: Path, words: Words) -> None:
    place = tmp_path / "packllama-models/manifests/hf.co/me/repo/Q4"
    place.parent.mkdir(parents=True)
    (downloads.folder / "12b").rename(place)
    downloads.folder.rename(tmp_path / "packllama-models/blobs")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(tmp_path / "packllama-models")
    expect(page.locator("input.name")).to_have_value("hf.co/me/repo:Q4")
    expect(page.locator(".verdict")).to_have_text(all_right(words, "en", 6))


def test_damaged_then_fetched_again(page: Page, downloads: Downloads, words: Words) -> None:
    whole = downloads.weights.read_bytes()
    downloads.weights.write_bytes(whole[:-1] + b"?")
    (downloads.folder / "template.bin").unlink()
    enter_name(page, "gemma3:12b")
    paste(page, downloads.manifest)
    drop(page, *sorted(downloads.folder.iterdir()))
    expect(page.locator(".verdict")).to_have_text(
        words["check.notAll"]["en"].format(right=4, count=6, wrong=1, missing=1)
    )
    expect(page.locator(".rows .damaged")).to_contain_text("model.bin")
    again = downloads.folder / "model (1).bin"
    again.write_bytes(whole)
    template = downloads.folder / "t"
    template.write_bytes(b"{{ .Prompt }}")
    drop(page, again, template)
    expect(page.locator(".verdict")).to_have_text(all_right(words, "en", 6))


def test_another_name_is_another_model(page: Page, downloads: Downloads, words: Words) -> None:
    """A manifest is not taken for that of a model which is named later."""
    enter_name(page, "gemma3:12b")
    paste(page, MANIFEST)
    expect(page.locator("textarea.text")).to_have_value(re.compile("gemma3:12b"))
    enter_name(page, "gemma3:27b")
    expect(page.locator("textarea.text")).to_have_count(0)
    expect(step(page, 2).get_by_role("link")).to_have_attribute("href", re.compile("27b$"))
    enter_name(page, "gemma3:12b")
    expect(page.locator("textarea.text")).to_have_value(re.compile("gemma3:12b"))


def test_a_mirror_comes_first(page: Page, words: Words) -> None:
    enter_name(page, "gemma3:12b")
    paste(page, MANIFEST)
    page.get_by_text(words["mirror.title"]["en"]).click()
    field = page.get_by_label(words["mirror.label"]["en"])
    field.fill("javascript:alert(1)")
    expect(page.get_by_role("alert").filter(has_text=words["mirror.bad"]["en"])).to_be_visible()
    field.fill("https://mirror.example")
    page.locator("input[value=urls]").check()
    links = page.locator("textarea.text").input_value().split()
    assert all(link.startswith("https://mirror.example/v2/library/gemma3/") for link in links)


@pytest.mark.parametrize("system", ["linux", "macos", "windows"])
def test_where_the_files_go(page: Page, words: Words, system: str) -> None:
    enter_name(page, "gemma3:12b")
    paste(page, MANIFEST)
    page.get_by_text(words["places.byHand"]["en"]).click()
    page.locator(f"input[value={system}]").check()
    expected = [file["targets"][system] for file in CASES[0].document["files"]]
    assert page.locator(".places code").all_text_contents() == expected


def test_languages_can_be_switched(page: Page, words: Words) -> None:
    enter_name(page, "a b")
    for label, code in (("中文", "zh"), ("English", "en")):
        page.get_by_label(label).check()
        expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{code}"))
        expect(page.get_by_role("heading", level=1)).to_have_text(words["head"][code])
        expect(page.get_by_role("alert").first).to_have_text(words["name.spaces"][code].format(text="a b"))
        assert page.title() == words["title"][code]


def test_the_command_line_says_the_language(open_page: Open, tmp_path: Path, words: Words) -> None:
    from packllama.page import page as whole_page

    path = tmp_path / "zh.html"
    path.write_bytes(whole_page(language="zh"))
    page = open_page(url=path.as_uri(), locale="en-GB")
    expect(page.get_by_role("heading", level=1)).to_have_text(words["head"]["zh"])
    assert page.locator("html").get_attribute("lang") == "zh-Hans"


def test_by_plain_http(open_page: Open, served: str, downloads: Downloads, words: Words) -> None:
    """There is neither ``crypto.subtle`` nor a clipboard there."""
    page = open_page(url=f"http://{STICK}{served}")
    assert page.evaluate("[isSecureContext, typeof crypto.subtle, typeof navigator.clipboard]") == [
        False,
        "undefined",
        "undefined",
    ]
    enter_name(page, "gemma3:12b")
    paste(page, downloads.manifest)
    page.get_by_role("button", name="Copy all").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    drop(page, *sorted(downloads.folder.iterdir()))
    expect(page.locator(".verdict")).to_have_text(all_right(words, "en", 6))
