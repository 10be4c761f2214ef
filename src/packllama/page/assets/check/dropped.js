// The files that were dropped or chosen, with those in folders. Nothing is opened here, no link is followed, and there
// is an end to it. To a page on a disk Chromium lists no dropped folder by entries. By handles it does, but without a
// word it leaves out what has ":" and the like in its name, so they are the second choice, and it is said.
"use strict";

const _MOST_FILES = 100_000;
const _DEEPEST_FOLDER = 40;

/**
 * A file and where it lies, as "folder/name". `why`: a key of WORDS, when it stands, empty, for what was not or not
 * wholly looked at.
 * @typedef {{file: File, path: string, why?: string}} Dropped
 */

/**
 * What was dropped. To be called while the event is handled: later there is nothing left of it.
 * @param {DataTransfer} dataTransfer
 * @returns {Promise<Dropped[]>} by path; rejected with a Refusal: too many files, or a folder that cannot be listed
 */
async function filesOf(dataTransfer) {
  const roots = [...dataTransfer.items].filter(({kind}) => kind === "file").map((item) => {
    const entry = item.webkitGetAsEntry?.();
    if (!entry?.isDirectory) return {file: item.getAsFile()};
    return {entry, handle: item.getAsFileSystemHandle?.().catch(() => null)};
  });
  const found = [];
  for (const {file, entry, handle} of roots) {
    if (entry) await _walkRoot(entry, await handle, found);
    else if (file) _add({file, path: file.name}, found);
  }
  return _sorted(await Promise.all(found));
}

/**
 * What was chosen in an `<input type="file">`, be it of files or of a folder.
 * @param {HTMLInputElement} input
 * @returns {Dropped[]} by path
 * @throws {Refusal} too many files
 */
function filesOfInput(input) {
  const found = [];
  for (const file of input.files) _add({file, path: file.webkitRelativePath || file.name}, found);
  return _sorted(found);
}

async function _walkRoot(entry, handle, found) {
  const {name} = entry;
  const before = found.length;
  const tryWalk = (children) => _walk(children, name, 0, found).then(() => true, (error) => {
    if (error instanceof Refusal) throw error;
    found.length = before;
    return false;
  });
  if (await tryWalk(_inEntry(entry))) return;
  if (!handle || !(await tryWalk(_inHandle(handle)))) throw new Refusal("dropped.folder", {name});
  _add(_unread(name, "dropped.partly"), found);
}

async function _walk(children, path, depth, found) {
  for await (const {name, folder, file} of children) {
    const below = `${path}/${name}`;
    if (!folder) {
      _add(file().then((is) => ({file: is, path: below}), () => _unread(below, "dropped.unread")), found);
    } else if (depth === _DEEPEST_FOLDER) {
      _add(_unread(below, "dropped.deep"), found);
    } else {
      await _walk(folder(), below, depth + 1, found).catch((error) => {
        if (error instanceof Refusal) throw error;
        _add(_unread(below, "dropped.unread"), found);
      });
    }
  }
}

async function* _inHandle(handle) {
  for await (const child of handle.values()) {
    const folder = child.kind === "directory" && (() => _inHandle(child));
    yield {name: child.name, folder, file: () => child.getFile()};
  }
}

async function* _inEntry(entry) {
  const reader = entry.createReader();
  const some = () => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
  for (let children; (children = await some()).length; ) {
    for (const child of children) {
      const file = () => new Promise((resolve, reject) => child.file(resolve, reject));
      yield {name: child.name, folder: child.isDirectory && (() => _inEntry(child)), file};
    }
  }
}

function _add(item, found) {
  if (found.length === _MOST_FILES) throw new Refusal("dropped.tooMany", {most: withCommas(_MOST_FILES)});
  found.push(item);
}

function _sorted(files) {
  return files.sort((one, other) => (one.path < other.path ? -1 : 1));
}

function _unread(path, why) {
  return {file: new File([], path.slice(path.lastIndexOf("/") + 1)), path, why};
}

/** A whole number as both languages write it. */
function withCommas(number) {
  return number.toLocaleString("en");
}
