// Names and manifests become links: what to fetch, from where, and where to put it; as `packllama.links` makes them.
// A link that exists holds nothing that could mean something to a shell, whoever wrote the manifest.
"use strict";

/**
 * A file, and the URLs it can be had from, the best first. `path`: where it is saved, below the folder; `saved`: with
 * the folder. `size` in bytes and `digest` are null where they are not known, `target`, its place in a store, where it
 * has none. `what` may be a text from outside.
 * @typedef {{what: string, urls: string[], path: string, saved: string, size: number|null, digest: string|null,
 *     target: string|null}} Link
 */

/** @typedef {{name: string, digest: string, links: Link[]}} ModelLinks */
/** @typedef {{models: ModelLinks[], links: Link[], size: number, names: string[], command: string}} Listing */

const _URL = wholly(SHARED.url);
const _PATH = wholly(SHARED.path);

/**
 * The links of a model: the manifest's and that of each blob, in the manifest's order, the config last.
 * @param {Name} name
 * @param {Manifest} manifest
 * @param {object} how
 * @param {string} how.digest sha256 of `manifest.raw`, in hex
 * @param {string} [how.model] the model's digest: sha256 of `manifest.read`, where that is not the same
 * @param {boolean} [how.asSent] the bytes are the registry's own, so the manifest's link has a size and a digest
 * @param {boolean} [how.asBlob] the registry sends them as a blob only
 * @param {boolean} [how.insecure] by http
 * @param {string[]} [how.mirrors] `https://HOST`, tried before the registry
 * @returns {ModelLinks}
 * @throws {Refusal} a mirror is no link
 */
function modelLinks(name, manifest, how) {
  const {digest, model = digest, asSent = false, asBlob = false, insecure = false, mirrors = []} = how;
  const bases = [...mirrors.map((mirror) => mirror.replace(/\/+$/, "")), `http${insecure ? "" : "s"}://${name.host}`];
  const urls = (rest) => bases.map((base) => `${base}/v2/${name.namespace}/${name.model}/${rest}`);
  const target = `manifests/${name.host}/${name.namespace}/${name.model}/${name.tag}`;
  const first = _checkedLink({
    what: SHARED.manifest,
    urls: urls(asBlob ? `blobs/sha256:${digest}` : `manifests/${name.tag}`),
    // Windows has no colon in names, and import knows what stands for it.
    path: target.replaceAll(":", "%3A"),
    size: asSent ? manifest.raw.length : null,
    digest: asSent ? `sha256:${digest}` : null,
    target,
  });
  const blobs = [...manifest.layers, manifest.config].map((layer) => {
    const {digest, size} = layer;
    const path = `blobs/${digest.replace(":", "-")}`;
    const what = _whatIs(layer, manifest);
    return _checkedLink({what, urls: urls(`blobs/${digest}`), path, size, digest, target: path});
  });
  return {name: name.short, digest: model, links: _unique([first, ...blobs].reverse()).reverse()};
}

/**
 * Where a model's manifest is.
 * @param {Typed} typed
 */
function manifestUrl({name, insecure}) {
  return `http${insecure ? "" : "s"}://${name.host}/v2/${name.namespace}/${name.model}/manifests/${name.tag}`;
}

/**
 * All that was asked for, each file once, however many models share it.
 * @param {ModelLinks[]} models
 * @returns {Listing} `size`: bytes of all links, as far as it is known; `command`: takes in what was downloaded
 */
function listing(models) {
  const links = _unique(models.flatMap((model) => model.links));
  const size = links.reduce((sum, link) => sum + (link.size ?? 0), 0);
  const names = models.map((model) => model.name);
  return {models, links, size, names, command: `packllama import ${SHARED.folder}`};
}

/**
 * The path in the store of each system; null where the file has none.
 * @param {Link} link
 * @returns {{linux: string|null, macos: string|null, windows: string|null}}
 */
function targets({target}) {
  const place = (store) => {
    if (target === null || !store.includes("\\")) return target && `${store}/${target}`;
    // Ollama has no place there for a name with a port: no file may have a colon in its name.
    return target.includes(":") ? null : `${store}\\${target.replaceAll("/", "\\")}`;
  };
  return Object.fromEntries(Object.entries(SHARED.stores).map(([system, store]) => [system, place(store)]));
}

/** All that is known, as values that JSON has. */
function linksDocument({models, links, size, command}) {
  return {
    models: models.map(({name, digest, links}) => ({name, digest, files: links.map((link) => link.saved)})),
    files: links.map((link) => ({
      what: link.what,
      size: link.size,
      digest: link.digest,
      links: link.urls,
      path: link.saved,
      targets: targets(link),
    })),
    size,
    command,
  };
}

/** Decimal units: from 10 on cut to an integer, below with one decimal unless it is whole. */
function humanBytes(size) {
  const units = [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "KB"]];
  const [unit, name] = units.find(([least]) => size >= least) ?? [1, "B"];
  const value = size / unit;
  if (value >= 10 || Number.isInteger(value)) return `${Math.trunc(value)} ${name}`;
  // Of two decimals that are equally near Python takes the even one.
  return `${(value % 1 === 0.25 ? value - 0.05 : value).toFixed(1)} ${name}`;
}

function _checkedLink(link) {
  const odd = link.urls.find((url) => !_URL.test(url)) ?? (_PATH.test(link.path) ? undefined : link.path);
  if (odd !== undefined) throw new Refusal("link.odd", {text: shortened(odd)});
  return {...link, saved: `${SHARED.folder}/${link.path}`};
}

function _whatIs(layer, {config}) {
  if (["digest", "mediaType", "name"].every((key) => layer[key] === config[key])) return "config";
  const {layerPrefix, kinds} = SHARED;
  const kind = layer.mediaType.startsWith(layerPrefix) && layer.mediaType.slice(layerPrefix.length);
  return kinds.includes(kind) ? kind : layer.mediaType;
}

/** Each path once: where the first such link stands, the last one. */
function _unique(links) {
  return [...new Map(links.map((link) => [link.path, link])).values()];
}
