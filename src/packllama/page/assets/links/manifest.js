// The bytes of a manifest become the list of a model's files, as `packllama.jsonfields`, `packllama.manifest` and
// `packllama.places.registry.fetchable` read them: lenient as Ollama's decoder is, strict about what could not be
// fetched. However hostile they are, no more than a few megabytes are looked at, and nothing in them is ever run.
"use strict";

/**
 * `name` and `mediaType` are texts from outside.
 * @typedef {{mediaType: string, digest: string, size: number, name: string}} Layer
 */

/**
 * `raw`: the bytes without an editor's mark. `read`: how many of them Ollama reads, whose hash is the model's digest;
 * nearly always it is all of them.
 * @typedef {{raw: Uint8Array, read: Uint8Array, mediaType: string, config: Layer, layers: Layer[]}} Manifest
 */

// No manifest nests deeper than 3; Python reads some hundred levels.
const _DEEPEST = 100;

// Python reads no whole number that is longer.
const _MOST_DIGITS = 4300;

/**
 * The manifest of a model that could be fetched.
 * @param {Uint8Array} bytes
 * @returns {Manifest}
 * @throws {Refusal} it is none, or an index, or has no layers or too many, or digests or sizes that cannot be
 */
function decodeManifest(bytes) {
  const {manifestLimit, mostLayers} = SHARED;
  if (bytes.length > manifestLimit) throw new Refusal("manifest.large");
  const raw = bytes.subarray([0xef, 0xbb, 0xbf].every((byte, place) => bytes[place] === byte) ? 3 : 0);
  const text = new TextDecoder("latin1").decode(raw);
  if (!/\S/.test(text)) throw new Refusal("manifest.empty");
  if (/^\s*</.test(text)) throw new Refusal("manifest.html");
  const [value, end] = _firstValue(raw, text);
  const fields = _fieldsOf(value);
  if (fields.get("manifests") != null) throw new Refusal("manifest.index");
  const layers = _valueIn(fields, "layers", Array.isArray, []);
  if (layers.length === 0) throw new Refusal("manifest.layers");
  if (layers.length > mostLayers) throw new Refusal("manifest.many", {most: mostLayers});
  const manifest = {
    raw,
    read: raw.subarray(0, _bytesRead(end)),
    mediaType: _textIn(fields, "mediaType"),
    config: _layerOf(_valueIn(fields, "config", _isObject, null)),
    layers: layers.map(_layerOf),
  };
  _checkSizes([...manifest.layers, manifest.config]);
  return manifest;
}

/** The first JSON value of the bytes, and the place of its end. */
function _firstValue(raw, text) {
  const reader = new _Reader(raw, text);
  try {
    return [reader.value(0), reader.at];
  } catch {
    throw new Refusal(/^\s*\{/.test(text) && !/\}\s*$/.test(text) ? "manifest.cut" : "manifest.json");
  }
}

/** Reads JSON; objects become Maps. `text` has a character for each byte, so that places are the same in both. */
class _Reader {
  at = 0;

  constructor(raw, text) {
    this.raw = raw;
    this.text = text;
  }

  value(depth) {
    if (depth > _DEEPEST) throw new SyntaxError("too deep");
    if (this.#next("{")) return this.#members(depth + 1);
    if (this.#next("[")) return this.#items(depth + 1);
    return this.text[this.at] === '"' ? this.#string() : this.#plain();
  }

  #members(depth) {
    const members = new Map();
    this.#several("}", () => {
      this.#take(/[ \t\r\n]*/y);
      const key = this.#string();
      this.#expect(":");
      members.set(key, this.value(depth));
    });
    return members;
  }

  #items(depth) {
    const items = [];
    this.#several("]", () => items.push(this.value(depth)));
    return items;
  }

  #several(close, readOne) {
    if (this.#next(close)) return;
    do readOne();
    while (this.#next(","));
    this.#expect(close);
  }

  #string() {
    const from = this.at;
    this.#take(/"[^"\\]*(?:\\[^][^"\\]*)*"/y);
    const bytes = this.raw.subarray(from, this.at);
    return JSON.parse(new TextDecoder("utf-8", {ignoreBOM: true}).decode(bytes)).replace(/\p{Cs}/gu, "\ufffd");
  }

  /** A number or a word. Only whole numbers mean anything here: any other is NaN. */
  #plain() {
    const pattern = /true|false|null|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
    const [word, digits, fraction, exponent] = this.#take(pattern);
    if (!digits) return JSON.parse(word);
    const whole = !fraction && !exponent;
    if (whole ? digits.length > _MOST_DIGITS : !Number.isFinite(Number(word))) throw new SyntaxError("too large");
    return whole ? Number(word) : NaN;
  }

  #expect(char) {
    if (!this.#next(char)) throw new SyntaxError(`no ${char}`);
  }

  /** Whether the character comes next, which then is passed. */
  #next(char) {
    this.#take(/[ \t\r\n]*/y);
    const there = this.text[this.at] === char;
    this.at += there;
    return there;
  }

  #take(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (!found) throw new SyntaxError("something else");
    this.at = pattern.lastIndex;
    return found;
  }
}

/** An object's values by their keys in lower case; where two keys differ in case only, the later one counts. */
function _fieldsOf(value) {
  if (value !== null && !_isObject(value)) throw new Refusal("manifest.json");
  // Go's decoder takes the long s for an s.
  return new Map([...(value ?? [])].map(([key, item]) => [key.toLowerCase().replaceAll("ſ", "s"), item]));
}

function _valueIn(fields, key, is, nothing) {
  const value = fields.get(key.toLowerCase()) ?? nothing;
  if (value !== nothing && !is(value)) throw new Refusal("manifest.type", {key});
  return value;
}

function _textIn(fields, key) {
  return _valueIn(fields, key, (value) => typeof value === "string", "");
}

function _isObject(value) {
  return value instanceof Map;
}

function _layerOf(value) {
  const fields = _fieldsOf(value);
  const size = _valueIn(fields, "size", Number.isInteger, 0);
  if (size < 0 || size > SHARED.mostBytes) throw new Refusal("manifest.size", {size: String(size)});
  const digest = _textIn(fields, "digest");
  const [, hex] = /^sha256[:-]([0-9a-fA-F]{64})$/.exec(digest) ?? [];
  if (!hex) throw new Refusal("manifest.digest", {digest: shortened(digest)});
  _textIn(fields, "from");
  const [mediaType, name] = ["mediaType", "name"].map((key) => _textIn(fields, key));
  return {mediaType, digest: `sha256:${hex.toLowerCase()}`, size, name};
}

function _checkSizes(layers) {
  const sizes = new Map();
  for (const {digest, size} of layers) {
    if ((sizes.get(digest) ?? size) !== size) throw new Refusal("manifest.sizes", {digest});
    sizes.set(digest, size);
  }
  const sum = [...sizes.values()].reduce((all, size) => all + size, 0);
  if (sum > SHARED.mostBytes) throw new Refusal("manifest.size", {size: humanBytes(sum)});
}

/** Go's decoder fills its buffer to 512 bytes, then to twice as much and 512 more, and so on. */
function _bytesRead(end) {
  let filled = 512;
  while (filled < end) filled = 2 * filled + 512;
  return filled;
}
