// What a person types or pastes for a model becomes its name, by the rules of `packllama.name` and
// `packllama.links.typed`. A name that exists is valid, so nothing made from one can mean something else.
"use strict";

/** Something that is not taken. `key` names the sentence in WORDS that says so, `values` are the texts in it. */
class Refusal extends Error {
  constructor(key, values = {}) {
    super(key);
    this.key = key;
    this.values = values;
  }
}

/** @typedef {{host: string, namespace: string, model: string, tag: string, full: string, short: string}} Name */
/** @typedef {{name: Name, insecure: boolean}} Typed */

// White space, and the longest text that is looked at.
const _WHITE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;
const _LONGEST = 8192;

// Stands for a part that a separator promises and that is not there; it is invalid in every part.
const _MISSING = "!MISSING!";

const _RULES = SHARED.rules.map((rule) => ({...rule, valid: wholly(rule.valid)}));

// Null for an address that is too short to be a model's.
const _SITES = {
  "ollama.com": (host, [user, model]) => model && parseName(`${user}/${model}`),
  ...Object.fromEntries(SHARED.hubs.map((hub) => [hub, _ofHub])),
  "modelscope.cn": (host, parts) => _ofHub(host, parts[0] === "models" ? parts.slice(1) : parts),
};

/**
 * The model that a person means: its name, the address of its page, or a whole command of Ollama.
 * @param {string} text
 * @returns {Typed} `insecure`: it was written with http://
 * @throws {Refusal}
 */
function readTyped(text) {
  if (text.length > _LONGEST) throw new Refusal("name.long", {most: _LONGEST});
  let words = text.split(_WHITE).filter(Boolean);
  if (words[0] === "ollama" && words.length > 2 && SHARED.verbs.includes(words[1])) words = words.slice(2);
  if (words.length === 0) throw new Refusal("name.none");
  if (words.length > 1) throw new Refusal("name.spaces", {text: shortened(text)});
  // The wide colon is what Chinese keyboards write.
  let word = words[0].replaceAll("：", ":");
  // Browsers leave out what stands before the site.
  if (Object.hasOwn(_SITES, /^(?:www\.)?(.*?)\//i.exec(word)?.[1].toLowerCase() ?? "")) word = `https://${word}`;
  return word.includes("://") ? _readUrl(word) : {name: parseName(word), insecure: false};
}

/**
 * The name that a text means, with defaults filled in. A scheme is dropped: it is no part of a name.
 * @param {string} text `[[host/]namespace/]model[:tag]`
 * @returns {Name}
 * @throws {Refusal}
 */
function parseName(text) {
  const {host, namespace} = SHARED.defaults;
  let {tag} = SHARED.defaults;
  let rest = text;
  if (text.lastIndexOf(":") > text.lastIndexOf("/")) [rest, tag] = _cutAt(text, ":");
  if (!rest.includes("/")) return makeName(host, namespace, rest, tag);
  const [above, model] = _cutAt(rest, "/");
  if (!above.includes("/")) return makeName(host, above, model, tag);
  const [place, user] = _cutAt(above, "/");
  return makeName(place.slice(place.includes("://") ? place.indexOf("://") + 3 : 0) || host, user, model, tag);
}

/**
 * The name that has these four parts; no defaults are filled in.
 * @returns {Name}
 * @throws {Refusal}
 */
function makeName(host, namespace, model, tag) {
  [host, namespace, model, tag].forEach((value, place) => _checkPart(_RULES[place], value));
  const tagged = `${model}:${tag}`;
  const full = `${host}/${namespace}/${tagged}`;
  const {defaults} = SHARED;
  const known = host.toLowerCase() === defaults.host;
  const short = !known ? full : namespace.toLowerCase() === defaults.namespace ? tagged : `${namespace}/${tagged}`;
  return {host, namespace, model, tag, full, short};
}

function _checkPart({part, longest, more, valid}, value) {
  if (valid.test(value)) return;
  const refuse = (key, values) => {
    throw new Refusal(key, {part, ...values});
  };
  if (value === "" || value === _MISSING) refuse("name.missing");
  if (value.length > longest) refuse("name.part", {longest});
  const [first] = value;
  if (!/\w/.test(first)) refuse("name.start", {found: first});
  const found = [...value].find((char) => !/\w/.test(char) && !more.includes(char));
  refuse("name.letter", {found, allowed: [..."_" + more].join(" ")});
}

function _readUrl(url) {
  if (url.slice(url.indexOf("://") + 3).split("/")[0].includes("@")) throw new Refusal("name.user");
  const [, scheme, place, path] = /^[\0-\x20]*(https?):\/\/([^/?#]*)([^?#]*)/i.exec(url) ?? [];
  if (scheme) {
    const parts = path.split("/").filter(Boolean);
    const host = place.toLowerCase().replace(/^www\./, "");
    const site = Object.hasOwn(_SITES, host) && _SITES[host];
    const secure = scheme.toLowerCase() === "https";
    const name = _ofManifest(place, parts, secure) ?? (site ? site(host, parts) : _ofRegistry(place, parts));
    if (name) return {name, insecure: !secure && !site};
  }
  throw new Refusal("name.address", {text: shortened(url)});
}

function _ofRegistry(host, parts) {
  return parts.length === 2 ? parseName(`${host}/${parts.join("/")}`) : null;
}

/** `/v2/NAMESPACE/MODEL/manifests/TAG`; null for any other path. */
function _ofManifest(host, parts, secure) {
  try {
    const [v2, namespace, model, manifests, tag] = parts.map(decodeURIComponent);
    if (parts.length !== 5 || v2 !== "v2" || manifests !== "manifests") return null;
    return makeName(host.toLowerCase().replace(secure ? /:443$/ : /:80$/, ""), namespace, model, tag);
  } catch {
    return null;
  }
}

/** `/USER/REPO`, `/USER/REPO/tree/main`, `/USER/REPO/blob/main/FILE.gguf`, whose tag is the file. */
function _ofHub(host, [user, repository, ...rest]) {
  const file = rest.length > 2 && /\.gguf$/i.test(rest.at(-1)) ? `:${rest.at(-1)}` : "";
  return repository && parseName(`${host}/${user}/${repository}${file}`);
}

function _cutAt(text, separator) {
  const place = text.lastIndexOf(separator);
  return [text.slice(0, place) || _MISSING, text.slice(place + 1) || _MISSING];
}

function wholly(pattern) {
  return new RegExp(`^(?:${pattern})$`);
}

/** What a sentence shows of a text. */
function shortened(text) {
  const chars = [...text.slice(0, 200)];
  return chars.length > 100 ? `${chars.slice(0, 100).join("")}…` : text;
}
