/** The three pictures with their layers and the tools above them. */

import { byId } from "./dom.js";
import { MaskLayer } from "./mask_layer.js";
import { PictureView } from "./picture_view.js";
import { lpsToMm, mmToLps } from "./place.js";
import { PlanLayer } from "./plan_layer.js";
import { RoiLayer } from "./roi_layer.js";

/** @typedef {import("./place.js").Place} Place */
/** @typedef {import("./roi.js").Roi} Roi */
/** @typedef {import("./source.js").Planes} Planes */

/**
 * @typedef {object} Shown
 * @property {Roi | null} roi
 * @property {Roi | null} automaticRoi
 * @property {Planes | null} planes
 * @property {[number, number][] | null} outline
 * @property {{mask: import("./mask_pixels.js").Mask | null}} shown Of the slice on screen.
 * @property {import("./neighbours.js").NeighbourSlice | null} slice On screen; null: midsagittal.
 * @property {{roi_limits: import("./roi.js").RoiLimits, has_mask: boolean,
 *   plan?: {uncertainty: import("./source.js").Uncertainty | null}}} entry
 * @property {{readOnly: boolean}} source
 */

const NAMES = ["midsagittal", "transverse", "coronal"];

/** Of a picture that was cut along the plan: its caption. */
const CAPTIONS = /** @type {Record<string, string>} */ ({
  midsagittal: "Midsagittal",
  transverse: "Transverse",
  coronal: "Coronal",
});

/** Of a slice of a localizer: its caption, and what it is. */
const ACQUIRED = /** @type {Record<string, [string, string]>} */ ({
  midsagittal: ["Sagittal slice", "The acquired slice nearest to the midsagittal plane, moved onto the plane"],
  transverse: ["Axial slice", "The acquired slice nearest to the centre of the plan"],
  coronal: ["Coronal slice", "The acquired slice nearest to the centre of the plan"],
});
/** Of the middle slice of joined stations. */
const JOINED = ["Middle slice", "The middle slice of the stations that were joined"];
const AROUND_ROI = 1.9; // times the length of the region

/** Tells "edit" with {roi, kind}, "mask" with {mask, kind}, and "area" while a stroke is made. */
export class Viewer extends EventTarget {
  constructor() {
    super();
    this.views = new Map(NAMES.map((name) => [name, new PictureView(byId(`stage-${name}`))]));
    this.plans = new Map([...this.views].map(([name, view]) => [name, new PlanLayer(view)]));
    this.main = /** @type {PictureView} */ (this.views.get("midsagittal"));
    /** The midsagittal slice: its place, its picture, and the region on it. */
    this.place = /** @type {Place | null} */ (null);
    this.gray = this.main.gray;
    this.roi = /** @type {Roi | null} */ (null);
    this.region = new RoiLayer(this.main);
    this.region.addEventListener("edit", (event) =>
      this.dispatchEvent(new CustomEvent("edit", { detail: /** @type {CustomEvent} */ (event).detail })),
    );
    this.brush = new MaskLayer(this.main);
    for (const [told, name] of [["edit", "mask"], ["area", "area"]]) {
      this.brush.addEventListener(told, (event) =>
        this.dispatchEvent(new CustomEvent(name, { detail: /** @type {CustomEvent} */ (event).detail })),
      );
    }
    this.main.addEventListener("window", () => this.#showWindow());
    this.#listen();
  }

  /**
   * @param {Record<string, Place>} pictures
   * @param {Map<string, Uint16Array>} levels
   * @param {string} kind What was planned on, such as a localizer or joined stations.
   */
  show(pictures, levels, kind = "") {
    byId("stages").classList.toggle("single", Object.keys(pictures).length === 1);
    for (const [name, view] of this.views) {
      view.host.hidden = !(name in pictures);
      const caption = /** @type {HTMLElement} */ (view.host.querySelector("figcaption"));
      [caption.textContent, view.host.title] =
        kind === "localizer" ? ACQUIRED[name] : kind === "stitched" ? JOINED : [CAPTIONS[name], ""];
      if (name in pictures) view.show(pictures[name], /** @type {Uint16Array} */ (levels.get(name)));
      else view.clear();
    }
    this.place = this.main.place;
    this.gray = this.main.gray;
    this.#showWindow();
  }

  /**
   * Show a slice beside the midsagittal one, or that one again, where the midsagittal slice stood.
   * @param {Place} place
   * @param {Uint16Array} levels
   * @param {string} words Where a neighbour lies; "" for the midsagittal slice.
   */
  showSlice(place, levels, words) {
    this.main.exchange(place, levels);
    if (words === "") this.gray = this.main.gray;
    const caption = /** @type {HTMLElement} */ (this.main.host.querySelector("figcaption"));
    caption.textContent = words === "" ? CAPTIONS.midsagittal : `${words} of midsagittal`;
  }

  /** @param {Shown} shown */
  draw({ roi, automaticRoi, planes, outline, shown, slice, entry, source }) {
    const canDraw = !source.readOnly && entry.has_mask;
    this.roi = roi;
    byId("mask-tools").hidden = !canDraw;
    this.brush.isOutline = slice !== null && this.isOutlineShown;
    this.brush.show(shown.mask, canDraw);
    for (const [name, plan] of this.plans) {
      plan.planes = planes;
      // With a brush in hand the mask itself is drawn, pixel by pixel.
      plan.outline = name === "midsagittal" && slice === null && !this.brush.isInHand ? outline : null;
      plan.draw();
    }
    this.region.editable = !source.readOnly;
    this.region.limits = entry.roi_limits;
    // The bar is that of the automatic pose: of one that a person has set nothing is known.
    this.region.angle95Deg = roi !== null && roi === automaticRoi ? entry.plan?.uncertainty?.angle95_deg ?? null : null;
    const isMoved = roi !== null && automaticRoi !== null && roi !== automaticRoi;
    // The region lies on the midsagittal slice alone.
    if (slice === null) this.region.show(roi, isMoved ? automaticRoi : null);
    else this.region.show(null, null);
  }

  get isOutlineShown() {
    return this.plans.get("midsagittal")?.shown.has("outline") ?? false;
  }

  /** Bring the region into the middle, with some of its surroundings. */
  lookAtRoi() {
    const { roi, place, main } = this;
    if (roi === null || place === null || main.place === null) return;
    const room = Math.min(...main.viewport.size_px);
    main.lookAt(lpsToMm(main.place, mmToLps(place, roi.center_mm)), room / (roi.size_mm[0] * AROUND_ROI));
  }

  #listen() {
    byId("fit").addEventListener("click", () => this.views.forEach((view) => view.fit()));
    byId("callosum").addEventListener("click", () => this.lookAtRoi());
    byId("zoom-in").addEventListener("click", () => this.main.zoomBy(1.25));
    byId("zoom-out").addEventListener("click", () => this.main.zoomBy(0.8));
    for (const button of document.querySelectorAll("[data-tool]")) {
      button.addEventListener("click", () => {
        const tool = /** @type {HTMLElement} */ (button).dataset.tool ?? "";
        // The same brush again puts it away.
        this.#useTool(this.brush.isInHand && tool === this.brush.tool ? "window" : tool);
      });
    }
    for (const box of document.querySelectorAll("[data-layer]")) {
      box.addEventListener("change", () => this.#toggle(/** @type {HTMLInputElement} */ (box)));
    }
    for (const name of ["level", "width"]) byId(name).addEventListener("input", () => this.#typeWindow());
  }

  /** @param {string} tool */
  #useTool(tool) {
    for (const view of this.views.values()) view.tool = tool;
    this.brush.use(tool);
    this.dispatchEvent(new Event("tool"));
    for (const button of document.querySelectorAll("[data-tool]")) {
      button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.tool === tool));
    }
  }

  /** @param {HTMLInputElement} box */
  #toggle(box) {
    for (const plan of this.plans.values()) {
      if (box.checked) plan.shown.add(box.dataset.layer ?? "");
      else plan.shown.delete(box.dataset.layer ?? "");
      plan.draw();
    }
    this.dispatchEvent(new Event("tool"));
  }

  #showWindow() {
    byId("level", HTMLInputElement).value = this.main.window.center.toFixed(0);
    byId("width", HTMLInputElement).value = this.main.window.width.toFixed(0);
  }

  #typeWindow() {
    const center = byId("level", HTMLInputElement).valueAsNumber;
    const width = byId("width", HTMLInputElement).valueAsNumber;
    if (Number.isFinite(center) && width >= 1) this.main.setWindow({ center, width });
  }
}
