/** Outline of the mask and planned stacks on a picture. */

import { drawn, pointList } from "./dom.js";
import { STACKS, drawnOn } from "./stacks.js";

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./picture_view.js").PictureView} PictureView */
/** @typedef {import("./source.js").Planes} Planes */

export class PlanLayer {
  /** @param {PictureView} view */
  constructor(view) {
    this.view = view;
    /** @type {Planes | null} */
    this.planes = null;
    /** @type {Point[] | null} */
    this.outline = null;
    /** Names of what is shown. */
    this.shown = new Set(["outline", ...STACKS]);
    this.group = drawn("g", { class: "plan-layer", "aria-hidden": "true" });
    view.layers.append(this.group);
    view.addEventListener("view", () => this.draw());
  }

  draw() {
    const place = this.view.place;
    const children = [];
    for (const name of STACKS) {
      if (place === null || this.planes === null || !this.shown.has(name)) continue;
      const { lines, frame } = drawnOn(this.planes[name], place);
      const path = lines.map((line) => this.#path(line)).join("") + (frame ? `${this.#path(frame)}Z` : "");
      children.push(drawn("path", { class: `stack ${name} ${frame ? "frame" : "slices"}`, d: path }));
      if (frame === null) children.push(drawn("path", { class: `stack ${name}`, d: this.#block(lines) }));
    }
    if (this.outline && this.shown.has("outline")) {
      const points = this.outline.map((point) => this.view.screen(point));
      children.push(drawn("polygon", { class: "outline", points: pointList(points) }));
    }
    this.group.replaceChildren(...children);
  }

  /**
   * The border of a stack, from its first slice to its last.
   * @param {[Point, Point][]} lines
   */
  #block(lines) {
    if (lines.length === 0) return "";
    const [first, last] = [lines[0], lines[lines.length - 1]];
    const along = (last[1][0] - last[0][0]) * (first[1][0] - first[0][0]) + (last[1][1] - last[0][1]) * (first[1][1] - first[0][1]);
    return `${this.#path([...first, ...(along > 0 ? [last[1], last[0]] : last)])}Z`;
  }

  /** @param {Point[]} points */
  #path(points) {
    return `M${pointList(points.map((point) => this.view.screen(point))).replaceAll(" ", "L")}`;
  }
}
