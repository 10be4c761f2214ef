// The digests of files of any size, computed in a worker, so that the page stays smooth. One file at a time: one
// processor is the bound, and two files of one disk are read slower at once than in turn. Nothing is sent anywhere.
"use strict";

/** A worker that hashes, made on first use, from a Blob URL: a page on a disk may load no worker's file. */
class Hasher {
  #known = new WeakMap();
  #worker = null;
  #last = Promise.resolve();
  #fail = () => {};

  /**
   * The SHA-256 of a file's bytes, in hex. A file that was hashed once is not read again.
   * @param {Blob} file
   * @param {{onProgress?: (bytes: number) => void, signal?: AbortSignal}} [options] bytes: of this file, so far
   * @returns {Promise<string>} rejected with a Refusal: `hashing.unreadable`, when it cannot be read or was changed
   *   since it was chosen, or `hashing.broken`; with the signal's reason
   */
  hash(file, {onProgress = () => {}, signal} = {}) {
    const {size} = file;
    const turn = this.#last.then(async () => {
      if (!this.#known.has(file)) this.#known.set(file, await this.#run({file, size}, onProgress, signal));
      return this.#known.get(file);
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Stop what is running. A later `hash` begins with a new worker. */
  #close(reason) {
    this.#worker?.terminate();
    this.#worker = null;
    this.#fail(reason);
  }

  #run(task, onProgress, signal) {
    const stop = () => this.#close(signal.reason);
    const work = new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      signal?.addEventListener("abort", stop);
      this.#fail = reject;
      const breakOff = (text) => this.#close(new Refusal("hashing.broken", {text}));
      const worker = (this.#worker ??= _newWorker());
      worker.onerror = (event) => breakOff(event.message ?? "");
      worker.onmessage = ({data}) => {
        if ("bytes" in data) onProgress(data.bytes);
        else if ("digest" in data) resolve(data.digest);
        else if ("broken" in data) breakOff(data.broken);
        else reject(new Refusal("hashing.unreadable"));
      };
      worker.postMessage(task);
    });
    return work.finally(() => signal?.removeEventListener("abort", stop));
  }
}

function _newWorker() {
  const url = URL.createObjectURL(new Blob([document.getElementById("worker-source").textContent]));
  const worker = new Worker(url);
  URL.revokeObjectURL(url);
  return worker;
}
