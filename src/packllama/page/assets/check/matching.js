// Which file is which link's, told by size and then by hash, as `packllama import` tells it: a file's name only says
// what it should be. What can be no link's is not hashed. Nothing is said of bytes that were not read.
"use strict";

// Larger files do not have one size by chance.
const _SMALL = 1 << 20;
// Nobody sees more changes in a second, or reads more lines.
const _EMIT_MS = 100;
const _MOST_OTHERS = 100;
// As many files as a model may have, and far more manifests than anybody chooses among.
const _MOST_NAMED = 4096;
const _MOST_MANIFESTS = 200;
// Read at once, and so much of each as shows what it is.
const _MOST_HEADS = 64;
const _HEAD_BYTES = 512;
// A page that stands still for longer feels stuck.
const _STILL_MS = 30;
const _sizes = new WeakMap();
// Of two files that should be one link's, what is later here is said.
const _RANKS = ["missing", "unreadable", "incomplete", "damaged", "right"];

// What stands for a colon where names have none.
const _COLON = /[:\uf03a\uf022]|%3a/gi;
const _DIGEST = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/gi;
// Of what belongs to nothing: beside a manifest, or without one.
const _FOREIGN = ["found.other", "found.beyond", "found.nameless"];
// What a browser adds when a name is taken, and what makes a text of a file.
const _ADDED = /(?: ?\(\d{1,3}\))?(?:\.json|\.txt)?$/;
const _UNFINISHED = /(?<=.)(\.aria2|\.crdownload|\.(?:op)?download|\.part|\.partial|\.tmp|-partial)$/s;
// What Windows and macOS put beside a file.
const _COMPANION = /(?:^|\/)\._[^/]*$|[:\uf03a\uf022]Zone\.Identifier(?:[:\uf03a\uf022]\$DATA)?$/;
const _PROGRAMS = {
  ".aria2": "aria2", ".crdownload": "Chrome", ".download": "Safari", ".opdownload": "Opera", "-partial": "Ollama",
};

/**
 * @typedef {"missing"|"waiting"|"hashing"|"right"|"damaged"|"incomplete"|"unreadable"} RowState
 * @typedef {{link: Link, state: RowState, path: string|null, done: number, why: string|null, values: object}} Row
 *   done: bytes that were hashed, or are there; why: a key of WORDS
 * @typedef {{path: string, size: number, why: string, values: object}} Other
 * @typedef {{rows: Row[], others: Other[], othersCount: number, done: number, total: number, finished: boolean,
 *   right: number, wrong: number, missing: number}} State   done, total: bytes to hash
 */

/**
 * Whether files are what links should lead to. What `hasher` has hashed once is not read again, so a check of more
 * files, or by other links, may begin anew with all of them.
 * @param {Dropped[]} dropped
 * @param {object} how
 * @param {Link[]|null} how.links null: nothing is known, so files are compared with the digests in their names
 * @param {Manifest|null} how.manifest what the first link of a manifest should lead to
 * @param {Hasher} how.hasher
 * @param {(state: State) => void} [how.onChange] called ten times a second at most, and at the end
 * @param {AbortSignal} [how.signal]
 * @returns {Promise<State>} rejected with the signal's reason, or with a Refusal: this browser cannot hash
 */
async function check(dropped, {links, manifest, hasher, onChange = () => {}, signal}) {
  const files = (await _sized(dropped)).map(_told);
  const findings = new _Findings(links, files, manifest, onChange);
  const whole = _setAside(files, findings);
  const left = findings.manifestRow ? await _findManifest(whole, manifest, findings, signal) : whole;
  const jobs = [];
  for (const file of left) {
    signal?.throwIfAborted();
    if (findings.couldBe(file).length) jobs.push(file);
    else await _sayWhyNot(file, findings);
  }
  // A file that says what it is may spare hashing others of its size; small ones are soon done.
  jobs.sort((one, other) => Boolean(other.digest) - Boolean(one.digest) || one.size - other.size);
  await _hashAll(jobs, findings, hasher, signal);
  await _lookInto(findings);
  return findings.emit(true);
}

/**
 * The manifests of models among files, each once, with the name that its path gives it.
 * @param {Dropped[]} dropped
 * @returns {Promise<{name: Name|null, manifest: Manifest, path: string}[]>} 200 at most
 */
async function manifestsAmong(dropped) {
  const small = (await _sized(dropped)).filter(({size}) => size && size <= SHARED.manifestLimit);
  const found = new Map();
  for (let at = 0; at < small.length && found.size < _MOST_MANIFESTS; at += _MOST_HEADS) {
    const some = small.slice(at, at + _MOST_HEADS);
    const heads = await Promise.all(some.map(({file}) => _head(file)));
    for (const {file, path} of some.filter((_, place) => heads[place]?.startsWith("{"))) {
      const manifest = await _readManifest(file);
      if (!manifest?.layers.some(({mediaType}) => mediaType.startsWith(SHARED.layerPrefix))) continue;
      const name = nameOfPath(path);
      found.set(`${name?.full} ${_content(manifest)}`, {name, manifest, path});
    }
  }
  const named = new Set([...found.values()].filter(({name}) => name).map(({manifest}) => _content(manifest)));
  return [...found.values()].filter(({name, manifest}) => name || !named.has(_content(manifest)));
}

/**
 * The name of the model whose manifest lies at a path, if the path surely says it.
 * @param {string} path
 * @returns {Name|null}
 */
function nameOfPath(path) {
  const parts = path.split("/").slice(-6).map(_withColons);
  const file = parts.at(-1);
  const text = file.replace(_ADDED, "");
  const cut = (from) => [from.split(":")[0], from.slice(from.indexOf(":") + 1)];
  try {
    if (parts.at(-5) === "manifests") return makeName(...parts.slice(-4));
    if (parts.at(-4) === "manifests" && file.includes(":")) return makeName(...parts.slice(-3, -1), ...cut(file));
    if (parts.length === 6 && parts[1] === "v2" && parts[4] === "manifests") {
      return makeName(parts[0], parts[2], parts[3], file);
    }
    // A "_" may stand for the slash behind a namespace.
    const unclear = !text.includes(":") || cut(text)[0].includes("_") || parts.slice(-5, -2).includes("manifests");
    return unclear || text.match(_DIGEST) ? null : parseName(text);
  } catch {
    return null;
  }
}

/**
 * The digest that a file's name holds, whatever stands around it: `sha256_44d3… (1).bin`.
 * @param {string} name
 * @returns {string|null} "sha256:…"
 */
function digestOfName(name) {
  const found = _withColons(name).match(_DIGEST);
  return found?.length === 1 ? `sha256:${found[0].toLowerCase()}` : null;
}

/** What is known of each link's file, and the files that no link has. */
class _Findings {
  others = [];
  othersCount = 0;
  done = 0;
  total = 0;
  #emitted = -Infinity;

  constructor(links, files, manifest, onChange) {
    this.foreign = ({digest}) => _FOREIGN[links ? 0 : digest ? 1 : 2];
    const nothing = {state: "missing", file: null, done: 0, why: null, values: {}, jobs: 0};
    // What was not seen may lie in a folder that was not wholly seen.
    if (files.some(({why}) => why === "dropped.partly")) nothing.why = "dropped.partly";
    this.rows = (links ?? _namedLinks(files)).map((link) => ({...nothing, link}));
    this.manifestRow = manifest && this.rows.find(({link}) => link.what === SHARED.manifest);
    const blobs = this.rows.filter((row) => row !== this.manifestRow && row.link.digest);
    this.byDigest = _grouped(blobs, ({link}) => link.digest);
    this.bySize = _grouped(blobs, ({link}) => link.size);
    this.onChange = onChange;
  }

  /** The rows that a file may be by its size, or the one whose digest it says it has, right ones too. */
  fitting({digest, size}) {
    const said = this.said({digest}).filter(({link}) => link.size === null || link.size === size);
    return said.length ? said : this.bySize.get(size) ?? [];
  }

  couldBe(file) {
    return this.fitting(file).filter(({state}) => state !== "right");
  }

  said({digest}) {
    return this.byDigest.get(digest) ?? [];
  }

  /** A row's file is this one, in this state; unless another says more, or is what was dropped there later. */
  find(row, file, state, why = null, values = {}, done = file.size) {
    const old = {...row};
    const again = old.state !== "right" && state !== "right" && old.file?.path === file.path;
    const lesser = again ? file.order < old.file.order : _RANKS.indexOf(state) < _RANKS.indexOf(old.state);
    if (!lesser) Object.assign(row, {state, file, done, why, values});
    const [loser, reason, texts] = lesser ? [file, why, values] : [old.file, old.why, old.values];
    if (loser && loser.path !== row.file.path) this.other(loser, reason ?? "found.spare", texts);
    this.emit();
  }

  other({path, size, file}, why, values = {}) {
    this.othersCount++;
    if (this.others.length < _MOST_OTHERS) this.others.push({path, size, why, values, file});
  }

  emit(finished = false) {
    const now = performance.now();
    if (!finished && now - this.#emitted < _EMIT_MS) return null;
    this.#emitted = now;
    const rows = this.rows.map(_shown);
    const count = (...states) => rows.filter(({state}) => states.includes(state)).length;
    const others = this.others.map(({path, size, why, values}) => ({path, size, why, values}));
    const {othersCount, done, total} = this;
    const [right, missing] = [count("right"), count("missing")];
    const wrong = count("damaged", "incomplete", "unreadable");
    const state = {rows, others, othersCount, done, total, finished, right, wrong, missing};
    this.onChange(state);
    return state;
  }
}

function _shown({link, state, file, done, why, values, jobs, hashing}) {
  if (hashing) return {link, state: "hashing", path: hashing.path, done: hashing.done, why: null, values: {}};
  return {link, state: state === "missing" && jobs ? "waiting" : state, path: file?.path ?? null, done, why, values};
}

/** Files with their sizes. Each may be asked of the disk while the page stands still, so only once, and with pauses. */
async function _sized(dropped) {
  let paused = performance.now();
  const sized = [];
  for (const each of dropped) {
    if (!_sizes.has(each.file)) _sizes.set(each.file, each.file.size);
    sized.push({...each, size: _sizes.get(each.file)});
    if (performance.now() - paused < _STILL_MS) continue;
    await new Promise((resolve) => setTimeout(resolve));
    paused = performance.now();
  }
  return sized;
}

/** A file with what its name says. `suffix`: what is added to the name of one that is not whole. */
function _told(file, order) {
  const {path} = file;
  if (_COMPANION.test(path)) return {...file, why: file.why ?? "found.companion", suffix: null, order, digest: null};
  const suffix = _UNFINISHED.exec(path)?.[0] ?? null;
  return {...file, suffix, order, digest: digestOfName(path.slice(path.lastIndexOf("/") + 1))};
}

function _namedLinks(files) {
  const digests = [...new Set(files.map(({digest}) => digest).filter(Boolean))].slice(0, _MOST_NAMED);
  const unknown = {urls: [], saved: null, size: null, target: null};
  return digests.map((digest) => ({...unknown, what: digest, path: digest, digest}));
}

/** Say what is not whole or could not be looked at; the others are returned. */
function _setAside(files, findings) {
  const paths = new Set(files.map(({path}) => path));
  const kept = [];
  for (const file of files) {
    const {path, suffix, size, why} = file;
    const program = paths.has(`${path}.aria2`) ? "aria2" : _PROGRAMS[suffix];
    // Both give a file its full length from the beginning.
    const unknown = program === "aria2" || program === "Ollama";
    const values = {program, have: withCommas(size)};
    if (why) findings.other(file, why);
    else if (suffix === ".aria2" && paths.has(path.slice(0, -suffix.length))) continue;
    else if (unknown) _incomplete(file, findings, "found.unfinishedIn", values, 0);
    else if (suffix) _incomplete(file, findings, program ? "found.unfinishedBy" : "found.unfinished", values);
    else kept.push(file);
  }
  return kept;
}

function _incomplete(file, findings, why, values, done) {
  const [row] = findings.said(file);
  if (row) findings.find(row, file, "incomplete", why, values, done);
  else findings.other(file, why, values);
}

/** Look for the manifest; the files that are something else are returned. */
async function _findManifest(files, manifest, findings, signal) {
  const {manifestRow} = findings;
  const {length} = manifest.raw;
  const {path: saved, target} = manifestRow.link;
  const lies = ({path}) => `/${path}`.endsWith(`/${saved}`) || `/${path}`.endsWith(`/${target}`);
  // Saved in another way, it has other blanks.
  const alike = ({size, digest}) => size === length || (!digest && size > length / 4 && size < length * 4);
  const likely = files.filter((file) => file.size <= SHARED.manifestLimit && (lies(file) || alike(file)));
  likely.sort((one, other) => lies(other) - lies(one) || (other.size === length) - (one.size === length));
  const taken = new Set();
  for (const file of likely.slice(0, _MOST_MANIFESTS)) {
    signal?.throwIfAborted();
    const found = await _readManifest(file.file);
    const same = found && _content(found) === _content(manifest);
    if (!same && !lies(file)) continue;
    taken.add(file);
    if (same) findings.find(manifestRow, file, "right", _equal(found.raw, manifest.raw) ? null : "found.sameManifest");
    else if (found) findings.find(manifestRow, file, "damaged", "found.otherManifest");
    else if (found === null) findings.find(manifestRow, file, "damaged", (await _sniff(file.file)) ?? "found.noManifest");
    else findings.find(manifestRow, file, "unreadable", "hashing.unreadable");
  }
  return files.filter((file) => !taken.has(file));
}

/** Of a file that by its size can be no link's. */
async function _sayWhyNot(file, findings) {
  const [row] = findings.said(file);
  if (!row) return findings.other(file, findings.fitting(file).length ? "found.spare" : findings.foreign(file));
  const values = {have: withCommas(file.size), size: withCommas(row.link.size)};
  const instead = await _sniff(file.file);
  if (instead === "hashing.unreadable") findings.find(row, file, "unreadable", instead, {}, 0);
  else if (instead) findings.find(row, file, "damaged", instead);
  else if (file.size < row.link.size) findings.find(row, file, "incomplete", "found.cut", values);
  else findings.find(row, file, "damaged", "found.long", values);
}

async function _hashAll(jobs, findings, hasher, signal) {
  const unclaimed = [];
  for (const file of jobs) {
    findings.total += file.size;
    for (const row of findings.fitting(file)) row.jobs++;
  }
  for (const file of jobs) {
    signal?.throwIfAborted();
    const [row] = findings.couldBe(file);
    if (!row) findings.other(file, "found.spare");
    else if (!(await _hash(file, row, findings, hasher, signal))) unclaimed.push(file);
    for (const fit of findings.fitting(file)) fit.jobs--;
    findings.emit();
  }
  for (const file of unclaimed) {
    const open = findings.couldBe(file);
    // Two models may have files of one size, but then there is more than one.
    if (file.size > _SMALL && open.length === 1) findings.find(open[0], file, "damaged", "found.otherBytes");
    else findings.other(file, "found.sameSize");
  }
}

/** Hash a file that may be a row's. False: it is not what any link leads to, nor says that it is. */
async function _hash(file, row, findings, hasher, signal) {
  const before = findings.done;
  const onProgress = (bytes) => {
    row.hashing = {path: file.path, done: bytes};
    findings.done = before + bytes;
    findings.emit();
  };
  const says = row.link.digest === file.digest;
  try {
    onProgress(0);
    const digest = `sha256:${await hasher.hash(file.file, {onProgress, signal})}`;
    const rows = findings.byDigest.get(digest) ?? [];
    for (const right of rows) findings.find(right, file, "right");
    if (!rows.length && says) findings.find(row, file, "damaged", "found.damaged");
    return rows.length > 0 || says;
  } catch (error) {
    if (error.key !== "hashing.unreadable") throw error;
    if (says || file.size > _SMALL) findings.find(row, file, "unreadable", error.key, {}, 0);
    else findings.other(file, error.key);
    return true;
  } finally {
    row.hashing = null;
    findings.done = before + file.size;
  }
}

/** Say of what belongs to no link what it is, where that is easily seen. */
async function _lookInto({others}) {
  const unknown = others.filter(({why, size}) => _FOREIGN.includes(why) && size <= SHARED.manifestLimit);
  await Promise.all(unknown.map(async (other) => (other.why = (await _sniff(other.file)) ?? other.why)));
}

/** What a server sent in place of a file, or that it cannot be read: a key of WORDS, or null. */
async function _sniff(file) {
  const head = await _head(file);
  if (head === null) return "hashing.unreadable";
  if (/^<(!doctype\s+html|html|head|body)\b/i.test(head)) return "found.webPage";
  return /^\{\s*"errors?"/.test(head) ? "found.answer" : null;
}

/** The first characters that are not white; null, when it cannot be read. */
async function _head(file) {
  // One that is gone seems to be empty, and no part of it is ever read.
  const part = file.size ? file.slice(0, _HEAD_BYTES) : file;
  const text = await part.text().catch(() => null);
  return text && text.replace(/^\ufeff/, "").trimStart();
}

/** The manifest that a file is; null: it is none; undefined: it cannot be read. */
async function _readManifest(file) {
  const bytes = await file.arrayBuffer().catch(() => null);
  if (!bytes) return undefined;
  try {
    return decodeManifest(new Uint8Array(bytes));
  } catch {
    return null;
  }
}

function _content({config, layers}) {
  return JSON.stringify([config, layers]);
}

function _equal(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

function _grouped(items, key) {
  const groups = new Map();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

function _withColons(text) {
  return text.replace(_COLON, ":");
}
