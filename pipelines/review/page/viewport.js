/** What part of a picture is seen: a centre in mm and a zoom. Values, never changed in place. */

import { clamp } from "./geometry.js";
import { extentMm } from "./place.js";

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./place.js").Place} Place */

/**
 * @typedef {object} Viewport
 * @property {[number, number]} size_px Width and height of the view.
 * @property {Point} center_mm What lies in its middle.
 * @property {number} scale Pixels a millimetre.
 */

const ROOM = 0.94; // of the view that a fitted picture takes
const LARGEST_SCALE = 40;
const SMALLEST_SCALE = 0.4;

/**
 * The whole picture, centred.
 * @param {Place} place
 * @param {[number, number]} size
 * @returns {Viewport}
 */
export function fitted(place, size) {
  const [width, height] = extentMm(place);
  const scale = Math.max(ROOM * Math.min(size[0] / width, size[1] / height), SMALLEST_SCALE);
  return { size_px: size, center_mm: [0, 0], scale };
}

/**
 * @param {Viewport} view
 * @param {Point} mm
 * @returns {Point}
 */
export function toScreen(view, mm) {
  return [
    view.size_px[0] / 2 - (mm[0] - view.center_mm[0]) * view.scale,
    view.size_px[1] / 2 - (mm[1] - view.center_mm[1]) * view.scale,
  ];
}

/**
 * @param {Viewport} view
 * @param {Point} px
 * @returns {Point}
 */
export function toMm(view, px) {
  return [
    view.center_mm[0] - (px[0] - view.size_px[0] / 2) / view.scale,
    view.center_mm[1] - (px[1] - view.size_px[1] / 2) / view.scale,
  ];
}

/**
 * Zoomed by a factor; the point under the pointer stays there.
 * @param {Viewport} view
 * @param {number} factor
 * @param {Point} at Pixel.
 * @returns {Viewport}
 */
export function zoomed(view, factor, at) {
  const scale = clamp(view.scale * factor, SMALLEST_SCALE, LARGEST_SCALE);
  const [x, y] = toMm(view, at);
  const share = view.scale / scale;
  const [cx, cy] = view.center_mm;
  return { ...view, scale, center_mm: [x + (cx - x) * share, y + (cy - y) * share] };
}

/**
 * Shifted so that the picture follows the pointer.
 * @param {Viewport} view
 * @param {Point} by Pixels to the right and down.
 * @returns {Viewport}
 */
export function panned(view, by) {
  const [x, y] = view.center_mm;
  return { ...view, center_mm: [x + by[0] / view.scale, y + by[1] / view.scale] };
}

/**
 * @param {Viewport} view
 * @param {[number, number]} size
 * @returns {Viewport}
 */
export function resizedView(view, size) {
  const scale = view.scale * Math.min(size[0] / view.size_px[0], size[1] / view.size_px[1]);
  return { ...view, size_px: size, scale };
}
