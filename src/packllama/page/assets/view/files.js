// The third step: what there is to fetch, as links, as texts for download programs, and where the files belong.
"use strict";

const _FORMS = {
  aria2: "aria2", curl: "curl", wget: "wget", powershell: "PowerShell", urls: "URLs", metalink: "Metalink",
  sha256sums: "SHA256SUMS", json: "JSON",
};
const _FILE_NAMES = {
  aria2: "links.aria2.txt", curl: "fetch-curl.sh", wget: "fetch-wget.sh", powershell: "fetch.ps1", urls: "links.txt",
  metalink: "links.meta4", sha256sums: "SHA256SUMS", json: "links.json",
};
const _SYSTEMS = {linux: "Linux", macos: "macOS", windows: "Windows"};

// Tensor models have thousands of layers.
const _MOST_ROWS = 200;

/** `found`: the listing of the model; `mirror`: the text of the mirror's field, `mirrorError` what is wrong with it. */
function FilesStep({found, mirror, mirrorError, onMirror}) {
  const id = useId();
  if (!found) return html`<${Step} number="3" title=${say("files.title")}><p>${say("files.early")}</p><//>`;
  const shown = found.links.slice(0, _MOST_ROWS);
  return html`
    <${Step} number="3" title=${say("files.title")}>
      <ul class="files">${shown.map((link) => html`<${_File} key=${link.path} link=${link} />`)}</ul>
      ${shown.length < found.links.length && html`<p>${say("files.more", {count: found.links.length - shown.length})}</p>`}
      <p class="total">${say("files.total", {count: found.links.length, size: humanBytes(found.size)})}</p>
      <h3>${say("files.all")}</h3>
      <${_Texts} found=${found} />
      <details>
        <summary>${say("mirror.title")}</summary>
        <label for=${id}>${say("mirror.label")}</label>
        <input id=${id} type="url" dir="ltr" value=${mirror} placeholder="https://mirror.example" maxlength="500"
          autocomplete="off" onInput=${(event) => onMirror(event.currentTarget.value)} />
        <${Trouble} error=${mirrorError} />
      </details>
      <h3>${say("places.title")}</h3>
      <p>${say("places.import")}</p>
      <p class="link"><${Mono} text=${found.command} /> <${CopyButton} text=${found.command} about=${found.command} /></p>
      <details>
        <summary>${say("places.byHand")}</summary>
        <${_Places} links=${shown} />
      </details>
    <//>`;
}

function _File({link}) {
  return html`
    <li>
      <span class="what">${_what(link)}</span>
      <span class="size">${link.size === null ? "" : humanBytes(link.size)}</span>
      <a class="url" href=${link.urls[0]} rel="noopener noreferrer" target="_blank" dir="ltr">${_short(link.urls[0])}</a>
      <${CopyButton} text=${link.urls[0]} about=${_what(link)} />
    </li>`;
}

/** What a person needs to see of a link. */
function _short(url) {
  return url.replace(/^https:\/\//, "").replace(/(sha256:[0-9a-f]{12})[0-9a-f]+/, "$1…");
}

/** What a file is: in words where we have them, else as the manifest calls it, a text from outside. */
function _what(link) {
  const key = `what.${link.what}`;
  return Object.hasOwn(WORDS, key) ? say(key) : link.what.slice(0, 100);
}

function _Texts({found}) {
  const [form, setForm] = useState("aria2");
  const id = useId();
  const text = useMemo(() => form === "json" ? `${JSON.stringify(linksDocument(found), null, 1)}\n` : writeLinks(found, form),
    [found, form]);
  return html`
    <${Choice} legend=${say("files.program")} options=${_FORMS} value=${form} onChange=${setForm} />
    <p class="hint" id="${id}-use">${say(`use.${form}`, {file: _FILE_NAMES[form], folder: SHARED.folder})}</p>
    <label for=${id} class="unseen">${say("files.text", {program: _FORMS[form]})}</label>
    <textarea id=${id} class="text" readonly rows="8" dir="ltr" spellcheck=${false} aria-describedby="${id}-use"
      value=${text}></textarea>
    <p class="buttons">
      <${CopyButton} text=${text} label=${say("files.copyAll")} loud />
      <button type="button" class="quiet" onClick=${() => _save(text, _FILE_NAMES[form])}>${say("files.save", {file: _FILE_NAMES[form]})}</button>
    </p>`;
}

function _save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type: "application/octet-stream"}));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function _Places({links}) {
  const [system, setSystem] = useState(/win/i.test(navigator.platform) ? "windows" : /mac/i.test(navigator.platform) ? "macos" : "linux");
  return html`
    <${Choice} legend=${say("places.system")} options=${_SYSTEMS} value=${system} onChange=${setSystem} />
    <ul class="places">${links.map((link) => {
      const target = targets(link)[system];
      return html`<li key=${link.path}><span class="what">${_what(link)}</span>
        ${target ? html`<${Mono} text=${target} />` : html`<span>${say("places.none")}</span>`}</li>`;
    })}</ul>
    ${system === "linux" && html`<p class="hint">${say("places.service", {path: SHARED.serviceStore})}</p>`}`;
}
