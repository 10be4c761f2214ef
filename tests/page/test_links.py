"""Names, manifests and texts of the page, and those of `packllama.links`: the same table, the same bytes."""

import json
import re
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Page

from packllama.base.errors import PackLlamaError
from packllama.base.units import human_bytes
from packllama.links.formats import Format, write
from packllama.links.link import Link
from packllama.links.listing import Listing
from packllama.links.typed import read_typed
from packllama.manifest import MANIFEST_LIMIT, Layer, Manifest
from packllama.name import ModelName
from packllama.places.registry.fetchable import decode_fetchable
from tests.page.odd_manifests import ODD, ONLY_PYTHON, RAW, hurt
from tests.unit.links.cases import CASES, TABLE, Case
from tests.unit.links.hostile import HOSTILE, check_metalink, check_powershell, check_script, unchecked

Words = dict[str, dict[str, str]]

# What a function of the page gives, or the key and the values of its refusal; anything else that is thrown is a fault.
ATTEMPT = """
const attempt = (make) => {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return {key: error.key, values: Object.keys(error.values)};
  }
};
const bytes = (text) => Uint8Array.from(text, (char) => char.charCodeAt(0));
"""
READ = f"""(texts) => {{ {ATTEMPT}
  return texts.map((text) => attempt(() => {{
    const {{name, insecure}} = readTyped(text);
    return [name.full, name.short, insecure];
  }}));
}}"""
DECODE = f"""(texts) => {{ {ATTEMPT}
  return texts.map((text) => attempt(() => {{
    const {{raw, read, ...manifest}} = decodeManifest(bytes(text));
    return {{...manifest, raw: raw.length, read: read.length}};
  }}));
}}"""
FILL = f"""([text, sizes]) => {{ {ATTEMPT}
  return sizes.map((size) => {{
    const filled = new Uint8Array(size).fill(32);
    filled.set(bytes(text));
    return attempt(() => decodeManifest(filled).layers.length);
  }});
}}"""
LIST = f"""({{models, how}}) => {{ {ATTEMPT}
  return attempt(() => {{
    const found = listing(models.map(({{name, manifest, digests}}) =>
      modelLinks(parseName(name), decodeManifest(bytes(manifest)), {{...how, ...digests}})));
    const texts = Object.fromEntries(FORMATS.map((form) => [form, writeLinks(found, form)]));
    return {{texts, document: linksDocument(found), names: found.names}};
  }});
}}"""


def latin(raw: bytes) -> str:
    """Bytes on their way into the page."""
    return raw.decode("latin-1")


def listed(page: Page, models: list[tuple[str, bytes]], **how: object) -> dict[str, Any]:
    def digests(raw: bytes) -> dict[str, str]:
        model = Manifest.decode(raw, where="").digest.hex
        return {"digest": sha256(raw).hexdigest(), "model": model}

    given = [{"name": name, "manifest": latin(raw), "digests": digests(raw)} for name, raw in models]
    names = {"as_sent": "asSent", "as_blob": "asBlob"}
    found: dict[str, Any] = page.evaluate(
        LIST, {"models": given, "how": {names.get(key, key): value for key, value in how.items()}}
    )
    return found


def of_page(page: Page, case: Case) -> dict[str, Any]:
    how = {key: value for key, value in case.given.items() if key != "models"}
    return listed(page, [(model["name"], model["manifest"].encode()) for model in case.given["models"]], **how)


def check_refusal(found: Any, words: Words) -> None:
    """There is a sentence, in both languages, and whatever it wants to show is known."""
    assert isinstance(found, dict), found
    for sentence in words[found["key"]].values():
        assert set(re.findall(r"\{(\w+)\}", sentence)) <= {*found["values"]}


@pytest.fixture
def page(one_page: Page) -> Page:
    """Functions that are asked leave nothing behind."""
    return one_page


def test_what_is_typed(page: Page, words: Words) -> None:
    texts = [case["text"] for case in TABLE["typed"]]
    for case, found in zip(TABLE["typed"], page.evaluate(READ, texts), strict=True):
        if case["name"] is None:
            check_refusal(found, words)
        else:
            assert found == [case["name"], ModelName.parse(case["name"]).short, case["insecure"]]


def test_what_is_no_manifest_of_a_model(page: Page, words: Words) -> None:
    texts = [latin(case["manifest"].encode()) for case in TABLE["refused"]]
    for found in page.evaluate(DECODE, texts):
        check_refusal(found, words)


def test_how_large_a_manifest_may_be(page: Page, words: Words) -> None:
    exact, more, far_more = page.evaluate(FILL, [latin(RAW), [MANIFEST_LIMIT, MANIFEST_LIMIT + 1, 50 << 20]])
    assert exact == 4
    assert more["key"] == far_more["key"] == "manifest.large"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_document_and_texts(page: Page, case: Case) -> None:
    """What the table says, and for the texts all that Python writes. So whatever is true of Python's is true of these:
    that the programs understand them (`tests/real/test_links.py`), that no word of a manifest's stands in them.
    """
    found = of_page(page, case)
    assert found["document"] == case.document
    assert found["texts"] == {form.value: write(case.listing(), form) for form in Format}


def test_what_each_sentence_is_for(page: Page, words: Words) -> None:
    """Each way to be wrong has its own."""
    names = ["", "a b", "https://me:x@h/a/b", "https://h/", "a:", "a" * 81, "a:-b", "a:b+c", "a" * 9000]
    wanted = ["none", "spaces", "user", "address", "missing", "part", "start", "letter", "long"]
    assert [found["key"] for found in page.evaluate(READ, names)] == [f"name.{word}" for word in wanted]
    ways = {
        "empty": b" ", "html": b"\n<!DOCTYPE html>", "cut": RAW[:-10], "json": b"404 page not found",
        "index": b'{"manifests":[]}', "layers": b'{"layers":null}', "type": b'{"layers":{}}',
        "many": b'{"layers":[' + b"0," * 4096 + b"0]}", "digest": RAW.replace(b"sha256:", b""),
        "size": RAW.replace(b"77", b"-1"), "sizes": RAW.replace(b"3" * 64, b"a" * 64),
    }  # fmt: skip
    found = page.evaluate(DECODE, [latin(raw) for raw in ways.values()])
    assert [refusal["key"] for refusal in found] == [f"manifest.{word}" for word in ways]


def test_human_bytes(page: Page) -> None:
    random = Random(9)
    sizes = [*(random.randrange(10 ** random.randint(1, 15)) for _ in range(3000)), *range(1000, 10_000, 50), 0, 999]
    assert page.evaluate("(sizes) => sizes.map(humanBytes)", sizes) == [human_bytes(size) for size in sizes]


# --- names ---

PIECES = [
    "gemma3", "Me", "library", "model", "a", "_", "-", ".", ":", "/", "//", "://", "https://", "http://", "HTTPS://",
    "ftp://", "ollama.com", "www.", "hf.co", "huggingface.co", "modelscope.cn", "models", "registry.ollama.ai",
    "localhost:5000", ":443", ":80", "v2", "manifests", "blobs", "sha256:", "a" * 64, "b" * 80, "x.gguf", "tree/main",
    "ollama run ", "ollama pull ", "ollama ", " ", "\t", "\n", "\x1c", "\x85", "\u00a0", "\u3000", "\u200b", "\ufeff",
    "@", "?", "#", "%", "%41", "%2F", "%zz", "%ff", "\\", "[", "]", "[::1]", "\0", "\x01", "'", '"', "<", "$(x)", "é",
    "：", "ſ", "K", "ı", "İ", "☃", "😀", "12b", "Q4_K_M", "latest", "undefined", "constructor", "!MISSING!",
]  # fmt: skip


def spellings(random: Random) -> list[str]:
    """Pieces put together, and what the table has with a piece put in or a part left out."""
    built = ["".join(random.choices(PIECES, k=random.randint(1, 9))) for _ in range(3000)]
    urls = [
        random.choice(["https://", "http://", ""]) + "/".join(random.choices(PIECES, k=random.randint(2, 7)))
        for _ in range(3000)
    ]
    changed = []
    for _ in range(3000):
        text = random.choice(TABLE["typed"])["text"]
        start, end = sorted(random.choices(range(len(text) + 1), k=2))
        piece = random.choice(["", *PIECES])
        changed.append(text[:start] + piece + text[random.choice([start, end]) :])
    return [*built, *urls, *changed]


def typed_by_python(text: str) -> list[object] | None:
    try:
        (typed,) = read_typed([text])
    except PackLlamaError:
        return None
    return [typed.name.full, typed.name.short, typed.insecure]


def test_names_as_python_reads_them(page: Page, words: Words) -> None:
    seed = 9
    texts = spellings(Random(seed))
    different = []
    for text, found in zip(texts, page.evaluate(READ, texts), strict=True):
        expected = typed_by_python(text)
        if expected is None:
            check_refusal(found, words)
        elif found != expected:
            different.append((text, found, expected))
    assert different == [], f"seed {seed}"
    assert sum(typed_by_python(text) is not None for text in texts) > 500


def test_a_longer_text_is_not_looked_at(page: Page, words: Words) -> None:
    """Python has no such bound; no address that means a model needs so many characters."""
    text = "https://ollama.com/library/gemma3?" + "x" * 8192
    assert typed_by_python(text)
    (found,) = page.evaluate(READ, [text])
    check_refusal(found, words)


# --- manifests ---


def read_by_python(raw: bytes) -> dict[str, Any] | None:
    """As `read_saved` reads a file."""
    if len(raw) > MANIFEST_LIMIT:
        return None
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        manifest = decode_fetchable(raw, where="")
    except PackLlamaError:
        return None
    return {
        "mediaType": manifest.media_type,
        "config": _layer(manifest.config),
        "layers": [_layer(layer) for layer in manifest.layers],
        "raw": len(raw),
        "digest": manifest.digest.hex,
    }


def _layer(layer: Layer) -> dict[str, object]:
    return {"mediaType": layer.media_type, "digest": str(layer.digest), "size": layer.size, "name": layer.name}


def test_manifests_as_python_reads_them(page: Page, words: Words) -> None:
    """Both refuse, or both read the same."""
    seed = 9
    random = Random(seed)
    raws = [*ODD, *(hurt(random) for _ in range(4000))]
    for raw, found in zip(raws, page.evaluate(DECODE, [latin(raw) for raw in raws]), strict=True):
        expected = read_by_python(raw)
        if expected is None:
            check_refusal(found, words)
        else:
            hashed = raw.removeprefix(b"\xef\xbb\xbf")[: found.pop("read", 0)]
            assert found | {"digest": sha256(hashed).hexdigest()} == expected, (seed, raw[:2000])
    assert sum(read_by_python(raw) is not None for raw in raws) > 300


@pytest.mark.parametrize("why", ONLY_PYTHON)
def test_what_only_python_reads(page: Page, words: Words, why: str) -> None:
    assert read_by_python(ONLY_PYTHON[why])
    (found,) = page.evaluate(DECODE, [latin(ONLY_PYTHON[why])])
    check_refusal(found, words)


# --- hostile words ---


def forced(page: Page, found: Listing) -> dict[str, str]:
    """Texts of links that could not be made, as if they had come through."""

    def values(link: Link) -> dict[str, object]:
        digest = str(link.digest)
        return {"what": link.what, "urls": link.urls, "saved": link.saved, "size": link.size, "digest": digest}

    links = [values(link) for link in found.links]
    given = {"links": links, "names": found.names, "size": found.size, "command": found.command}
    texts: dict[str, str] = page.evaluate(
        "(found) => Object.fromEntries(FORMATS.map((form) => [form, writeLinks(found, form)]))", given
    )
    return texts


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words(page: Page, text: str, tmp_path: Path) -> None:
    texts = forced(page, unchecked(text))
    assert texts == {form.value: write(unchecked(text), form) for form in Format}
    for program in ("curl", "wget"):
        for shell in ("sh", "bash"):
            check_script(texts[program], text, shell=shell, program=program, folder=tmp_path / program / shell)
    check_powershell(texts["powershell"], text, harmless=forced(page, unchecked("x"))["powershell"])
    check_metalink(texts["metalink"], text)


def test_a_link_of_hostile_words_is_not_made(page: Page, words: Words) -> None:
    """Programs without quotes, as aria2, are safe by this alone: no such word gets as far as a text."""
    for found in page.evaluate(READ, [word for text in HOSTILE for word in (text, f"h/{text}/m", f"m:{text}")]):
        check_refusal(found, words)
    raws = [json.dumps({"layers": [{"digest": f"sha256:{text}"}], "config": {}}).encode() for text in HOSTILE]
    for found in page.evaluate(DECODE, [latin(raw) for raw in raws]):
        check_refusal(found, words)
    mirrors = [f"https://h/{text}" for text in HOSTILE if text not in {"~", "%PATH%"}]  # which are plain in a URL
    for mirror in [*HOSTILE, *mirrors, "https://me:secret@h", "file:///etc/passwd", "javascript:alert(1)", "", "-o"]:
        check_refusal(listed(page, [("m", RAW)], mirrors=[mirror]), words)


def test_what_a_manifest_says_of_itself_stands_in_no_text(page: Page) -> None:
    """Types and names of layers may be anything: they are shown, and never written."""
    harmless = listed(page, [("m", RAW)])["texts"]
    for text in [*HOSTILE, "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "-o/etc/passwd"]:
        manifest = json.loads(RAW)
        for layer in [manifest, manifest["config"], *manifest["layers"]]:
            layer["mediaType"] = layer["name"] = layer["from"] = text
        found = listed(page, [("m", json.dumps(manifest).encode())])
        assert {file["what"] for file in found["document"]["files"]} == {"manifest", "config", text}
        assert found["texts"] == harmless
