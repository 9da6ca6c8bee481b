/** The region of interest: a box of any tilt that is moved, sized and turned. Values, never changed in place. */

import { clamp, dragAngleDeg, rotated, wrapAxisDeg } from "./geometry.js";

/** @typedef {import("./geometry.js").Point} Point */

/**
 * @typedef {object} Roi
 * @property {Point} center_mm
 * @property {Point} size_mm Length along the axis, then width; the length is never the smaller.
 * @property {number} angle_deg Tilt of the axis, positive when its anterior end is higher.
 */

/**
 * @typedef {object} RoiLimits What a plan takes; the server refuses anything else.
 * @property {number} middle_deg Angle about which all angles lie: 0 for a callosum, 90 for a spine.
 * @property {number} reach_deg How far from it they may lie.
 * @property {number} largest_mm Longest side.
 */

export const SMALLEST_MM = 5;

/** Signs along and across of the corners, counter-clockwise from the inferior posterior one. */
export const CORNERS = /** @type {const} */ ([[-1, -1], [1, -1], [1, 1], [-1, 1]]);

/**
 * Point (x, y) of coordinates along and across from the centre.
 * @param {Roi} roi
 * @param {Point} alongAcross
 * @returns {Point}
 */
export function fromFrame(roi, alongAcross) {
  const [x, y] = roi.center_mm;
  return rotated([x + alongAcross[0], y + alongAcross[1]], roi.center_mm, roi.angle_deg);
}

/**
 * Coordinates along and across from the centre of a point (x, y).
 * @param {Roi} roi
 * @param {Point} point
 * @returns {Point}
 */
export function toFrame(roi, point) {
  const [x, y] = rotated(point, roi.center_mm, -roi.angle_deg);
  return [x - roi.center_mm[0], y - roi.center_mm[1]];
}

/**
 * @param {Roi} roi
 * @returns {Point[]}
 */
export function corners(roi) {
  return CORNERS.map(([a, b]) => fromFrame(roi, [(a * roi.size_mm[0]) / 2, (b * roi.size_mm[1]) / 2]));
}

/**
 * @param {Roi} roi
 * @param {Point} by
 * @returns {Roi}
 */
export function moved(roi, by) {
  return { ...roi, center_mm: [roi.center_mm[0] + by[0], roi.center_mm[1] + by[1]] };
}

/**
 * @param {Roi} roi
 * @param {number} degrees
 * @returns {Roi}
 */
export function turned(roi, degrees) {
  return { ...roi, angle_deg: wrapAxisDeg(roi.angle_deg + degrees) };
}

/**
 * Turned about its centre by a drag of the pointer.
 * @param {Roi} roi
 * @param {Point} from
 * @param {Point} to
 * @returns {Roi}
 */
export function dragged(roi, from, to) {
  return turned(roi, dragAngleDeg(roi.center_mm, from, to));
}

/**
 * Another size about the same centre, so that the slices through the centre stay.
 * @param {Roi} roi
 * @param {Point} size
 * @returns {Roi}
 */
export function resized(roi, size) {
  const width = Math.max(size[1], SMALLEST_MM);
  return { ...roi, size_mm: [Math.max(size[0], width), width] };
}

/**
 * The nearest region that a plan takes.
 * @param {Roi} roi
 * @param {RoiLimits} limits
 * @returns {Roi}
 */
export function bounded(roi, limits) {
  const away = wrapAxisDeg(roi.angle_deg - limits.middle_deg);
  const [length, width] = roi.size_mm.map((side) => Math.min(side, limits.largest_mm));
  return {
    ...roi,
    size_mm: [length, width],
    angle_deg: wrapAxisDeg(limits.middle_deg + clamp(away, -limits.reach_deg, limits.reach_deg)),
  };
}

/**
 * Sized so that a corner follows the pointer.
 * @param {Roi} roi
 * @param {Point} from Where the pointer took the corner.
 * @param {Point} to
 * @param {readonly [number, number]} corner Signs along and across, of `CORNERS`.
 * @returns {Roi}
 */
export function cornerDragged(roi, from, to, corner) {
  const [a0, b0] = toFrame(roi, from);
  const [a1, b1] = toFrame(roi, to);
  const length = roi.size_mm[0] + 2 * corner[0] * (a1 - a0);
  const width = Math.min(roi.size_mm[1] + 2 * corner[1] * (b1 - b0), Math.max(length, SMALLEST_MM));
  return resized(roi, [length, width]);
}

/**
 * To 1e-4 mm and degree, as plans are kept: what was turned there and back is the same again.
 * @param {Roi} roi
 * @returns {Roi}
 */
export function rounded(roi) {
  const round = (/** @type {number} */ value) => Math.round(value * 1e4) / 1e4 + 0;
  return {
    center_mm: [round(roi.center_mm[0]), round(roi.center_mm[1])],
    size_mm: [round(roi.size_mm[0]), round(roi.size_mm[1])],
    angle_deg: round(roi.angle_deg),
  };
}

/**
 * @param {Roi | null} a
 * @param {Roi | null} b
 */
export function sameRoi(a, b) {
  return JSON.stringify(a && rounded(a)) === JSON.stringify(b && rounded(b));
}
