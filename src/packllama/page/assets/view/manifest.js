// The second step: the model's manifest, opened by its link and brought here, or asked for where the registry lets pages.
"use strict";

// Who waits longer opens the link.
const _PATIENCE_MS = 30_000;
// Nobody reads more buttons.
const _MOST_CHOICES = 50;

/**
 * `url`: the manifest's link. `known`: the listing that a manifest gave, or null; `waiting`: there is one and no name.
 * `choices`: manifests that say of which models they are. `onReading` gets what will be a manifest.
 */
function ManifestStep({url, known, waiting, choices, error, onReading, onChoice, onFiles}) {
  const [asking, setAsking] = useState(null);
  const id = useId();
  useEffect(() => () => asking?.abort(), [asking, url]);

  const ask = async () => {
    const controller = new AbortController();
    setAsking(controller);
    await onReading(_fetchManifest(url, controller), {asSent: true});
    setAsking(null);
  };
  const takeText = (text) => text && onReading((async () => decodeManifest(new TextEncoder().encode(text)))());
  // What is pasted is not shown: there is nothing in it to be read, and it may be huge.
  const paste = (event) => {
    event.preventDefault();
    const [file] = event.clipboardData.files;
    if (file) onFiles([{file, path: file.name}]);
    else takeText(event.clipboardData.getData("text/plain"));
  };

  return html`
    <${Step} number="2" title=${say("manifest.title")} done=${known}>
      ${url
        ? html`
          <p>${say("manifest.open")}</p>
          <p class="link">
            <a href=${url} target="_blank" rel="noopener noreferrer" dir="ltr">${url}</a>
            <${CopyButton} text=${url} about=${url} />
          </p>
          <p>${say("manifest.bring")}</p>`
        : html`<p>${say("manifest.early")}</p>`}
      <label for=${id} class="unseen">${say("manifest.paste")}</label>
      <textarea id=${id} class="paste" rows="2" dir="ltr" spellcheck=${false} placeholder=${say("manifest.paste")}
        onPaste=${paste} onChange=${(event) => takeText(event.currentTarget.value)}></textarea>
      <p class="buttons">
        <${Picker} label=${say("manifest.choose")} onFiles=${onFiles} />
        ${url && html`<button type="button" onClick=${asking ? () => asking.abort() : ask}>
          ${say(asking ? "stop" : "manifest.ask")}</button>`}
      </p>
      <${Trouble} error=${error} />
      <div role="status">
        ${asking && html`<p>${say("manifest.asking")}</p>`}
        ${waiting && html`<p class="trouble">${say("manifest.unnamed")}</p>`}
        ${known && !error && html`<p class="good">${say("manifest.known",
          {count: known.links.length - 1, size: humanBytes(known.size)})}</p>`}
        ${choices.length > 0 && html`<p>${say("manifest.which")}</p>`}
      </div>
      <ul>${choices.slice(0, _MOST_CHOICES).map((choice) => html`<li key=${choice.path}>
        <button type="button" class="quiet" onClick=${andFocus(".paste", () => onChoice(choice))}>
          <bdi>${choice.name?.short ?? plain(choice.path)}</bdi></button>
        ${choice.name && html` <bdi class="hint">${plain(choice.path)}</bdi>`}</li>`)}</ul>
      <${More} all=${choices.length} shown=${_MOST_CHOICES} />
    <//>`;
}

/** The manifest at a link, of which no more is taken than a manifest may have. A refusal is `stopped` by the user. */
async function _fetchManifest(url, controller) {
  let isLate = false;
  const late = setTimeout(() => controller.abort(isLate = true), _PATIENCE_MS);
  try {
    const response = await fetch(url, {
      headers: {Accept: SHARED.accept}, credentials: "omit", referrerPolicy: "no-referrer", signal: controller.signal,
    });
    const {status} = response;
    if (!response.ok) throw new Refusal(status === 404 ? "manifest.none" : "manifest.status", {status});
    const chunks = [];
    let size = 0;
    for (const reader = response.body.getReader(); ;) {
      const {done, value} = await reader.read();
      if (done) return decodeManifest(new Uint8Array(await new Blob(chunks).arrayBuffer()));
      chunks.push(value);
      size += value.length;
      if (size > SHARED.manifestLimit) throw new Refusal("manifest.large");
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const stopped = controller.signal.aborted && !isLate;
    throw Object.assign(new Refusal("manifest.unreachable", {host: new URL(url).host}), {stopped});
  } finally {
    clearTimeout(late);
    controller.abort();
  }
}
