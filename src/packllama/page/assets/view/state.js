// What the page knows beside the name: the manifest that was brought, and how far the check of the downloads is.
"use strict";

const _hasher = new Hasher();

/** The same, that reads no file twice. */
const _memory = {
  digests: new WeakMap(),
  async hash(file, options) {
    const digest = this.digests.get(file) ?? await _hasher.hash(file, options);
    this.digests.set(file, digest);
    return digest;
  },
};

/** Why a function refuses, or null. */
function refusalOf(run) {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/**
 * The manifest at hand. `brought` is the last one; it belongs to the model whose full name is `of`, or to whichever is
 * named next; `mine` is the same where it belongs to the model that is named now.
 */
function usePaper(typed) {
  const [brought, setBrought] = useState(null);
  const full = typed?.name.full;
  const mine = typed && brought && (!brought.of || brought.of === full) ? brought : null;
  const bring = async (manifest, {of, asSent = false}) => {
    const digest = await _hasher.hash(new Blob([manifest.raw]));
    const isAll = manifest.read.length === manifest.raw.length;
    const model = isAll ? digest : await _hasher.hash(new Blob([manifest.read]));
    setBrought({manifest, digest, model, asSent, of});
  };
  /** A manifest without a name takes the one that stands there. */
  const settle = () => mine && !mine.of && setBrought({...mine, of: full});
  return {brought, mine, bring, settle};
}

/** Checks all that was added, against the links that are known, and anew when these change. */
function useCheck(links, manifest, onError) {
  const [state, setState] = useState(null);
  const files = useRef([]);
  const running = useRef(null);

  const stop = () => {
    running.current?.abort();
    running.current = null;
    setState((state) => state && (state.finished ? state : {...state, finished: true, stopped: true}));
  };
  const run = async () => {
    stop();
    const controller = running.current = new AbortController();
    const {signal} = controller;
    const onChange = (state) => signal.aborted || setState(state);
    try {
      for (let begun = 0; begun < files.current.length;) {
        begun = files.current.length;
        await check(files.current, {links, manifest, hasher: _memory, onChange, signal});
      }
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
    if (running.current === controller) running.current = null;
  };
  useEffect(() => {
    if (files.current.length) run();
  }, [links, manifest]);

  return {
    state,
    stop,
    add(dropped) {
      files.current = [...files.current, ...dropped];
      if (!running.current) run();
    },
    forget() {
      stop();
      files.current = [];
      setState(null);
    },
  };
}

/** Everything that is dropped on the page, wherever; while it is held above the page the page shows that it may be. */
function useDrop(onDrop) {
  const latest = useRef();
  latest.current = onDrop;
  useEffect(() => {
    const root = document.documentElement;
    const isFile = (event) => event.dataTransfer?.types.includes("Files");
    const over = (event) => {
      if (!isFile(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      root.classList.add("over");
    };
    const leave = (event) => event.relatedTarget || root.classList.remove("over");
    const drop = (event) => {
      root.classList.remove("over");
      if (!isFile(event)) return;
      event.preventDefault();
      latest.current(event.dataTransfer);
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, []);
}
