// Runs in the hashing worker, behind hash-wasm's own text. A message is {file, size}; the answers are {bytes} at most
// ten times a second, then one of {digest}, {unreadable} and {broken}. It says no digest of a file that was written to
// or went away meanwhile, and holds one buffer of the file, however large the file is.
"use strict";

const _BUFFER_BYTES = 1 << 20;
const _PAUSE_MS = 100;
let _sha256 = null;
// Chromium collects a stream as garbage, and then never answers, if nothing but its own pending read refers to it.
let _reader = null;

onmessage = async ({data}) => {
  try {
    _sha256 ??= await hashwasm.createSHA256();
  } catch (error) {
    return postMessage({broken: String(error)});
  }
  try {
    postMessage({digest: await _digest(data)});
  } catch (error) {
    postMessage({unreadable: String(error)});
  }
};

async function _digest({file, size}) {
  const isSmall = size <= _BUFFER_BYTES;
  const parts = isSmall ? [new Uint8Array(await file.arrayBuffer())] : _parts(file);
  _sha256.init();
  let bytes = 0;
  let said = performance.now();
  for await (const part of parts) {
    _sha256.update(part);
    bytes += part.length;
    if (performance.now() - said >= _PAUSE_MS) {
      postMessage({bytes});
      said = performance.now();
    }
  }
  // A stream opens the file once. Opening it again fails if it is no longer the one that was chosen.
  if (!isSmall) await file.slice(-1).arrayBuffer();
  if (bytes !== size) throw new RangeError(`${bytes} of ${size} bytes`);
  return _sha256.digest();
}

/** The file's bytes. Filling one buffer again and again leaves no garbage, but not every browser can. */
async function* _parts(file) {
  const stream = file.stream();
  try {
    _reader = stream.getReader({mode: "byob"});
  } catch {
    _reader = stream.getReader();
  }
  let buffer = new ArrayBuffer(_BUFFER_BYTES);
  for (;;) {
    const {done, value} = await _reader.read(new Uint8Array(buffer));
    if (done) return;
    yield value;
    buffer = value.buffer;
  }
}
