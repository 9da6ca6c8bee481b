/** Trying a file: the server plans it as `callosal infer` does; nothing of it is kept. */

import { byId } from "./dom.js";
import { EmbeddedSource } from "./source.js";

/** @typedef {import("./source.js").Facts} Facts */
/** @typedef {import("./source.js").ServerSource} ServerSource */

/** Tells "tried" with the planned case as a source, "end", and "say" with a message. */
export class FileTrial extends EventTarget {
  /**
   * @param {ServerSource} source
   * @param {Facts} facts
   */
  constructor(source, facts) {
    super();
    this.source = source;
    this.facts = facts;
    const input = byId("file", HTMLInputElement);
    byId("open-file").addEventListener("click", () => input.click());
    input.addEventListener("change", () => this.#take([...(input.files ?? [])]));
    byId("end-trial").addEventListener("click", () => this.dispatchEvent(new Event("end")));
    addEventListener("dragover", (event) => this.#over(event, true));
    addEventListener("dragleave", (event) => event.relatedTarget === null && this.#over(event, false));
    addEventListener("drop", async (event) => {
      this.#over(event, false);
      if (event.dataTransfer) this.#take(await droppedFiles(event.dataTransfer));
    });
  }

  /** Show the page as that of a case again. */
  leave() {
    document.documentElement.classList.remove("trial");
    byId("trial").hidden = true;
    byId("file", HTMLInputElement).value = "";
  }

  /**
   * @param {DragEvent} event
   * @param {boolean} isOver
   */
  #over(event, isOver) {
    event.preventDefault();
    byId("drop-hint").hidden = !isOver;
  }

  /** @param {File[]} files */
  async #take(files) {
    if (files.length === 0) return;
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    if (bytes > this.facts.most_bytes) {
      this.#say(`${megabytes(bytes)} are too many for a trial (at most ${megabytes(this.facts.most_bytes)}): run callosal infer`);
      return;
    }
    this.#say(`Planning ${files.length === 1 ? "the file" : `${files.length} files`} on this machine…`);
    try {
      const tried = await this.source.tryFiles(files);
      byId("trial-text").textContent =
        `${this.facts.model}, planned as callosal infer does, in ${tried.seconds.toFixed(1)} s. ` +
        "Nothing of the files is kept.";
      document.documentElement.classList.add("trial");
      byId("trial").hidden = false;
      this.#say("");
      this.dispatchEvent(new CustomEvent("tried", { detail: new EmbeddedSource({ ...this.facts, ...tried }) }));
    } catch (error) {
      this.#say(/** @type {Error} */ (error).message);
    }
  }

  /** @param {string} text */
  #say(text) {
    this.dispatchEvent(new CustomEvent("say", { detail: text }));
  }
}

/**
 * What was dropped, with the files of dropped folders.
 * @param {DataTransfer} dropped
 * @returns {Promise<File[]>}
 */
async function droppedFiles(dropped) {
  // The entries and files have to be taken before the first wait: then the drop is over.
  const plain = [...dropped.files];
  const entries = [...dropped.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  return entries.length === 0 ? plain : (await Promise.all(entries.map(filesUnder))).flat();
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<File[]>}
 */
async function filesUnder(entry) {
  if (entry.isFile) {
    return [await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject))];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const found = [];
  // A folder is given out in portions, the last of which is empty.
  for (let some = null; some === null || some.length > 0; found.push(...some)) {
    some = /** @type {FileSystemEntry[]} */ (await new Promise((resolve, reject) => reader.readEntries(resolve, reject)));
  }
  return (await Promise.all(found.map(filesUnder))).flat();
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
