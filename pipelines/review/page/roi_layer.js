/** The region on its picture, with handles for pointer, wheel and keys. */

import { drawn, plateOf, pointList, told, update } from "./dom.js";
import { follow } from "./picture_view.js";
import { CORNERS, cornerDragged, corners, dragged, fromFrame, moved, resized, turned } from "./roi.js";

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./roi.js").Roi} Roi */
/** @typedef {import("./picture_view.js").PictureView} PictureView */

const ARM_PX = 38; // from the anterior end of the region to the handle that turns it
const LABEL_PX = 15;
/** Where the label of the angle may stand beside its handle: the first place that is free is taken. */
const LABEL_PLACES = /** @type {Point[]} */ ([[0, -16], [0, 28], [-40, 5], [40, 5]]);
const STEP_MM = 0.5;
const STEP_DEG = 0.1;
const COARSE = 10; // with Shift
const ARROWS = /** @type {Record<string, Point>} */ ({
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
});

/**
 * Corners of the two sectors that an axis within its error bar passes through.
 * @param {Roi} roi
 * @param {number} degrees
 * @returns {Point[]}
 */
function bandOf(roi, degrees) {
  const half = roi.size_mm[0] / 2;
  const [up, down] = [turned(roi, degrees), turned(roi, -degrees)];
  return [fromFrame(up, [half, 0]), fromFrame(down, [half, 0]), fromFrame(down, [-half, 0]), fromFrame(up, [-half, 0])];
}

/** Tells "edit" with {roi, kind}. */
export class RoiLayer extends EventTarget {
  /** @param {PictureView} view */
  constructor(view) {
    super();
    this.view = view;
    /** @type {Roi | null} */
    this.roi = null;
    /** @type {Roi | null} */
    this.ghost = null;
    /** Error bar of the angle, drawn as a band about the axis; null for none. @type {number | null} */
    this.angle95Deg = null;
    this.editable = true;
    /** @type {import("./roi.js").RoiLimits | null} */
    this.limits = null;
    this.drags = 0;
    this.presses = 0;
    this.ghostShape = drawn("polygon", { class: "ghost" });
    this.body = drawn("polygon", { class: "roi", id: "roi-body", tabindex: 0, role: "group" });
    this.band = drawn("polygon", { class: "roi-band" });
    this.axis = drawn("line", { class: "roi-axis" });
    this.center = drawn("path", { class: "roi-center" });
    this.arm = drawn("line", { class: "roi-arm" });
    this.turn = drawn("circle", { class: "handle turn", id: "roi-turn", r: 8, tabindex: 0, role: "slider" });
    this.plate = drawn("rect", { class: "plate" });
    this.label = drawn("text", { class: "roi-label", "aria-hidden": "true" });
    this.corners = CORNERS.map(([a, b]) =>
      drawn("rect", {
        class: "handle corner",
        id: `roi-corner-${a > 0 ? "anterior" : "posterior"}-${b > 0 ? "superior" : "inferior"}`,
        width: 11,
        height: 11,
        tabindex: 0,
        role: "slider",
        "aria-label": `Size, ${a > 0 ? "anterior" : "posterior"} ${b > 0 ? "superior" : "inferior"} corner`,
      }),
    );
    this.group = drawn("g", { class: "roi-layer" }, [
      this.ghostShape,
      this.band,
      this.axis,
      this.body,
      this.center,
      this.arm,
      ...this.corners,
      this.turn,
      this.plate,
      this.label,
    ]);
    view.layers.append(this.group);
    view.addEventListener("view", () => this.draw());
    this.#listen();
  }

  /**
   * @param {Roi | null} roi
   * @param {Roi | null} ghost The automatic region, where it differs.
   */
  show(roi, ghost) {
    this.roi = roi;
    this.ghost = ghost;
    this.draw();
  }

  draw() {
    const roi = this.roi;
    this.group.toggleAttribute("hidden", roi === null);
    if (roi === null) return;
    const at = (/** @type {Point} */ mm) => this.view.screen(mm);
    const half = roi.size_mm[0] / 2;
    const [end, other] = [at(fromFrame(roi, [half, 0])), at(fromFrame(roi, [-half, 0]))];
    const knob = at(fromFrame(roi, [half + ARM_PX / this.view.viewport.scale, 0]));
    const [x, y] = at(roi.center_mm);
    const points = corners(roi);
    update(this.body, { points: pointList(points.map(at)) });
    update(this.axis, { x1: end[0], y1: end[1], x2: other[0], y2: other[1] });
    update(this.band, { points: this.angle95Deg === null ? "" : pointList(bandOf(roi, this.angle95Deg).map(at)) });
    update(this.center, { d: `M${x - 7} ${y}h14M${x} ${y - 7}v14` });
    update(this.arm, { x1: end[0], y1: end[1], x2: knob[0], y2: knob[1] });
    update(this.turn, { cx: knob[0], cy: knob[1] });
    this.label.textContent = `${told(roi.angle_deg)}°`;
    const place = this.#labelPlace(knob, this.label.textContent);
    update(this.label, { x: place[0], y: place[1], "text-anchor": "middle" });
    update(this.plate, plateOf(this.label.textContent, place, LABEL_PX));
    points.map(at).forEach(([cx, cy], i) => update(this.corners[i], { x: cx - 5.5, y: cy - 5.5 }));
    update(this.ghostShape, { points: this.ghost ? pointList(corners(this.ghost).map(at)) : "" });
    this.#describe(roi);
  }

  /**
   * A place in view that covers neither caption nor letter of the picture.
   * @param {Point} knob
   * @param {string} text
   * @returns {Point}
   */
  #labelPlace(knob, text) {
    const [width, height] = this.view.viewport.size_px;
    const places = LABEL_PLACES.map(([dx, dy]) => /** @type {Point} */ ([knob[0] + dx, knob[1] + dy]));
    const isFree = (/** @type {Point} */ at) => {
      const box = plateOf(text, at, LABEL_PX);
      const [right, bottom] = [box.x + box.width, box.y + box.height];
      const isInside = box.x >= 0 && box.y >= 28 && right <= width && bottom <= height - 28;
      const isOnLetter = Math.abs(at[1] - height / 2) < 24 && (box.x < 28 || right > width - 28);
      return isInside && !isOnLetter;
    };
    return places.find(isFree) ?? places[0];
  }

  /** @param {Roi} roi */
  #describe(roi) {
    const { middle_deg: middle, reach_deg: reach, largest_mm: largest } = this.limits ?? { middle_deg: 0, reach_deg: 60, largest_mm: 300 };
    const steepest = middle === 0 ? reach : 90;
    const [x, y] = roi.center_mm.map((value) => told(value));
    update(this.body, {
      "aria-label": `Region, centre ${x} mm anterior, ${y} mm superior. Arrow keys move it`,
      "aria-roledescription": "movable region",
    });
    update(this.turn, {
      "aria-label": "Angle of the region",
      "aria-valuemin": String(-steepest),
      "aria-valuemax": String(steepest),
      "aria-valuenow": roi.angle_deg.toFixed(1),
      "aria-valuetext": `${told(roi.angle_deg)} degrees`,
    });
    for (const corner of this.corners) {
      update(corner, {
        "aria-valuemin": "5",
        "aria-valuemax": String(largest),
        "aria-valuenow": roi.size_mm[0].toFixed(1),
        "aria-valuetext": `${told(roi.size_mm[0])} by ${told(roi.size_mm[1])} mm`,
      });
    }
    for (const handle of [this.turn, this.arm, ...this.corners]) handle.toggleAttribute("hidden", !this.editable);
    this.body.classList.toggle("fixed", !this.editable);
  }

  #listen() {
    const drag = (
      /** @type {SVGElement} */ target,
      /** @type {(start: Roi, from: Point, to: Point) => Roi} */ change,
    ) =>
      target.addEventListener("pointerdown", (event) =>
        this.#drag(target, /** @type {PointerEvent} */ (event), change),
      );
    drag(this.body, (start, from, to) => moved(start, [to[0] - from[0], to[1] - from[1]]));
    drag(this.turn, dragged);
    this.corners.forEach((corner, i) => drag(corner, (start, from, to) => cornerDragged(start, from, to, CORNERS[i])));
    this.body.addEventListener("keydown", (event) => this.#key(event, "move", moved, STEP_MM));
    this.turn.addEventListener("keydown", (event) =>
      this.#key(event, "turn", (roi, [x, y]) => turned(roi, x === 0 ? y : -x), STEP_DEG),
    );
    for (const corner of this.corners) {
      corner.addEventListener("keydown", (event) =>
        this.#key(
          event,
          "size",
          (roi, [x, y]) => resized(roi, [roi.size_mm[0] - x, Math.min(roi.size_mm[1] + y, roi.size_mm[0])]),
          STEP_MM,
        ),
      );
    }
    this.view.host.addEventListener("wheel", (event) => this.#wheel(event), { passive: false, capture: true });
  }

  /**
   * @param {SVGElement} target
   * @param {PointerEvent} press
   * @param {(start: Roi, from: Point, to: Point) => Roi} change
   */
  #drag(target, press, change) {
    const start = this.roi;
    if (start === null || press.button !== 0 || !this.editable) return;
    press.preventDefault();
    target.focus();
    const from = this.view.pointMm(press);
    const kind = `drag#${(this.drags += 1)}`;
    follow(target, press, (event) => this.#tell(change(start, from, this.view.pointMm(event)), kind));
  }

  /**
   * @param {KeyboardEvent} event
   * @param {string} kind
   * @param {(roi: Roi, by: Point) => Roi} change
   * @param {number} step
   */
  #key(event, kind, change, step) {
    const way = ARROWS[event.key];
    if (way === undefined || this.roi === null || !this.editable || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const length = step * (event.shiftKey ? COARSE : 1);
    // Each press is a step to undo; a key that is held down makes one.
    if (!event.repeat) this.presses += 1;
    this.#tell(change(this.roi, [way[0] * length, way[1] * length]), `${kind}#${this.presses}`);
  }

  /**
   * A wheel over the turning handle, or with Shift anywhere, turns in fine steps.
   * @param {WheelEvent} event
   */
  #wheel(event) {
    const onHandle = event.target === this.turn;
    if (this.roi === null || !this.editable || !(event.shiftKey || onHandle)) return;
    event.preventDefault();
    const down = event.deltaY || event.deltaX;
    this.#tell(turned(this.roi, -Math.sign(down) * STEP_DEG), "turn by wheel");
  }

  /**
   * @param {Roi} roi
   * @param {string} kind
   */
  #tell(roi, kind) {
    this.dispatchEvent(new CustomEvent("edit", { detail: { roi, kind } }));
  }
}
