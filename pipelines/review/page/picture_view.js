/** One picture on screen: gray levels on a canvas, drawings on top, window, zoom and pan. */

import { drawn, plateOf, update } from "./dom.js";
import { edgeLetters, lpsToMm, mmToLps } from "./place.js";
import { fitted, panned, resizedView, toMm, toScreen, zoomed } from "./viewport.js";
import { fittingWindow, grayTable, windowDragged } from "./window_level.js";

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./place.js").Place} Place */
/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {import("./window_level.js").Window} Window */

const WHEEL_ZOOM = 1.0015;
const SCALE_BAR_MM = 20;

/** Tells "view" when zoom or place changed, and "window" when its window was dragged. */
export class PictureView extends EventTarget {
  /** @param {HTMLElement} host An element with a canvas and an svg in it. */
  constructor(host) {
    super();
    this.host = host;
    this.canvas = /** @type {HTMLCanvasElement} */ (host.querySelector("canvas"));
    this.svg = /** @type {SVGSVGElement} */ (host.querySelector("svg"));
    /** @type {Place | null} */
    this.place = null;
    /** @type {Uint16Array} */
    this.levels = new Uint16Array(0);
    /** @type {Window} */
    this.window = { center: 2048, width: 4096 };
    /** @type {Viewport} */
    this.viewport = { size_px: [1, 1], center_mm: [0, 0], scale: 1 };
    /** What dragging the background does with the main button. */
    this.tool = "window";
    this.marks = drawn("g", { class: "marks", "aria-hidden": "true" });
    this.layers = drawn("g");
    this.svg.append(this.layers, this.marks);
    this.gray = document.createElement("canvas");
    /** Of the host; told by the browser, because asking for it lays out the whole page. @type {[number, number]} */
    this.size_px = [Math.max(host.clientWidth, 1), Math.max(host.clientHeight, 1)];
    new ResizeObserver(([{ contentRect: { width, height } }]) => this.#resize(width, height)).observe(host);
    this.#listen();
  }

  /**
   * @param {Place} place
   * @param {Uint16Array} levels
   */
  show(place, levels) {
    this.place = place;
    this.levels = levels;
    this.window = fittingWindow(levels, place.shape);
    [this.gray.height, this.gray.width] = place.shape;
    this.#render();
    this.fit();
  }

  /**
   * Show a parallel slice instead, on a canvas of its own; window, zoom and what is looked at stay.
   * @param {Place} place
   * @param {Uint16Array} levels
   */
  exchange(place, levels) {
    const { center_mm } = this.viewport;
    const center = this.place === null ? center_mm : lpsToMm(place, mmToLps(this.place, center_mm));
    [this.place, this.levels] = [place, levels];
    this.gray = document.createElement("canvas");
    [this.gray.height, this.gray.width] = place.shape;
    this.#render();
    this.lookAt(center, this.viewport.scale);
  }

  clear() {
    this.place = null;
    this.marks.replaceChildren();
    this.#paint();
  }

  fit() {
    if (this.place === null) return;
    this.#setViewport(fitted(this.place, this.size_px));
  }

  /** @param {Point} center @param {number} scale */
  lookAt(center, scale) {
    this.#setViewport({ ...this.viewport, center_mm: center, scale });
  }

  /** @param {number} factor */
  zoomBy(factor) {
    const [width, height] = this.viewport.size_px;
    this.#setViewport(zoomed(this.viewport, factor, [width / 2, height / 2]));
  }

  /** @param {Window} window */
  setWindow(window) {
    this.window = window;
    this.#render();
    this.#paint();
  }

  /** @param {Point} mm */
  screen(mm) {
    return toScreen(this.viewport, mm);
  }

  /**
   * Position of a pointer in mm.
   * @param {MouseEvent} event
   */
  pointMm(event) {
    return toMm(this.viewport, this.#pixel(event));
  }

  /** @param {MouseEvent} event @returns {Point} */
  #pixel(event) {
    const box = this.host.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  #resize(width, height) {
    const [before] = this.size_px;
    this.size_px = [Math.max(width, 1), Math.max(height, 1)];
    if (this.place === null || before === 1) this.fit();
    else this.#setViewport(resizedView(this.viewport, this.size_px));
  }

  /** @param {Viewport} viewport */
  #setViewport(viewport) {
    this.viewport = viewport;
    const [width, height] = viewport.size_px;
    const density = window.devicePixelRatio || 1;
    [this.canvas.width, this.canvas.height] = [Math.round(width * density), Math.round(height * density)];
    update(this.svg, { viewBox: `0 0 ${width} ${height}` });
    this.#paint();
    this.#mark();
    this.dispatchEvent(new Event("view"));
  }

  /** Gray levels to a picture of one canvas pixel a voxel. */
  #render() {
    if (this.place === null) return;
    const table = grayTable(this.window);
    const context = /** @type {CanvasRenderingContext2D} */ (this.gray.getContext("2d"));
    const image = context.createImageData(this.gray.width, this.gray.height);
    const words = new Uint32Array(image.data.buffer);
    this.levels.forEach((level, i) => {
      const gray = table[level];
      words[i] = 0xff000000 | (gray << 16) | (gray << 8) | gray;
    });
    context.putImageData(image, 0, 0);
  }

  #paint() {
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.place === null) return;
    const density = this.canvas.width / this.viewport.size_px[0];
    const [height, width] = this.place.shape;
    const [down, across] = this.place.spacing_mm;
    const [left, top] = this.screen([(width * across) / 2, (height * down) / 2]);
    const scale = this.viewport.scale * density;
    context.setTransform(scale * across, 0, 0, scale * down, left * density, top * density);
    context.imageSmoothingQuality = "high";
    context.drawImage(this.gray, 0, 0);
  }

  /** Letters of the directions and a scale bar. */
  #mark() {
    if (this.place === null) return;
    const [width, height] = this.viewport.size_px;
    const { left, right, top, bottom } = edgeLetters(this.place);
    const bar = SCALE_BAR_MM * this.viewport.scale;
    const write = (/** @type {string} */ text, /** @type {number} */ x, /** @type {number} */ y, size = 15) => [
      drawn("rect", { class: "plate", ...plateOf(text, [x, y], size) }),
      drawn("text", { x, y, "text-anchor": "middle", class: size < 15 ? "small" : "" }, [text]),
    ];
    const shown = [
      ...write(left, 14, height / 2 + 5),
      ...write(right, width - 14, height / 2 + 5),
      ...write(top, width / 2, 20),
      ...write(bottom, width / 2, height - 10),
    ];
    if (bar < width / 2) {
      shown.push(
        ...write(`${SCALE_BAR_MM} mm`, width - 16 - bar / 2, height - 22, 12),
        drawn("path", { d: `M${width - 16 - bar} ${height - 18}v6h${bar}v-6` }),
      );
    }
    this.marks.replaceChildren(...shown);
  }

  #listen() {
    this.host.addEventListener("contextmenu", (event) => event.preventDefault());
    this.host.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.host.addEventListener("pointerdown", (event) => this.#press(event));
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (this.place === null || event.defaultPrevented || event.ctrlKey) return;
    event.preventDefault();
    const factor = WHEEL_ZOOM ** -event.deltaY;
    this.#setViewport(zoomed(this.viewport, factor, this.#pixel(event)));
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (this.place === null || event.defaultPrevented || event.button > 2) return;
    const pans = (this.tool === "pan") === (event.button === 0);
    let last = this.#pixel(event);
    const move = (/** @type {PointerEvent} */ next) => {
      const now = this.#pixel(next);
      const by = /** @type {Point} */ ([now[0] - last[0], now[1] - last[1]]);
      last = now;
      if (pans) this.#setViewport(panned(this.viewport, by));
      else this.#dragWindow(by);
    };
    follow(this.host, event, move);
  }

  /** @param {Point} by */
  #dragWindow(by) {
    this.setWindow(windowDragged(this.window, by[0], by[1]));
    this.dispatchEvent(new Event("window"));
  }
}

/**
 * Follow a pressed pointer until it is let go.
 * @param {Element} target
 * @param {PointerEvent} press
 * @param {(event: PointerEvent) => void} move
 * @param {() => void} done Once it is let go.
 */
export function follow(target, press, move, done = () => {}) {
  const onMove = (/** @type {Event} */ event) => move(/** @type {PointerEvent} */ (event));
  const end = () => {
    target.removeEventListener("pointermove", onMove);
    target.removeEventListener("pointerup", end);
    target.removeEventListener("pointercancel", end);
    done();
  };
  target.setPointerCapture(press.pointerId);
  target.addEventListener("pointermove", onMove);
  target.addEventListener("pointerup", end);
  target.addEventListener("pointercancel", end);
}
