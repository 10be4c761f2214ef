// The page: four steps from a model's name to its checked downloads.
"use strict";

const _MIRROR = /^(?:(https?):\/\/)?([A-Za-z0-9_][A-Za-z0-9_.-]*(?::[0-9]{1,5})?)\/?$/;

function App() {
  const [spoken, setSpoken] = useState(language());
  const [text, setText] = useState("");
  const [mirror, setMirror] = useState("");
  const [error, setError] = useState({});
  const [choices, setChoices] = useState([]);
  const typed = useMemo(() => refusalOf(() => readTyped(text)) ? null : readTyped(text), [text]);
  const [mirrors, mirrorError] = useMemo(() => _readMirror(mirror), [mirror]);
  const {brought, mine, bring, settle} = usePaper(typed);
  const found = useMemo(() => mine
    && listing([modelLinks(typed.name, mine.manifest, {...mine, insecure: typed.insecure, mirrors})]), [mine, typed, mirrors]);
  const checking = useCheck(found?.links, mine?.manifest, (check) => setError({check}));

  const takeBytes = async (bytes, {asSent = false, name = typed?.name} = {}) => {
    setError({});
    setChoices([]);
    try {
      await bring(decodeManifest(bytes), {of: name?.full, asSent});
    } catch (manifest) {
      setError({manifest});
    }
  };
  const takeFile = async (gathering) => {
    const [{file, path}] = await gathering;
    const name = typed?.name ?? nameOfPath(path);
    if (!typed && name) setText(name.short);
    // Of what is too large no more is read than shows it.
    takeBytes(new Uint8Array(await file.slice(0, SHARED.manifestLimit + 1).arrayBuffer()), {name});
  };
  const takeFound = async ({name, manifest}) => {
    setChoices([]);
    if (!typed && name) setText(name.short);
    await bring(manifest, {of: (typed?.name ?? name)?.full});
  };
  /** Whatever is dropped or chosen: a manifest that is wanted is taken, all that is not only that is checked. */
  const receive = async (gathering) => {
    setError({});
    try {
      const dropped = await gathering;
      const manifests = mine ? [] : await manifestsAmong(dropped);
      const fitting = manifests.filter(({name}) => name && name.full === typed?.name.full);
      const [only, ...others] = fitting.length ? fitting : manifests;
      if (only && !others.length) await takeFound(only);
      else setChoices(manifests);
      if (dropped.length > manifests.length) checking.add(dropped);
    } catch (check) {
      setError({check});
    }
  };
  useDrop((transfer) => receive(filesOf(transfer)));

  const speakAs = (code) => {
    speak(code);
    setSpoken(code);
  };
  return html`
    <header class="head">
      <span class="brand">packllama</span>
      <${Choice} legend=${html`<span class="unseen">${say("language")}</span>`} options=${LANGUAGES} value=${spoken} onChange=${speakAs} />
    </header>
    <main>
      <h1>${say("head")}</h1>
      <p class="lead">${say("lead")}</p>
      <${NameStep} text=${text} typed=${typed} onText=${setText} onLeave=${settle} />
      <${ManifestStep} key=${typed?.name.full} url=${typed && manifestUrl(typed)} known=${mine && found}
        waiting=${brought && !typed} choices=${choices} error=${error.manifest}
        onBytes=${takeBytes} onChoice=${takeFound} onFiles=${takeFile} />
      <${FilesStep} found=${found} mirror=${mirror} mirrorError=${mirrorError} onMirror=${setMirror} />
      <${CheckStep} state=${checking.state} error=${error.check} knows=${Boolean(found)}
        onFiles=${receive} onStop=${checking.stop} onForget=${checking.forget} />
    </main>
    <footer>${say("foot", {version: VERSION})}</footer>`;
}

/** The mirrors that a text means, and what is wrong with it. */
function _readMirror(text) {
  if (!text.trim()) return [[], null];
  const match = _MIRROR.exec(text.trim());
  return match ? [[`${match[1] ?? "https"}://${match[2]}`], null] : [[], new Refusal("mirror.bad")];
}

speak(language());
preact.render(html`<${App} />`, document.getElementById("app"));
