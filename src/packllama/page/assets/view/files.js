// The third step: what there is to fetch, as links, as texts for download programs, and where the files belong.
"use strict";

// The program that a text is for, what its file is called, and the word that says how it is used.
const _FORMS = {
  aria2: ["aria2", "links.aria2.txt", "use.run"],
  curl: ["curl", "fetch-curl.sh", "use.script"],
  wget: ["wget", "fetch-wget.sh", "use.script"],
  powershell: ["PowerShell", "fetch.ps1", "use.script"],
  urls: ["URLs", "links.txt", "use.urls"],
  metalink: ["Metalink", "links.meta4", "use.run"],
  sha256sums: ["SHA256SUMS", "SHA256SUMS", "use.sums"],
  json: ["JSON", "links.json", "use.json"],
};
const _SYSTEMS = {linux: "Linux", macos: "macOS", windows: "Windows"};

/** `found`: the listing of the model; `mirror`: the text of the mirror's field, `mirrorError` what is wrong with it. */
function FilesStep({found, mirror, mirrorError, onMirror}) {
  const id = useId();
  if (!found) return html`<${Step} number="3" title=${say("files.title")}><p>${say("files.early")}</p><//>`;
  const shown = found.links.slice(0, MOST_ROWS);
  return html`
    <${Step} number="3" title=${say("files.title")}>
      <ul class="files">${shown.map((link) => html`<${_File} key=${link.path} link=${link} />`)}</ul>
      <${More} all=${found.links.length} shown=${MOST_ROWS} />
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
      <span class="what">${whatIs(link)}</span>
      <span class="size">${link.size === null ? "" : humanBytes(link.size)}</span>
      <a class="url" href=${link.urls[0]} rel="noopener noreferrer" target="_blank" dir="ltr">${_short(link.urls[0])}</a>
      <${CopyButton} text=${link.urls[0]} about=${whatIs(link)} />
    </li>`;
}

/** What a person needs to see of a link. */
function _short(url) {
  return url.replace(/^https:\/\//, "").replace(/(sha256:[0-9a-f]{12})[0-9a-f]+/, "$1…");
}

function _Texts({found}) {
  const [form, setForm] = useState("aria2");
  const id = useId();
  const [program, file, use] = _FORMS[form];
  const text = useMemo(() => form === "json" ? `${JSON.stringify(linksDocument(found), null, 1)}\n` : writeLinks(found, form),
    [found, form]);
  const command = SHARED.commands[form]?.replace("FILE", file);
  const programs = Object.fromEntries(Object.entries(_FORMS).map(([each, [program]]) => [each, program]));
  return html`
    <${Choice} legend=${say("files.program")} options=${programs} value=${form} onChange=${setForm} />
    <p class="hint" id="${id}-use">${say(use, {file, command, folder: SHARED.folder})}</p>
    <label for=${id} class="unseen">${say("files.text", {program})}</label>
    <textarea id=${id} class="text" readonly rows="8" dir="ltr" spellcheck=${false} aria-describedby="${id}-use"
      value=${text}></textarea>
    <p class="buttons">
      <${CopyButton} text=${text} label=${say("files.copyAll")} loud />
      <button type="button" class="quiet" onClick=${() => _save(text, file)}>${say("files.save", {file})}</button>
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
      return html`<li key=${link.path}><span class="what">${whatIs(link)}</span>
        ${target ? html`<${Mono} text=${target} />` : html`<span>${say("places.none")}</span>`}</li>`;
    })}</ul>
    ${system === "linux" && html`<p class="hint">${say("places.service", {path: SHARED.serviceStore})}</p>`}`;
}
