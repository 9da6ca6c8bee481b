/** Trying the network on a file: read by the server, segmented here, never kept. */

import { byId, told } from "./dom.js";
import { asLevels, decodePicture, encodePicture } from "./picture_message.js";
import { showStacks } from "./stack_list.js";

/** @typedef {import("./source.js").ServerSource} ServerSource */
/** @typedef {import("./viewer.js").Viewer} Viewer */

const NO_RUNTIME =
  "This needs onnxruntime-web: run npm install onnxruntime-web, then start callosal review with " +
  "--onnxruntime-web node_modules/onnxruntime-web/dist";

/** Tells "begin" and "end", and "say" with a message. */
export class FileTrial extends EventTarget {
  /**
   * @param {ServerSource} source
   * @param {{model: string, has_runtime: boolean}} facts
   * @param {Viewer} viewer
   */
  constructor(source, facts, viewer) {
    super();
    this.source = source;
    this.facts = facts;
    this.viewer = viewer;
    /** @type {Worker | null} */
    this.worker = null;
    const input = byId("file", HTMLInputElement);
    byId("open-file").addEventListener("click", () => input.click());
    input.addEventListener("change", () => this.#take(input.files));
    byId("end-trial").addEventListener("click", () => this.#end());
    addEventListener("dragover", (event) => this.#over(event, true));
    addEventListener("dragleave", (event) => event.relatedTarget === null && this.#over(event, false));
    addEventListener("drop", (event) => {
      this.#over(event, false);
      this.#take(event.dataTransfer?.files ?? null);
    });
  }

  /**
   * @param {DragEvent} event
   * @param {boolean} isOver
   */
  #over(event, isOver) {
    event.preventDefault();
    byId("drop-hint").hidden = !isOver;
  }

  /** @param {FileList | null} files */
  async #take(files) {
    const file = files?.[0];
    if (!file) return;
    if (!this.facts.has_runtime) {
      this.#say(NO_RUNTIME);
      return;
    }
    this.#say("Reading the file…");
    try {
      const { place, facts, pixels } = decodePicture(await this.source.droppedSlice(file));
      this.#begin();
      this.viewer.show({ midsagittal: place }, new Map([["midsagittal", asLevels(pixels)]]));
      this.#draw({ found: false, outline_mm: null, roi: null, planes: null });
      this.#say("The network is running in this page…");
      const { probability, ms } = await this.#run(pixels, place.shape);
      const pose = await this.source.droppedPose(encodePicture(place, probability));
      this.#draw(pose);
      this.viewer.lookAtRoi();
      byId("trial-text").textContent = this.#summary(pose, facts, ms);
      this.#say("");
    } catch (error) {
      this.#say(/** @type {Error} */ (error).message);
    }
  }

  /**
   * @param {Float32Array<ArrayBuffer>} pixels
   * @param {[number, number]} shape
   * @returns {Promise<{probability: Float32Array<ArrayBuffer>, ms: number}>}
   */
  #run(pixels, shape) {
    this.worker ??= new Worker("inference_worker.js", { type: "module" });
    const worker = this.worker;
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data.problem ? reject(new Error(data.problem)) : resolve(data));
      worker.onerror = () => reject(new Error("onnxruntime-web could not be started in this browser"));
      worker.postMessage({ pixels, shape });
    });
  }

  /** @param {any} pose */
  #draw(pose) {
    this.viewer.draw({
      roi: pose.roi ?? null,
      automaticRoi: null,
      planes: pose.planes ?? null,
      entry: { outline_mm: pose.outline_mm ?? null },
      source: { readOnly: true },
    });
    showStacks(pose.planes ?? null);
    byId("angle-readout").textContent = pose.roi ? `${told(pose.roi.angle_deg)}°` : "–";
    byId("angle-change").textContent = "";
  }

  /**
   * @param {{found: boolean}} pose
   * @param {{n_slices: number, is_volume: boolean}} facts
   * @param {number} ms
   */
  #summary(pose, facts, ms) {
    const middle = facts.is_volume ? "its midsagittal slice" : `the middle one of ${facts.n_slices} slices`;
    const slice = facts.n_slices === 1 && !facts.is_volume ? "its slice" : middle;
    const found = pose.found ? "" : " No callosum was found.";
    return `${this.facts.model} on ${slice}: ${ms.toFixed(0)} ms in this page.${found} Nothing of the file is kept.`;
  }

  #begin() {
    document.documentElement.classList.add("trial");
    byId("trial").hidden = false;
    this.dispatchEvent(new Event("begin"));
  }

  #end() {
    document.documentElement.classList.remove("trial");
    byId("trial").hidden = true;
    byId("file", HTMLInputElement).value = "";
    this.dispatchEvent(new Event("end"));
  }

  /** @param {string} text */
  #say(text) {
    this.dispatchEvent(new CustomEvent("say", { detail: text }));
  }
}
