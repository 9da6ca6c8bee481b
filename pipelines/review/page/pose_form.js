/** The region in numbers: readout, fields and the buttons for its steps. */

import { byId, told } from "./dom.js";
import { clamp, wrapAxisDeg } from "./geometry.js";
import { resized } from "./roi.js";

/** @typedef {import("./roi.js").Roi} Roi */
/** @typedef {import("./session.js").CaseSession} CaseSession */

/** @type {Record<string, {decimals: number, get: (roi: Roi) => number, set: (roi: Roi, value: number) => Roi}>} */
const FIELDS = {
  angle: {
    decimals: 1,
    get: (roi) => roi.angle_deg,
    set: (roi, value) => ({ ...roi, angle_deg: clamp(value, -90, 90) }),
  },
  x: {
    decimals: 1,
    get: (roi) => roi.center_mm[0],
    set: (roi, value) => ({ ...roi, center_mm: [value, roi.center_mm[1]] }),
  },
  y: {
    decimals: 1,
    get: (roi) => roi.center_mm[1],
    set: (roi, value) => ({ ...roi, center_mm: [roi.center_mm[0], value] }),
  },
  "roi-length": {
    decimals: 1,
    get: (roi) => roi.size_mm[0],
    set: (roi, value) => resized(roi, [value, Math.min(roi.size_mm[1], value)]),
  },
  "roi-width": {
    decimals: 1,
    get: (roi) => roi.size_mm[1],
    set: (roi, value) => resized(roi, [roi.size_mm[0], Math.min(value, roi.size_mm[0])]),
  },
};

export class PoseForm {
  constructor() {
    /** @type {CaseSession | null} */
    this.session = null;
    for (const name of Object.keys(FIELDS)) {
      byId(name).addEventListener("input", () => this.#typed(name));
      byId(name).addEventListener("blur", () => this.draw());
    }
    byId("undo").addEventListener("click", () => this.session?.undo());
    byId("redo").addEventListener("click", () => this.session?.redo());
    byId("automatic").addEventListener("click", () => this.#reset());
    byId("set-by-hand").addEventListener("click", () => {
      if (this.session) this.session.edit(this.session.entry.first_roi, "set by hand");
    });
  }

  /** @param {CaseSession} session */
  show(session) {
    this.session = session;
    this.draw();
  }

  draw() {
    const session = this.session;
    if (session === null) return;
    const { roi, automaticRoi, history } = session;
    const readOnly = session.source.readOnly;
    byId("angle-readout").textContent = roi ? `${told(roi.angle_deg)}°` : "–";
    byId("angle-change").textContent = changeText(roi, automaticRoi);
    for (const [name, field] of Object.entries(FIELDS)) {
      const input = byId(name, HTMLInputElement);
      input.disabled = roi === null || readOnly;
      if (document.activeElement === input && roi !== null) continue;
      input.value = roi === null ? "" : (field.get(roi) + 0).toFixed(field.decimals);
    }
    const { middle_deg: middle, reach_deg: reach, largest_mm: largest } = session.entry.roi_limits;
    const most = middle === 0 ? reach : 90;
    Object.assign(byId("angle", HTMLInputElement), { min: String(-most), max: String(most) });
    for (const name of ["roi-length", "roi-width"]) byId(name, HTMLInputElement).max = String(largest);
    byId("undo", HTMLButtonElement).disabled = !history.canUndo;
    byId("redo", HTMLButtonElement).disabled = !history.canRedo;
    byId("automatic", HTMLButtonElement).disabled = !session.isCorrection || automaticRoi === null;
    byId("set-by-hand").hidden = roi !== null || readOnly;
    for (const name of ["undo", "redo", "automatic"]) byId(name).hidden = readOnly;
  }

  /** @param {string} name */
  #typed(name) {
    const value = byId(name, HTMLInputElement).valueAsNumber;
    const roi = this.session?.roi;
    if (!this.session || !roi || !Number.isFinite(value)) return;
    this.session.edit(FIELDS[name].set(roi, value), `type ${name}`);
  }

  #reset() {
    const automatic = this.session?.automaticRoi;
    if (this.session && automatic) this.session.edit(automatic, "automatic");
  }
}

/**
 * @param {Roi | null} roi
 * @param {Roi | null} automatic
 */
function changeText(roi, automatic) {
  if (roi === null) return "no pose was found";
  if (automatic === null) return "set by hand";
  const turn = wrapAxisDeg(roi.angle_deg - automatic.angle_deg);
  const shift = Math.hypot(
    roi.center_mm[0] - automatic.center_mm[0],
    roi.center_mm[1] - automatic.center_mm[1],
  );
  if (Math.abs(turn) < 0.05 && shift < 0.05) return "as found";
  return `${turn > 0 ? "+" : ""}${told(turn)}° and ${told(shift)} mm from automatic`;
}
