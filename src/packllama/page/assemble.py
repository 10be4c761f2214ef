"""One HTML file out of the assets: everything inline, and a policy that lets nothing else run."""

import base64
import hashlib
import json
import re
from importlib.resources import files

from packllama.base.version import __version__
from packllama.page.shared import shared

_ASSETS = files("packllama.page") / "assets"

# Classic scripts that share one scope: a page opened from a disk may import no modules.
_SCRIPTS = (
    "vendor/preact.min.umd.js",
    "vendor/preact-hooks.umd.js",
    "vendor/htm.umd.js",
    "links/names.js",
    "links/manifest.js",
    "links/links.js",
    "links/formats.js",
    "check/hashing.js",
    "check/dropped.js",
    "check/matching.js",
    "view/words.js",
    "view/parts.js",
    "view/state.js",
    "view/name.js",
    "view/manifest.js",
    "view/files.js",
    "view/check.js",
    "view/app.js",
)

# What the worker runs. As a script of the page it would run there, so it is a text.
_WORKER = ("vendor/hash-wasm.sha256.umd.min.js", "check/worker.js")

# One that has lines of its own.
_COMMENT = re.compile(r"^ *(?://[^\n]*|/\*.*?\*/)\n", re.MULTILINE | re.DOTALL)

_WORDS = ("words/links.json", "words/check.json", "words/view.json")

_POLICY = (
    "default-src 'none'; script-src 'wasm-unsafe-eval' {scripts}; style-src {style}; worker-src blob:; "
    "connect-src http: https:; img-src data:; base-uri 'none'; form-action 'none'"
)


def page(*, language: str | None = None) -> bytes:
    """The page. ``language``: ``en`` or ``zh``, which it begins in; None: as the browser's settings say."""
    scripts = [_constants(language), *map(_text, _SCRIPTS)]
    style = _text("style.css")
    policy = _POLICY.format(scripts=" ".join(map(_hash, scripts)), style=_hash(style))
    worker = f'<script type="text/plain" id="worker-source">{"".join(map(_text, _WORKER))}</script>'
    parts = {
        "language": language or "en",
        "version": __version__,
        "policy": policy,
        "style": f"<style>{style}</style>",
        "scripts": "\n".join([worker, *(f"<script>{script}</script>" for script in scripts)]),
    }
    html = _text("page.html")
    for name, value in parts.items():
        html = html.replace(f"{{{{{name}}}}}", value)
    return html.encode()


def _constants(language: str | None) -> str:
    """What the scripts find when they begin, as literals that no text can leave."""
    words = {key: texts for name in _WORDS for key, texts in json.loads(_text(name)).items()}
    values = {"SHARED": shared(), "WORDS": words, "LANGUAGE": language, "VERSION": __version__}
    return "".join(f"const {name} = {_literal(value)};\n" for name, value in values.items())


def _literal(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _text(name: str) -> str:
    """An asset; one of ours without its comments, which are for who reads the repository."""
    text = _ASSETS.joinpath(name).read_text(encoding="utf-8")
    return text if name.startswith("vendor/") else _COMMENT.sub("", text)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
