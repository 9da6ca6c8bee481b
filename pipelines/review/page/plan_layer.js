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
      children.push(drawn("path", { class: `stack ${name} ${frame ? "frame" : ""}`, d: path }));
    }
    if (this.outline && this.shown.has("outline")) {
      const points = this.outline.map((point) => this.view.screen(point));
      children.push(drawn("polygon", { class: "outline", points: pointList(points) }));
    }
    this.group.replaceChildren(...children);
  }

  /** @param {Point[]} points */
  #path(points) {
    return `M${pointList(points.map((point) => this.view.screen(point))).replaceAll(" ", "L")}`;
  }
}
