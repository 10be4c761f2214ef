// The page: four steps from a model's name to its checked downloads.
"use strict";

const _MIRROR = new RegExp(`^${SHARED.address}$`);

function App() {
  const [spoken, setSpoken] = useState(language());
  const [text, setText] = useState("");
  const [mirror, setMirror] = useState("");
  const [errors, setErrors] = useState({});
  const [choices, setChoices] = useState([]);
  const [looking, setLooking] = useState(false);

  const [typed, nameError] = useMemo(() => attempt(() => readTyped(text)), [text]);
  const full = typed?.name.full;
  const {brought, mine, bring, settle} = useManifest(full);
  const [mirrors, mirrorError] = useMemo(() => attempt(() => _readMirror(mirror)), [mirror]);
  const linksBy = (mirrors) => mine && listing([modelLinks(typed.name, mine.manifest, {...mine, insecure: typed.insecure, mirrors})]);
  const known = useMemo(() => linksBy([]), [mine, full, typed?.insecure]);
  const found = useMemo(() => mirrors?.length ? linksBy(mirrors) : known, [known, mirrors]);
  const checking = useCheck(known?.links, mine?.manifest, (check) => setErrors({check}));

  /** Take a manifest, as that of a model: what was named when it was brought, not what is named when it is here. */
  const take = async (reading, {name = typed?.name, asSent = false} = {}) => {
    setErrors({});
    setChoices([]);
    try {
      await bring(await reading, {of: name?.full, asSent});
      if (name && name.full !== full) setText(name.short);
    } catch (manifest) {
      if (!manifest.stopped) setErrors({manifest});
    }
  };
  /** A manifest that says of which model it is, by its path, is not taken for another's. */
  const takeOne = (choice) => {
    const {name, manifest} = choice;
    if (name && full && name.full !== full) setChoices([choice]);
    else take(manifest, {name: typed?.name ?? name});
  };
  const takeFile = useLatest(async (gathering) => {
    const [{file, path}] = await gathering;
    try {
      takeOne({name: nameOfPath(path), path, manifest: decodeManifest(await _beginning(file))});
      checking.keep([{file, path}]);
    } catch (manifest) {
      setErrors({manifest});
    }
  });
  /** What was dropped or chosen: a manifest is taken if one is wanted, and all is checked that is not only that. */
  const takeFound = useLatest((dropped, manifests) => {
    setLooking(false);
    const wanted = mine ? [] : manifests;
    const fitting = wanted.find(({name}) => name && name.full === full);
    const chosen = fitting ?? (wanted.length === 1 ? wanted[0] : null);
    if (chosen) takeOne(chosen);
    else setChoices(wanted);
    if (mine || dropped.length > manifests.length) checking.add(dropped);
    else checking.keep(dropped);
  });
  const receive = async (gathering) => {
    setErrors({});
    setLooking(true);
    try {
      const dropped = await gathering;
      takeFound(dropped, await manifestsAmong(dropped));
    } catch (check) {
      setLooking(false);
      setErrors({check});
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
      <${Choice} legend=${html`<span class="unseen">${say("language")}</span>`} options=${LANGUAGES} value=${spoken}
        languages onChange=${speakAs} />
    </header>
    <main>
      <h1>${say("head")}</h1>
      <p class="lead">${say("lead")}</p>
      <${NameStep} text=${text} typed=${typed} error=${nameError} onText=${setText}
        onMean=${(text) => settle(attempt(() => readTyped(text))[0]?.name.full)} />
      <${ManifestStep} url=${typed && manifestUrl(typed)} known=${known} waiting=${brought && !brought.of}
        choices=${choices} error=${errors.manifest} onReading=${take} onFiles=${takeFile}
        onChoice=${({name, manifest}) => take(manifest, {name: name ?? typed?.name})} />
      <${FilesStep} found=${found} mirror=${mirror} mirrorError=${mirrorError} onMirror=${setMirror} />
      <${CheckStep} state=${checking.state} error=${errors.check} looking=${looking} knows=${Boolean(known)}
        onFiles=${receive} onStop=${checking.stop} onForget=${checking.forget} />
    </main>
    <footer>${say("foot", {version: VERSION})}</footer>`;
}

/** As much of a file as shows whether it is too large for a manifest. */
async function _beginning(file) {
  try {
    return new Uint8Array(await file.slice(0, SHARED.manifestLimit + 1).arrayBuffer());
  } catch {
    throw new Refusal("hashing.unreadable");
  }
}

/** The mirrors that a text means: none or one. */
function _readMirror(text) {
  if (!text.trim()) return [];
  const [, scheme = "https", host] = _MIRROR.exec(text.trim()) ?? [];
  if (!host) throw new Refusal("mirror.bad");
  return [`${scheme}://${host}`];
}

speak(language());
preact.render(html`<${App} />`, document.getElementById("app"));
