"""Files are told to be right, damaged, incomplete or missing, by their bytes."""

import hashlib
import json
import os
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from packllama.manifest import CONFIG_TYPE, MANIFEST_TYPE, LayerKind
from packllama.places.loose.naming import digest_from_file_name, name_at, name_from_file_name
from tests.page.files import choose
from tests.page.measuring import growth, hash_here, hash_in_page, sparse

WEIGHTS = random.Random(7).randbytes((1 << 20) + 1)
OTHER_WEIGHTS = bytes(len(WEIGHTS))
TEMPLATE = b"{{ .Prompt }}"
CONFIG = b'{"model_format":"gguf"}'
# The browser tells a change by the second.
LONG_AGO = (1_600_000_000, 1_600_000_000)
HTML = b"<!DOCTYPE html><title>Not found</title>"
ANSWER = b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}'


def hex_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def layer(kind: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": f"sha256:{hex_of(data)}", "size": len(data)}


def manifest(*layers: tuple[LayerKind, bytes]) -> str:
    listed = [layer(kind.media_type, data) for kind, data in layers]
    return json.dumps(
        {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": layer(CONFIG_TYPE, CONFIG), "layers": listed}
    )


MANIFEST = manifest((LayerKind.MODEL, WEIGHTS), (LayerKind.TEMPLATE, TEMPLATE))
WHOLE = {"m": MANIFEST.encode(), "w": WEIGHTS, "t": TEMPLATE, "c": CONFIG}
ALL_RIGHT = dict.fromkeys(["manifest", "model", "template", "config"], ("right", None))

_CHECK = """async ([text, asSent]) => {
    window.hasher ??= new Hasher();
    window.states = [];
    const how = {links: null, manifest: null, hasher, onChange: (state) => states.push([performance.now(), state])};
    if (text !== null) {
        how.manifest = decodeManifest(new TextEncoder().encode(text));
        const digest = await hasher.hash(new Blob([how.manifest.raw]));
        how.links = modelLinks(parseName("me/m:t"), how.manifest, {digest, asSent}).links;
    }
    return await check(given, how);
}"""


# A check that goes on; ``begun`` when some of the first file is read.
_BEGIN = """
window.stopping = new AbortController();
window.hasher = new Hasher();
window.begun = new Promise((resolve) => {
    const onChange = (state) => { if (state.done) resolve(); };
    window.ended = check(given, {links: null, manifest: null, hasher, onChange, signal: stopping.signal});
    window.ended.catch(() => {});
});
0"""


def check(page: Page, text: str | None = MANIFEST, *, as_sent: bool = False) -> dict[str, Any]:
    """The state in the end, of the files that were chosen."""
    return page.evaluate(_CHECK, [text, as_sent])  # type: ignore[no-any-return]


def put(folder: Path, files: dict[str, bytes]) -> list[Path]:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return [folder / name for name in files]


def rows(state: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {row["link"]["what"]: (row["state"], row["why"]) for row in state["rows"]}


def others(state: dict[str, Any]) -> dict[str, str]:
    return {other["path"]: other["why"] for other in state["others"]}


PLACE = "manifests/registry.ollama.ai/me/m/t"
W, T = hex_of(WEIGHTS), hex_of(TEMPLATE)
CUT = WEIGHTS[:1000]


@dataclass
class Case:
    """Files beside what is right already, what is said of a link, and of the files that have none."""

    about: str
    files: dict[str, bytes]
    what: str = "model"
    state: tuple[str, str | None] = ("missing", None)
    others: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.about


CASES = [
    Case("any name", {"data (3).bin": WEIGHTS}, state=("right", None)),
    Case("the name of another", {f"sha256-{T}": WEIGHTS}, state=("right", None)),
    Case("cut", {f"sha256-{W}": CUT}, state=("incomplete", "found.cut")),
    Case("nothing of it", {f"sha256-{W}": b""}, state=("incomplete", "found.cut")),
    Case("too long", {f"sha256-{W}": WEIGHTS + b"x"}, state=("damaged", "found.long")),
    Case("damaged", {f"sha256%3A{W} (1).bin": OTHER_WEIGHTS}, state=("damaged", "found.damaged")),
    Case("the only one of its size", {"w": OTHER_WEIGHTS}, state=("damaged", "found.otherBytes")),
    Case("a small one of its size", {"x": b"x" * len(TEMPLATE)}, "template", others={"x": "found.sameSize"}),
    Case("a small damaged one", {T: b"x" * len(TEMPLATE)}, "template", ("damaged", "found.damaged")),
    Case("Chrome's", {f"{W}.crdownload": CUT}, state=("incomplete", "found.unfinishedBy")),
    Case("Firefox's", {f"{W}.part": CUT}, state=("incomplete", "found.unfinished")),
    Case("Chrome's, nameless", {"1.crdownload": CUT}, others={"1.crdownload": "found.unfinishedBy"}),
    Case("aria2's", {W: OTHER_WEIGHTS, f"{W}.aria2": b"x"}, state=("incomplete", "found.unfinishedIn")),
    Case("aria2's control alone", {f"{W}.aria2": b"x"}, state=("incomplete", "found.unfinishedIn")),
    Case("Ollama's", {f"sha256-{W}-partial": OTHER_WEIGHTS}, state=("incomplete", "found.unfinishedIn")),
    Case("a web page", {W: HTML}, state=("damaged", "found.webPage")),
    Case("a web page that is larger", {T: HTML}, "template", ("damaged", "found.webPage")),
    Case("a registry's answer", {W: ANSWER}, state=("damaged", "found.answer")),
    Case("a web page, nameless", {"w.html": HTML}, others={"w.html": "found.webPage"}),
    Case("nothing of it all", {"x.jpg": b"x"}, others={"x.jpg": "found.other"}),
    Case("damaged and right", {W: OTHER_WEIGHTS, "w": WEIGHTS}, state=("right", None), others={W: "found.damaged"}),
    Case("cut and right", {W: CUT, "w": WEIGHTS}, state=("right", None), others={W: "found.cut"}),
    Case("twice", {"1": WEIGHTS, "2": WEIGHTS}, state=("right", None), others={"2": "found.spare"}),
    Case("another manifest", {PLACE: manifest((LayerKind.MODEL, b"x")).encode()},
         "manifest", ("damaged", "found.otherManifest")),
    Case("a web page for a manifest", {PLACE: HTML}, "manifest", ("damaged", "found.webPage")),
    Case("no manifest", {PLACE: b"x"}, "manifest", ("damaged", "found.noManifest")),
    Case("a manifest with blanks", {"x": json.dumps(json.loads(MANIFEST), indent=2).encode()}, "manifest",
         ("right", "found.sameManifest")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(page: Page, tmp_path: Path, case: Case) -> None:
    kept = {"model": "w", "template": "t", "manifest": "m"}
    put(
        tmp_path / "in", case.files | {f"given/{name}": data for name, data in WHOLE.items() if name != kept[case.what]}
    )
    choose(page, tmp_path / "in")
    state = check(page)
    assert rows(state) == ALL_RIGHT | {case.what: case.state}
    assert {path.removeprefix("in/"): why for path, why in others(state).items()} == case.others
    assert state["finished"]
    wrong, missing = (case.state[0] in words for words in [{"damaged", "incomplete"}, {"missing"}])
    assert (state["wrong"], state["missing"], state["right"]) == (wrong, missing, 4 - wrong - missing)


@pytest.mark.parametrize("as_sent", [True, False])
def test_all_right(page: Page, tmp_path: Path, as_sent: bool) -> None:
    choose(page, *put(tmp_path, WHOLE))
    state = check(page, as_sent=as_sent)
    assert rows(state) == ALL_RIGHT
    assert state["done"] == state["total"] == len(WEIGHTS) + len(TEMPLATE) + len(CONFIG)


def test_how_much_is_there(page: Page, tmp_path: Path) -> None:
    choose(page, *put(tmp_path, {W: CUT}))
    row = check(page)["rows"][1]
    assert (row["done"], row["values"]) == (1000, {"have": "1,000", "size": "1,048,577"})


def test_layers_that_are_empty_or_twice_there(page: Page, tmp_path: Path) -> None:
    text = manifest((LayerKind.MODEL, WEIGHTS), (LayerKind.MODEL, WEIGHTS), (LayerKind.LICENSE, b""))
    choose(page, *put(tmp_path, {"w": WEIGHTS, "nothing": b"", "c": CONFIG}))
    assert rows(check(page, text)) == {
        "manifest": ("missing", None),
        "model": ("right", None),
        "license": ("right", None),
        "config": ("right", None),
    }


def test_more_files_later(page: Page, tmp_path: Path) -> None:
    """What was hashed is not read again: it may even be gone."""
    weights, template, *rest = put(tmp_path, {"w": WEIGHTS, T: b"x", "m": MANIFEST.encode(), "c": CONFIG})
    choose(page, weights, template)
    assert rows(check(page))["template"] == ("incomplete", "found.cut")
    weights.unlink()
    template.write_bytes(TEMPLATE)
    choose(page, template, *rest, more=True)
    state = check(page)
    assert rows(state) == ALL_RIGHT
    assert others(state) == {}


def test_without_a_manifest_names_are_compared(page: Page, tmp_path: Path) -> None:
    choose(page, *put(tmp_path, {W: WEIGHTS, f"sha256-{T}": b"x", f"{hex_of(CONFIG)}.part": b"x", "x": b"", "y": HTML}))
    state = check(page, None)
    assert rows(state) == {
        f"sha256:{W}": ("right", None),
        f"sha256:{T}": ("damaged", "found.damaged"),
        f"sha256:{hex_of(CONFIG)}": ("incomplete", "found.unfinished"),
    }
    assert others(state) == {"x": "found.nameless", "y": "found.webPage"}


def write(path: Path) -> None:
    path.write_bytes(OTHER_WEIGHTS + b"x")


def replace(path: Path) -> None:
    path.with_name("new").write_bytes(OTHER_WEIGHTS)
    path.with_name("new").replace(path)


def lengthen(path: Path) -> None:
    os.truncate(path, path.stat().st_size + 1)


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"x")


# Chromium notes a chosen file's time when it comes to it: later than the change, and the bytes are wrong instead.
NOT_RIGHT = {"unreadable", "damaged"}


@pytest.mark.parametrize(("change", "found"), [(Path.unlink, {"unreadable"}), (write, NOT_RIGHT), (replace, NOT_RIGHT)])
def test_a_file_that_changes_before_it_is_hashed(page: Page, tmp_path: Path, change: Any, found: set[str]) -> None:
    [weights] = put(tmp_path, {W: WEIGHTS})
    os.utime(weights, LONG_AGO)
    choose(page, weights)
    change(weights)
    state, _ = rows(check(page))["model"]
    assert state in found


@pytest.mark.parametrize("change", [Path.unlink, overwrite, lengthen])
def test_a_file_that_changes_while_it_is_hashed(page: Page, tmp_path: Path, change: Any) -> None:
    large = sparse(tmp_path / W, 512 << 20)
    os.utime(large, LONG_AGO)
    choose(page, large)
    page.evaluate(_BEGIN)
    page.evaluate("begun")
    change(large)
    assert rows(page.evaluate("ended")) == {f"sha256:{W}": ("unreadable", "hashing.unreadable")}


def test_a_pipe_is_not_waited_for(page: Page, tmp_path: Path) -> None:
    put(tmp_path / "in", WHOLE)
    os.mkfifo(tmp_path / "in/pipe")
    os.mkfifo(tmp_path / f"in/{hex_of(b'')}")
    choose(page, tmp_path / "in")
    assert rows(check(page)) == ALL_RIGHT
    text = manifest((LayerKind.LICENSE, b""))
    # To the browser it is an empty file.
    assert rows(check(page, text))["license"] == ("right", None)


def test_what_a_dropped_folder_hides_may_be_what_is_missing(page: Page, tmp_path: Path) -> None:
    choose(page, *put(tmp_path, {"w": WEIGHTS}))
    page.evaluate("given.push({file: new File([], 'in'), path: 'in', why: 'dropped.partly'}), 0")
    state = check(page)
    assert rows(state)["template"] == ("missing", "dropped.partly")
    assert others(state) == {"in": "dropped.partly"}


def test_a_check_that_is_stopped(page: Page, tmp_path: Path) -> None:
    large = sparse(tmp_path / W, 8 << 30)
    choose(page, large)
    page.evaluate(_BEGIN)
    page.evaluate("begun")
    assert page.evaluate("stopping.abort(), ended.catch((error) => error.name)") == "AbortError"
    assert page.evaluate("hasher.hash(new Blob(['']))") == hex_of(b"")


def test_a_browser_that_cannot_hash(page: Page, tmp_path: Path) -> None:
    choose(page, *put(tmp_path, {W: WEIGHTS}))
    page.evaluate("document.getElementById('worker-source').textContent = 'onmessage = () => postMessage({broken: 1})'")
    failing = "check(given, {links: null, manifest: null, hasher: new Hasher()}).catch(({key}) => key)"
    assert page.evaluate(failing) == "hashing.broken"


def test_ten_thousand_files(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    put(folder, {f"{number}/<b>{number}": b"x" * (number % 50) for number in range(10_000)} | WHOLE)
    choose(page, folder)
    page.evaluate(
        """() => {
            window.stills = [];
            const note = (list) => stills.push(...list.getEntries().map(({duration}) => duration));
            new PerformanceObserver(note).observe({type: "longtask"});
        }"""
    )
    assert page.evaluate("manifestsAmong(given).then((all) => all.length)") == 1
    state = check(page)
    assert rows(state) == ALL_RIGHT
    assert (len(state["others"]), state["othersCount"]) == (100, 10_000)
    seconds, emitted = page.evaluate("[(states.at(-1)[0] - states[0][0]) / 1000, states.length]")
    assert emitted <= 10 * seconds + 2
    # Milliseconds, on a machine that has other work; without its pauses the page stood still for nine seconds.
    assert page.evaluate("Math.max(0, ...stills)") < 3000


def test_thousands_of_layers_of_one_size(page: Page, tmp_path: Path) -> None:
    tensors = {f"{number:04}": f"{number:04}".encode() for number in range(4000)}
    text = manifest(*((LayerKind.TENSOR, data) for data in tensors.values()))
    put(tmp_path / "in", tensors)
    choose(page, tmp_path / "in")
    alone = page.evaluate(
        """async () => {
            const [hasher, began] = [new Hasher(), performance.now()];
            for (const {file} of given) await hasher.hash(file);
            return performance.now() - began;
        }"""
    )
    state = check(page, text)
    assert (state["right"], state["missing"], state["othersCount"]) == (4000, 2, 0)
    assert page.evaluate("states.at(-1)[0] - states[0][0]") < 3 * alone


NAMES = [
    "m/manifests/registry.ollama.ai/library/gemma3/12b",
    "manifests/hf.co/me/Repo-GGUF/Q4_K_M",
    "m/manifests/registry.ollama.ai/library/gemma3:12b-it-qat",
    "m/manifests/registry.ollama.ai/me/gemma3\uf03a12b",
    "dl/registry.ollama.ai/v2/library/gemma3/manifests/12b",
    "dl/localhost%3A5000/v2/me/m/manifests/latest",
    "manifests/host/library/gemma3",
    "manifests/host/library/gemma3/12b/more",
    "manifests/../library/gemma3/12b",
    "manifests/host/ns/mo del/tag",
    "12b",
    "dl/gemma3:12b",
    "dl/gemma3%3a12b (1).json",
    "dl/me_gemma3:12b",
    "manifests/me/gemma3:12b",
    "manifests/gemma3:12b",
    f"dl/sha256:{W}",
    f"sha256_{W.upper()} (1).bin",
    f"{W}{W}",
    f"{W} {T}",
    "",
]


@pytest.mark.parametrize("path", NAMES)
def test_names_say_what_they_say_to_an_import(page: Page, path: str) -> None:
    name = name_at(path) or name_from_file_name(path)
    digest = digest_from_file_name(path.rpartition("/")[2])
    said = page.evaluate("(path) => [nameOfPath(path)?.short ?? null, digestOfName(path.split('/').at(-1))]", path)
    assert said == [name and name.short, digest and str(digest)]


def test_manifests_among_files(page: Page, tmp_path: Path) -> None:
    other = manifest((LayerKind.MODEL, b"x"))
    image = MANIFEST.replace("vnd.ollama.image", "vnd.oci.image")
    files = {
        "a/manifests/registry.ollama.ai/me/m/t": MANIFEST,
        "b/manifests/registry.ollama.ai/me/m/t": MANIFEST,
        "nameless copy": MANIFEST,
        "nameless": f"\ufeff {other}",
        "image": image,
        "cut": MANIFEST[:-5],
        "page": HTML.decode(),
        "config": CONFIG.decode(),
    }
    put(tmp_path / "in", {name: text.encode() for name, text in files.items()} | {"w": WEIGHTS, "empty": b""})
    choose(page, tmp_path / "in")
    found = page.evaluate(
        """async () => {
            const found = await manifestsAmong(given);
            return found.map(({name, manifest}) => [name && name.short, manifest.layers[0].size]);
        }"""
    )
    assert sorted(found, key=str) == [["me/m:t", len(WEIGHTS)], [None, 1]]


def test_memory_stays_small(page: Page, browser: Browser, tmp_path: Path) -> None:
    large = sparse(tmp_path / "large", 8 * 10**9)
    with growth(browser) as grown:
        hash_in_page(page, large)
    assert 0 < grown.size <= 200e6


def test_speed(page: Page, tmp_path: Path) -> None:
    """The best of five pairs, in which both take about as long: the machine may do something else too."""
    small, large = sparse(tmp_path / "small", 256 << 20), sparse(tmp_path / "large", 2 << 30)
    assert max(hash_here(large) / 8 / hash_in_page(page, small) for _ in range(5)) >= 0.1
