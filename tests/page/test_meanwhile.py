"""What happens while something else is under way, and in another order than it was thought of."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Open
from tests.page.downloads import Downloads
from tests.page.walking import MANIFEST, drop, enter_name, paste, step

Words = dict[str, dict[str, str]]
ALL_RIGHT = "All right: 6 files"


def hold(page: Page, function: str) -> None:
    """Let a function of the page wait until ``release()`` is called, and count how often it is."""
    page.evaluate(
        """(name) => {
            const real = window[name];
            window.calls = 0;
            const released = new Promise((resolve) => { window.release = resolve; });
            window[name] = async (...given) => { window.calls++; await released; return real(...given); };
        }""",
        function,
    )


def test_a_manifest_does_not_wait_for_a_download(page: Page, tmp_path: Path) -> None:
    """A file of 4 GB is being hashed, which takes its time; the links are there at once."""
    large = tmp_path / ("sha256-" + "a" * 64)
    with large.open("wb") as file:
        file.truncate(4 << 30)
    drop(page, large)
    expect(page.locator(".rows .hashing")).to_be_visible(timeout=30_000)
    enter_name(page, "gemma3:12b")
    paste(page, MANIFEST)
    expect(page.locator("textarea.text")).to_be_visible()


def test_a_manifest_that_comes_while_files_are_looked_at(page: Page, downloads: Downloads) -> None:
    hold(page, "manifestsAmong")
    enter_name(page, "gemma3:12b")
    drop(page, *sorted(downloads.folder.iterdir()))
    expect(page.get_by_text("Looking at the files")).to_be_visible()
    paste(page, downloads.manifest)
    expect(page.locator("textarea.text")).to_be_visible()
    page.evaluate("release()")
    expect(page.locator(".verdict")).to_contain_text(ALL_RIGHT)


def test_a_manifest_is_that_of_the_name_which_stood_there(page: Page) -> None:
    """The name is changed before the digest of what was pasted is known."""
    enter_name(page, "gemma3:12b")
    page.evaluate("""() => {
        const hash = Hasher.prototype.hash;
        const released = new Promise((resolve) => { window.release = resolve; });
        Hasher.prototype.hash = async function (...given) { await released; return hash.apply(this, given); };
    }""")
    paste(page, MANIFEST)
    enter_name(page, "gemma3:27b")
    page.evaluate("release()")
    enter_name(page, "gemma3:12b")
    expect(page.locator("textarea.text")).to_be_visible()
    enter_name(page, "gemma3:27b")
    expect(page.locator("textarea.text")).to_have_count(0)


@pytest.mark.parametrize("way", ["dropped", "chosen"])
def test_a_manifest_that_says_another_name(page: Page, downloads: Downloads, tmp_path: Path, way: str) -> None:
    """It is never taken for that of the name which was typed; a button takes it for what it is."""
    place = tmp_path / "manifests/hf.co/me/repo"
    place.mkdir(parents=True)
    (place / "Q4").write_text(downloads.manifest)
    other = tmp_path / "me:other"
    other.write_text(downloads.manifest)
    enter_name(page, "gemma3:27b")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder" if way == "dropped" else "Choose the file").click()
    chooser.value.set_files(tmp_path / "manifests" if way == "dropped" else other)
    name = "hf.co/me/repo:Q4" if way == "dropped" else "me:other"
    button = step(page, 2).get_by_role("button", name=name)
    expect(button).to_be_visible()
    assert page.locator("textarea.text").count() == 0
    button.click()
    expect(page.locator("input.name")).to_have_value(name)
    expect(page.locator("textarea.text")).to_be_visible()


def test_one_of_several_manifests(page: Page, downloads: Downloads, tmp_path: Path) -> None:
    place = tmp_path / "manifests/registry.ollama.ai/library/gemma3"
    place.mkdir(parents=True)
    for tag in ("4b", "12b", "27b"):
        (place / tag).write_text(downloads.manifest.replace("{", "{" + " " * len(tag), 1))
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(tmp_path / "manifests")
    step(page, 2).get_by_role("button", name="gemma3:12b").click()
    expect(page.locator("input.name")).to_have_value("gemma3:12b")
    expect(page.locator("textarea.text")).to_be_visible()


def test_an_old_failure_is_forgotten(open_page: Open, words: Words) -> None:
    page = open_page(allowed=lambda _: True, expected="Failed to load resource")
    page.route("https://**", lambda route: route.abort())
    enter_name(page, "gemma3:12b")
    page.get_by_role("button", name=words["manifest.ask"]["en"]).click()
    alert = step(page, 2).get_by_role("alert")
    expect(alert).to_contain_text("could not be asked")
    paste(page, MANIFEST)
    expect(page.locator("textarea.text")).to_be_visible()
    expect(alert).to_be_empty()


def test_a_mirror_is_nothing_to_a_check(page: Page, downloads: Downloads, words: Words) -> None:
    hold(page, "check")
    page.evaluate("release()")
    enter_name(page, "gemma3:12b")
    paste(page, downloads.manifest)
    drop(page, *sorted(downloads.folder.iterdir()))
    expect(page.locator(".verdict")).to_contain_text(ALL_RIGHT)
    page.get_by_text(words["mirror.title"]["en"]).click()
    page.get_by_label(words["mirror.label"]["en"]).press_sequentially("mirror.example")
    page.locator("input.name").press_sequentially("  ")
    expect(page.locator("textarea.text")).to_have_value(re.compile("https://mirror.example/"))
    assert page.evaluate("calls") == 1


def test_the_same_files_once_more(page: Page, downloads: Downloads) -> None:
    enter_name(page, "gemma3:12b")
    paste(page, downloads.manifest)
    for _ in range(3):
        drop(page, *sorted(downloads.folder.iterdir()))
        expect(page.locator(".verdict")).to_contain_text(ALL_RIGHT)
        expect(page.get_by_text("Other files: 1")).to_be_visible()


def test_stopped_gone_on_and_forgotten(page: Page, downloads: Downloads, words: Words) -> None:
    large = downloads.folder / "large"
    with large.open("wb") as file:
        file.truncate(4 << 30)
    digest = "sha256-" + "a" * 64
    large.rename(large.with_name(digest))
    drop(page, large.with_name(digest))
    expect(page.locator(".rows .hashing")).to_be_visible(timeout=30_000)
    step(page, 4).get_by_role("button", name=words["stop"]["en"]).click()
    expect(page.locator(".verdict")).to_have_text(words["check.stopped"]["en"])
    large.with_name(digest).unlink()
    enter_name(page, "gemma3:12b")
    paste(page, downloads.manifest)
    drop(page, *sorted(downloads.folder.iterdir()))
    expect(page.locator(".verdict")).to_contain_text(ALL_RIGHT)
    page.get_by_role("button", name=words["check.forget"]["en"]).click()
    expect(page.locator(".rows")).to_have_count(0)


def test_without_a_manifest_nothing_is_all_right(page: Page, tmp_path: Path, words: Words) -> None:
    named = tmp_path / f"sha256-{hashlib.sha256(b'bytes').hexdigest()}"
    named.write_bytes(b"bytes")
    (tmp_path / "other").write_bytes(b"x")
    enter_name(page, "gemma3:12b")
    drop(page, *sorted(tmp_path.iterdir()))
    verdict = page.locator(".verdict")
    expect(verdict).to_have_text(words["check.named"]["en"].format(right=1, count=1))
    expect(verdict).not_to_have_class(re.compile("good"))
    assert page.locator("section.step.done").count() == 1


def test_a_file_that_went_away_is_not_right_any_more(page: Page, downloads: Downloads, words: Words) -> None:
    """Nor one that was cut; nor is a control file there that aria2 has removed."""
    enter_name(page, "gemma3:12b")
    paste(page, downloads.manifest)
    verdict = page.locator(".verdict")
    control = Path(f"{downloads.weights}.aria2")
    control.write_bytes(b"x")
    drop(page, *sorted(downloads.folder.iterdir()))
    expect(page.locator(".rows .damaged, .rows .incomplete, .rows .missing")).to_have_count(1)
    control.unlink()
    drop(page, downloads.weights)
    expect(verdict).to_contain_text(ALL_RIGHT)
    downloads.weights.unlink()
    drop(page, *sorted(downloads.folder.iterdir()))
    expect(verdict).to_have_text(words["check.notAll"]["en"].format(right=5, count=6, wrong=0, missing=1))


def test_files_of_one_name_from_several_folders(page: Page, downloads: Downloads, tmp_path: Path) -> None:
    enter_name(page, "gemma3:12b")
    paste(page, downloads.manifest)
    expect(page.locator("textarea.text")).to_be_visible()
    for number, path in enumerate(sorted(downloads.folder.iterdir())):
        place = tmp_path / str(number)
        place.mkdir()
        drop(page, path.rename(place / "data"))
        expect(page.locator(".verdict, .rows .right").first).to_be_visible()
    expect(page.locator(".verdict")).to_contain_text(ALL_RIGHT)


@pytest.mark.parametrize("way", ["dropped", "chosen", "pasted"])
def test_the_manifest_first_and_the_blobs_then(page: Page, downloads: Downloads, words: Words, way: str) -> None:
    manifest = downloads.folder / "12b"
    enter_name(page, "gemma3:12b")
    if way == "dropped":
        drop(page, manifest)
    elif way == "chosen":
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Choose the file").click()
        chooser.value.set_files(manifest)
    else:
        paste(page, downloads.manifest)
    expect(page.locator("textarea.text")).to_be_visible()
    drop(page, *(path for path in sorted(downloads.folder.iterdir()) if path != manifest))
    said = words["check.onlyManifest"]["en"].format(right=5) if way == "pasted" else ALL_RIGHT
    expect(page.locator(".verdict")).to_contain_text(said)


def test_what_is_wrong_is_seen_among_hundreds(page: Page, tmp_path: Path) -> None:
    blobs = [b"%d" % number * 3 for number in range(300)]
    layers = [
        {"mediaType": "application/vnd.ollama.image.tensor", "digest": f"sha256:{digest}", "size": len(blob)}
        for blob in blobs
        for digest in [hashlib.sha256(blob).hexdigest()]
    ]
    manifest = json.dumps({"schemaVersion": 2, "config": layers[0], "layers": layers[1:]})
    for layer, blob in zip(layers, blobs, strict=True):
        wrong = layer is layers[290]
        (tmp_path / str(layer["digest"]).replace(":", "-")).write_bytes(b"?" * len(blob) if wrong else blob)
    enter_name(page, "gemma3:12b")
    paste(page, manifest)
    expect(page.locator("textarea.text")).to_be_visible()
    drop(page, *sorted(tmp_path.iterdir()))
    expect(page.locator(".verdict")).to_be_visible(timeout=60_000)
    expect(page.locator(".rows .damaged")).to_have_count(1)
    expect(page.get_by_text("… and 101 more").last).to_be_visible()


def test_an_example_names_a_manifest(page: Page) -> None:
    paste(page, MANIFEST)
    expect(page.get_by_text("nothing says of which model")).to_be_visible()
    page.get_by_role("button", name="gemma3:12b").click()
    expect(page.locator("textarea.text")).to_be_visible()


def test_what_cannot_be_seen_is_written_out(page: Page) -> None:
    enter_name(page, "gem\u200bma")
    expect(step(page, 1).get_by_role("alert")).to_contain_text("[U+200B]")


def test_the_focus_stays_in_its_step(page: Page, downloads: Downloads, words: Words) -> None:
    enter_name(page, "gemma3:12b")
    paste(page, downloads.manifest)
    drop(page, *sorted(downloads.folder.iterdir()))
    page.get_by_role("button", name=words["check.forget"]["en"]).press("Enter")
    expect(page.get_by_role("button", name=words["check.files"]["en"])).to_be_focused()


def test_what_systems_put_beside_a_file(page: Page, downloads: Downloads) -> None:
    digest = hashlib.sha256(downloads.weights.read_bytes()).hexdigest()
    for name in (f"._sha256_{digest}", f"sha256_{digest}:Zone.Identifier", ".DS_Store"):
        (downloads.folder / name).write_bytes(b"beside")
    downloads.weights.rename(downloads.folder / f"sha256_{digest}")
    enter_name(page, "gemma3:12b")
    paste(page, downloads.manifest)
    drop(page, *sorted(downloads.folder.iterdir()))
    expect(page.locator(".verdict")).to_contain_text(ALL_RIGHT)
    page.locator("summary").last.click()
    expect(page.get_by_text("Windows or macOS put it beside another file")).to_have_count(2)
