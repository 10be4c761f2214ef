// Links as texts that download programs read, byte for byte as `packllama.links.formats` writes them; every text is
// ASCII, and quotes every word. What the texts have in common with Python's comes from there.
"use strict";

const FORMATS = Object.keys(SHARED.commands);

const _HEADER = `Accept: ${SHARED.accept}`;
const _ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;"};

const _WRITERS = {
  urls: ({links}) => _lines(links, ({urls}) => `${urls[0]}\n`),
  aria2: _aria2,
  metalink: _metalink,
  curl: _curl,
  wget: (listing) => _script(listing, _fill(SHARED.fetch.wget, {header: _shellWord(_HEADER)})),
  powershell: _powershell,
  sha256sums: ({links}) => _lines(links, (link) => (link.digest ? `${_hex(link)}  ${link.saved}\n` : "")),
};

/**
 * The text, with a newline at its end.
 * @param {Listing} listing
 * @param {string} form one of FORMATS
 * @returns {string}
 */
function writeLinks(listing, form) {
  return _WRITERS[form](listing);
}

/** What it is and how much, in one line of plain words. */
function _heading({names, links, size}) {
  const {shown} = SHARED;
  const more = names.length > shown ? ` and ${names.length - shown} more` : "";
  const files = `${links.length} file${links.length === 1 ? "" : "s"}`;
  return `${names.slice(0, shown).join(", ")}${more}: ${files}, ${humanBytes(size)}`;
}

function _frame(listing, text, values) {
  return _fill(SHARED.texts[text], {heading: _heading(listing), command: listing.command, ...values});
}

/** The places in a template, `{word}`, filled in; braces are doubled in it, as for Python's `str.format`. */
function _fill(template, values) {
  return template.replace(/\{\{|\}\}|\{(\w+)\}/g, (found, word) => (word ? values[word] : found[0]));
}

function _aria2(listing) {
  const options = (link) => [
    `out=${link.saved}`,
    ...(link.digest ? [`checksum=sha-256=${_hex(link)}`] : []),
    ...(link.what === SHARED.manifest ? [`header=${_HEADER}`] : []),
    ...SHARED.always,
  ];
  const entry = (link) => `${link.urls.join("\t")}\n${_lines(options(link), (option) => `  ${option}\n`)}`;
  return _frame(listing, "aria2", {use: SHARED.commands.aria2, entries: _lines(listing.links, entry)});
}

function _metalink(listing) {
  const escaped = (text) => text.replace(/[&<>"\n]/g, (char) => _ESCAPES[char]);
  const file = (link) => [
    `  <file name="${escaped(link.saved)}">\n`,
    link.size === null ? "" : `    <size>${link.size}</size>\n`,
    link.digest ? `    <hash type="sha-256">${_hex(link)}</hash>\n` : "",
    ...link.urls.map((url, place) => `    <url priority="${place + 1}">${escaped(url)}</url>\n`),
    "  </file>\n",
  ];
  const files = _lines(listing.links.flatMap(file), (line) => line);
  return _frame(listing, "metalink", {use: SHARED.commands.metalink, files});
}

function _curl(listing) {
  const secure = listing.links.every((link) => link.urls.every((url) => url.startsWith("https://")));
  const protocols = secure ? "https" : "http,https";
  return _script(listing, _fill(SHARED.fetch.curl, {protocols, header: _shellWord(_HEADER)}));
}

/** `fetch`: a function of that name, which fetches `$link` into `$part` and goes on with what is there. */
function _script(listing, fetch) {
  const words = (link) => [link.saved, link.size === null ? "" : String(link.size), _hex(link), ...link.urls];
  const calls = _lines(listing.links, (link) => `get ${words(link).map(_shellWord).join(" ")} || bad=1\n`);
  return _frame(listing, "shell", {fetch, functions: SHARED.functions.shell, calls});
}

function _powershell(listing) {
  const quotes = new RegExp(`[${SHARED.quotes}]`, "g");
  const quoted = (text) => `'${text.replace(quotes, "$&$&")}'`;
  const call = (link) => {
    const urls = link.urls.map(quoted).join(", ");
    return `Get-Whole ${quoted(link.saved)} ${link.size ?? "(-1)"} ${quoted(_hex(link))} @(${urls})`;
  };
  return _frame(listing, "powershell", {
    use: SHARED.commands.powershell,
    accept: quoted(SHARED.accept),
    functions: SHARED.functions.powershell,
    calls: _lines(listing.links, (link) => `if (-not (${call(link)})) { $right = $false }\n`),
  });
}

/** As Python's `shlex.quote`. */
function _shellWord(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** The digits of a link's digest; "" where it is not known. */
function _hex(link) {
  return link.digest?.slice("sha256:".length) ?? "";
}

function _lines(items, line) {
  return items.map(line).join("");
}
