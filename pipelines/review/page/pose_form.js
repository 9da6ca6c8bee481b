/** The region in numbers: readout, fields and the buttons for its steps. */

import { byId, told } from "./dom.js";
import { wrapAxisDeg } from "./geometry.js";
import { maskAreaMm2 } from "./mask_pixels.js";
import { extentMm } from "./place.js";
import { SMALLEST_MM, resized } from "./roi.js";

/** @typedef {import("./roi.js").Roi} Roi */
/** @typedef {import("./session.js").CaseSession} CaseSession */

/**
 * @typedef {object} Field
 * @property {number} decimals
 * @property {(roi: Roi) => number} get
 * @property {(roi: Roi, value: number) => Roi} set
 * @property {(session: CaseSession, value: number) => string} refusal Why a value is refused; "" if it is not.
 */

/** @type {Record<string, Field>} */
const FIELDS = {
  angle: {
    decimals: 1,
    get: (roi) => roi.angle_deg,
    set: (roi, value) => ({ ...roi, angle_deg: value }),
    refusal: angleRefusal,
  },
  x: {
    decimals: 1,
    get: (roi) => roi.center_mm[0],
    set: (roi, value) => ({ ...roi, center_mm: [value, roi.center_mm[1]] }),
    refusal: ({ entry }, value) => beyond(value, -extentMm(entry.pictures.midsagittal)[0] / 2, extentMm(entry.pictures.midsagittal)[0] / 2, "the slice ends there"),
  },
  y: {
    decimals: 1,
    get: (roi) => roi.center_mm[1],
    set: (roi, value) => ({ ...roi, center_mm: [roi.center_mm[0], value] }),
    refusal: ({ entry }, value) => beyond(value, -extentMm(entry.pictures.midsagittal)[1] / 2, extentMm(entry.pictures.midsagittal)[1] / 2, "the slice ends there"),
  },
  "roi-length": {
    decimals: 1,
    get: (roi) => roi.size_mm[0],
    set: (roi, value) => resized(roi, [value, Math.min(roi.size_mm[1], value)]),
    refusal: ({ entry }, value) => beyond(value, SMALLEST_MM, entry.roi_limits.largest_mm, ""),
  },
  "roi-width": {
    decimals: 1,
    get: (roi) => roi.size_mm[1],
    set: (roi, value) => resized(roi, [roi.size_mm[0], value]),
    refusal: ({ roi }, value) => beyond(value, SMALLEST_MM, roi?.size_mm[0] ?? 0, "not more than the length"),
  },
};

const BAR_MEANING = "Behind ±: the angle and the centre of 95 % of such cases are off by no more";

export class PoseForm {
  constructor() {
    /** @type {CaseSession | null} */
    this.session = null;
    /** How often a field was entered: each time is a step to undo. */
    this.entries = 0;
    for (const name of Object.keys(FIELDS)) {
      byId(name).addEventListener("focus", () => this.#enter());
      byId(name).addEventListener("input", () => this.#typed(name));
      byId(name).addEventListener("blur", () => this.#leave(name));
    }
    byId("undo").addEventListener("click", () => this.session?.undo());
    byId("redo").addEventListener("click", () => this.session?.redo());
    byId("automatic").addEventListener("click", () => this.session?.reset());
    byId("set-by-hand").addEventListener("click", () => {
      if (this.session) this.session.edit(this.session.entry.first_roi, "set by hand");
    });
  }

  /** @param {CaseSession} session */
  show(session) {
    if (session !== this.session) {
      this.session = session;
      this.#enter();
      for (const name of Object.keys(FIELDS)) byId(name).removeAttribute("aria-invalid");
    }
    this.draw();
  }

  draw() {
    const session = this.session;
    if (session === null) return;
    const { roi, automaticRoi, steps, slice } = session;
    const readOnly = session.source.readOnly;
    byId("angle-readout").textContent = roi ? `${told(roi.angle_deg)}°` : "–";
    byId("angle-change").textContent = changeText(roi, automaticRoi, session.entry.plan.uncertainty);
    byId("angle-change").title = BAR_MEANING;
    this.showArea(session.shown.areaMm2);
    byId("mask-facts").hidden = !session.entry.has_mask;
    for (const [name, field] of Object.entries(FIELDS)) {
      const input = byId(name, HTMLInputElement);
      // The region lies on the midsagittal slice alone.
      input.disabled = roi === null || readOnly || slice !== null;
      if (document.activeElement === input && roi !== null && isBeingTyped(input, field.get(roi))) continue;
      input.value = roi === null ? "" : (field.get(roi) + 0).toFixed(field.decimals);
    }
    const { middle_deg: middle, reach_deg: reach, largest_mm: largest } = session.entry.roi_limits;
    const most = middle === 0 ? reach : 90;
    Object.assign(byId("angle", HTMLInputElement), { min: String(-most), max: String(most) });
    for (const name of ["roi-length", "roi-width"]) byId(name, HTMLInputElement).max = String(largest);
    byId("undo", HTMLButtonElement).disabled = !steps.canUndo;
    byId("redo", HTMLButtonElement).disabled = !steps.canRedo;
    const isAutomatic = slice === null ? !session.isCorrection : !slice.isCorrected;
    byId("automatic", HTMLButtonElement).disabled = isAutomatic || (automaticRoi === null && session.automaticMask === null);
    byId("set-by-hand").hidden = roi !== null || readOnly || slice !== null;
    for (const name of ["undo", "redo", "automatic"]) byId(name).hidden = readOnly;
  }

  /**
   * The area of the mask, while a stroke is made too.
   * @param {number} area_mm2
   */
  showArea(area_mm2) {
    const { session } = this;
    if (session === null) return;
    const before = maskAreaMm2(session.shown.automaticMask, session.shown.place);
    byId("mask-slice").textContent = session.slice === null ? "" : session.slice.words;
    byId("mask-area").textContent = area_mm2 > 0 ? `${area_mm2.toFixed(0)} mm²` : "–";
    const change = before > 0 ? (100 * (area_mm2 - before)) / before : 0;
    const isNew = Math.abs(area_mm2 - before) >= 0.5;
    byId("mask-change").textContent = !isNew ? "" : before > 0 ? `${change > 0 ? "+" : ""}${told(change)} %` : "drawn by hand";
  }

  #enter() {
    this.entries += 1;
    byId("pose-refusal").textContent = "";
  }

  /**
   * A value within the range goes to the region at once; of one beyond, it is said that and why the
   * region has stayed as it was when the field was entered.
   * @param {string} name
   */
  #typed(name) {
    const input = byId(name, HTMLInputElement);
    const value = input.valueAsNumber;
    const { session } = this;
    if (!session?.roi || !Number.isFinite(value)) return;
    const refusal = FIELDS[name].refusal(session, value);
    input.setAttribute("aria-invalid", String(refusal !== ""));
    byId("pose-refusal").textContent = refusal && `Not taken: ${refusal}`;
    const kind = `type#${this.entries}`;
    if (refusal) session.withdraw(kind);
    else session.edit(FIELDS[name].set(session.roi, value), kind);
  }

  /** @param {string} name */
  #leave(name) {
    byId(name).removeAttribute("aria-invalid");
    this.draw();
  }
}

/**
 * Whether a field holds what its user types: something unfinished, refused, or the value as it is.
 * @param {HTMLInputElement} input
 * @param {number} value
 */
function isBeingTyped(input, value) {
  const typed = input.valueAsNumber;
  return !Number.isFinite(typed) || input.getAttribute("aria-invalid") === "true" || Math.abs(typed - value) < 0.05;
}

/**
 * @param {CaseSession} session
 * @param {number} value
 */
function angleRefusal({ entry }, value) {
  const { middle_deg: middle, reach_deg: reach } = entry.roi_limits;
  if (Math.abs(value) <= 90 && Math.abs(wrapAxisDeg(value - middle)) <= reach) return "";
  const range = middle === 0 ? `between ${told(-reach, 0)}° and ${told(reach, 0)}°` : `within ${told(reach, 0)}° of ${told(middle, 0)}°`;
  return `${told(value)}° is beyond the range of a plan, ${range}`;
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 * @param {string} why
 */
function beyond(value, low, high, why) {
  if (value >= low && value <= high) return "";
  return `${told(value)} mm is not between ${told(low)} and ${told(high)} mm${why && `; ${why}`}`;
}

/** @param {import("./source.js").Uncertainty | null} uncertainty */
function barText(uncertainty) {
  const [angle, center] = [uncertainty?.angle95_deg ?? null, uncertainty?.centre95_mm ?? null];
  if (angle === null || center === null) return "";
  return ` ± ${told(angle)}°, ${told(center)} mm`;
}

/**
 * @param {Roi | null} roi
 * @param {Roi | null} automatic
 * @param {import("./source.js").Uncertainty | null} uncertainty
 */
function changeText(roi, automatic, uncertainty) {
  if (roi === null) return "no pose was found";
  if (automatic === null) return "set by hand";
  const turn = wrapAxisDeg(roi.angle_deg - automatic.angle_deg);
  const shift = Math.hypot(
    roi.center_mm[0] - automatic.center_mm[0],
    roi.center_mm[1] - automatic.center_mm[1],
  );
  if (Math.abs(turn) < 0.05 && shift < 0.05) return `as found${barText(uncertainty)}`;
  return `${turn > 0 ? "+" : ""}${told(turn)}° and ${told(shift)} mm from automatic`;
}
