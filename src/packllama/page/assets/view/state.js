// What the page knows beside the name: the manifest that was brought, and how far the check of the downloads is.
"use strict";

// A manifest does not wait until a download of some gigabytes is hashed.
const _downloads = new Hasher();
const _manifests = new Hasher();

/** What a function gives, and why it refuses: one of the two is null. */
function attempt(run) {
  try {
    return [run(), null];
  } catch (error) {
    if (error instanceof Refusal) return [null, error];
    throw error;
  }
}

/** A function that does what the newest one does, for who goes on with what he was given before. */
function useLatest(run) {
  const latest = useRef();
  latest.current = run;
  return useRef((...given) => latest.current(...given)).current;
}

/**
 * The manifest that was brought, with its digests and `of`, the full name of its model; null until there is a name.
 * `mine`: the same, where it is that of the model which is named now.
 */
function useManifest(full) {
  const [brought, setBrought] = useState(null);
  const bring = async (manifest, {of = null, asSent = false}) => {
    const digest = await _manifests.hash(new Blob([manifest.raw]));
    const isAll = manifest.read.length === manifest.raw.length;
    const model = isAll ? digest : await _manifests.hash(new Blob([manifest.read]));
    setBrought({manifest, digest, model, asSent, of});
  };
  /** A manifest without a name is that of this one. */
  const settle = (full) => full && brought && !brought.of && setBrought({...brought, of: full});
  return {brought, mine: full && brought?.of === full ? brought : null, bring, settle};
}

/** Checks all that was added, by the links that are known, and anew when these change. */
function useCheck(links, manifest, onError) {
  const [state, setState] = useState(null);
  const files = useRef([]);
  const running = useRef(null);

  const abort = () => {
    running.current?.abort();
    running.current = null;
  };
  const run = useLatest(async () => {
    abort();
    const controller = running.current = new AbortController();
    const {signal} = controller;
    const onChange = (state) => signal.aborted || setState(state);
    try {
      for (let begun = null; begun !== files.current && !signal.aborted;) {
        begun = files.current;
        await check(begun, {links: links ?? null, manifest: manifest ?? null, hasher: _downloads, onChange, signal});
      }
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
    if (running.current === controller) running.current = null;
  });
  useEffect(() => {
    if (links && files.current.length) run();
    else if (!links) abort(), setState(null);
  }, [links, manifest]);

  return {
    state,
    stop() {
      abort();
      setState((state) => state && {...state, finished: true, stopped: true});
    },
    /** What was changed or removed since it was dropped is forgotten; what is dropped once more is read once more. */
    async add(dropped) {
      const again = new Set(dropped.map(_identity));
      const before = files.current.filter((each) => !again.has(_identity(each)));
      files.current = [...before, ...dropped];
      const there = await Promise.all(before.map(({file}) => file.slice(0, 1).arrayBuffer().then(() => true, () => false)));
      const gone = new Set(before.filter((_, place) => !there[place]));
      files.current = files.current.filter((each) => !gone.has(each));
      if (!running.current) run();
    },
    /** What will be checked with the next that is added. */
    keep(dropped) {
      files.current = [...files.current, ...dropped];
    },
    forget() {
      abort();
      files.current = [];
      setState(null);
    },
  };
}

/** Files of one name, from several folders perhaps, are told apart. */
function _identity({path, file}) {
  return JSON.stringify([path, file.size, file.lastModified]);
}

/** Everything that is dropped on the page, wherever; while it is held above the page the page shows that it may be. */
function useDrop(onDrop) {
  const dropped = useLatest(onDrop);
  useEffect(() => {
    const root = document.documentElement;
    const isFile = (event) => event.dataTransfer?.types.includes("Files");
    const listeners = {
      dragover(event) {
        if (!isFile(event)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
        root.classList.add("over");
      },
      dragleave(event) {
        if (!event.relatedTarget) root.classList.remove("over");
      },
      drop(event) {
        root.classList.remove("over");
        if (!isFile(event)) return;
        event.preventDefault();
        dropped(event.dataTransfer);
      },
    };
    for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener);
    };
  }, []);
}
