/** The mask on its picture while a brush is in hand: drawn, erased or pulled by pointer or keys. */

import { byId, drawn, told, update } from "./dom.js";
import { brushed, maskAreaMm2, maskBorder, pulled, sameMask } from "./mask_pixels.js";
import { follow } from "./picture_view.js";

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./mask_pixels.js").Mask} Mask */
/** @typedef {import("./picture_view.js").PictureView} PictureView */

/** What each brush is called, and how far it reaches in radii. */
const BRUSHES = /** @type {Record<string, {label: string, reach: number}>} */ ({
  draw: { label: "Brush", reach: 1 },
  erase: { label: "Eraser", reach: 1 },
  pull: { label: "Hand that pulls the outline", reach: 3 },
});
const PACES = /** @type {Record<string, Point>} */ ({
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
});

/** Tells "edit" with {mask, kind} at the end of a stroke, and "area" with the area of now. */
export class MaskLayer extends EventTarget {
  /** @param {PictureView} view */
  constructor(view) {
    super();
    this.view = view;
    /** @type {Mask | null} Of the case; a stroke goes on from it. */
    this.mask = null;
    /** @type {Mask | null} While a stroke is made. */
    this.stroke = null;
    this.isEditable = false;
    /** Whether the border is drawn with no brush in hand too. */
    this.isOutline = false;
    this.tool = "";
    /** @type {Point} */
    this.at = [0, 0];
    /** @type {Point | null} Where the pen of the keyboard went down. */
    this.down = null;
    this.strokes = 0;
    this.border = drawn("path", { class: "mask-border", "aria-hidden": "true" });
    this.brush = drawn("circle", { class: "mask-brush", id: "mask-brush", tabindex: 0, role: "group" });
    this.group = drawn("g", { class: "mask-layer", hidden: "" }, [this.border, this.brush]);
    view.layers.append(this.group);
    view.addEventListener("view", () => this.draw());
    this.#listen();
  }

  get isInHand() {
    return this.isEditable && this.tool in BRUSHES && this.view.place !== null;
  }

  /** @param {string} tool */
  use(tool) {
    this.#lift();
    this.tool = tool;
    if (this.isInHand && this.view.place) this.at = this.#start();
    this.draw();
    if (this.isInHand) /** @type {SVGElement} */ (this.brush).focus({ preventScroll: true });
  }

  /**
   * @param {Mask | null} mask
   * @param {boolean} isEditable
   */
  show(mask, isEditable) {
    if (mask !== this.mask) this.stroke = this.down = null;
    this.mask = mask;
    this.isEditable = isEditable;
    this.draw();
  }

  draw() {
    const { place } = this.view;
    const isDrawn = this.isInHand || this.isOutline;
    this.group.toggleAttribute("hidden", !isDrawn);
    this.brush.toggleAttribute("hidden", !this.isInHand);
    this.view.host.classList.toggle("masking", this.isInHand);
    if (!isDrawn || place === null) return;
    const mask = this.stroke ?? this.mask;
    const pieces = mask === null ? [] : maskBorder(mask, place);
    const point = (/** @type {Point} */ mm) => this.view.screen(mm).map((value) => value.toFixed(1)).join(" ");
    update(this.border, { d: pieces.map(([from, to]) => `M${point(from)}L${point(to)}`).join("") });
    if (this.isInHand) this.#drawBrush();
  }

  #drawBrush() {
    const { label } = BRUSHES[this.tool];
    const [cx, cy] = this.view.screen(this.at);
    const [x, y] = this.at.map((value) => told(value));
    update(this.brush, {
      cx,
      cy,
      r: Math.max(this.radiusMm * this.view.viewport.scale, 2),
      class: `mask-brush ${this.tool}${this.down ? " down" : ""}`,
      "aria-roledescription": "brush",
      "aria-label": `${label}, ${this.down ? "down" : "up"}, ${x} mm anterior, ${y} mm superior. Arrow keys move it, Space puts it down and lifts it`,
    });
  }

  get radiusMm() {
    const size = byId("brush", HTMLInputElement).valueAsNumber;
    return Math.min(Math.max(Number.isFinite(size) ? size : 4, 0.5), 40) / 2;
  }

  /** Where the keyboard begins: the anterior end of the mask, else the middle of the view. */
  #start() {
    const place = /** @type {import("./place.js").Place} */ (this.view.place);
    const points = this.mask === null ? [] : maskBorder(this.mask, place).map(([from]) => from);
    return points.reduce((best, point) => (point[0] > best[0] ? point : best), points[0] ?? this.view.viewport.center_mm);
  }

  /**
   * The mask of a stroke that has come to a place.
   * @param {Point} first Where it began.
   * @param {Point} last Where it was before.
   * @param {Point} now
   */
  #go(first, last, now) {
    const place = /** @type {import("./place.js").Place} */ (this.view.place);
    const empty = () => new Uint8Array(place.shape[0] * place.shape[1]);
    const base = this.mask ?? empty();
    this.at = now;
    this.stroke =
      this.tool === "pull"
        ? pulled(base, place, first, now, this.radiusMm * BRUSHES.pull.reach)
        : brushed(this.stroke ?? base, place, last, now, this.radiusMm, this.tool === "draw" ? 1 : 0);
    this.dispatchEvent(new CustomEvent("area", { detail: maskAreaMm2(this.stroke, place) }));
    this.draw();
  }

  #end() {
    const made = this.stroke;
    this.stroke = null;
    this.strokes += 1;
    if (made === null || sameMask(made, this.mask)) this.draw();
    else this.dispatchEvent(new CustomEvent("edit", { detail: { mask: made, kind: `stroke#${this.strokes}` } }));
  }

  /** Lift the pen of the keyboard. */
  #lift() {
    if (this.down === null) return;
    this.down = null;
    this.#end();
  }

  #listen() {
    const { host } = this.view;
    host.addEventListener("pointerdown", (event) => this.#press(event), { capture: true });
    host.addEventListener("pointermove", (event) => {
      if (!this.isInHand || this.down || this.stroke) return;
      this.at = this.view.pointMm(event);
      this.#drawBrush();
    });
    this.brush.addEventListener("keydown", (event) => this.#key(/** @type {KeyboardEvent} */ (event)));
    this.brush.addEventListener("blur", () => this.#lift());
    byId("brush").addEventListener("input", () => this.draw());
  }

  /** @param {PointerEvent} press */
  #press(press) {
    if (!this.isInHand || press.button !== 0) return;
    press.preventDefault();
    press.stopPropagation();
    this.#lift();
    const first = this.view.pointMm(press);
    let last = first;
    this.#go(first, first, first);
    const move = (/** @type {PointerEvent} */ event) => {
      const now = this.view.pointMm(event);
      this.#go(first, last, now);
      last = now;
    };
    follow(this.view.host, press, move, () => this.#end());
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!this.isInHand || event.ctrlKey || event.metaKey || event.altKey) return;
    const way = PACES[event.key];
    if (event.key === " ") {
      event.preventDefault();
      if (this.down) this.#lift();
      else {
        this.down = this.at;
        this.#go(this.at, this.at, this.at);
      }
    } else if (way !== undefined && this.view.place) {
      event.preventDefault();
      const [down, across] = this.view.place.spacing_mm;
      const paces = event.shiftKey ? 10 : 1;
      const last = this.at;
      const now = /** @type {Point} */ ([last[0] + way[0] * across * paces, last[1] + way[1] * down * paces]);
      if (this.down) this.#go(this.down, last, now);
      else {
        this.at = now;
        this.#drawBrush();
      }
    }
  }
}
