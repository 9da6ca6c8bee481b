/** Planned stacks as lines on a picture. The stacks themselves are always Python's. */

import { along, cross, dot } from "./geometry.js";
import { heightMm, lpsToMm, normal } from "./place.js";

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./geometry.js").Vector} Vector */
/** @typedef {import("./place.js").Place} Place */

/**
 * @typedef {object} Stack
 * @property {number[]} image_orientation_patient
 * @property {Vector} center_lps_mm
 * @property {[number, number]} fov_mm Along the rows, along the columns.
 * @property {number} thickness_mm
 * @property {number} gap_mm
 * @property {number} n_slices
 * @property {string} prescription
 * @property {string[]} assumed Angles that were not measured.
 */

export const STACKS = /** @type {const} */ (["transverse", "coronal", "sagittal"]);

/** Slices within this angle of a picture are drawn as their field of view, not as lines. */
const ALONG_PICTURE = Math.cos((20 * Math.PI) / 180);

/**
 * What a stack looks like on a picture: the lines where its slices cut it, or, where it lies along
 * the picture, the frame of its field of view.
 * @param {Stack} stack
 * @param {Place} place
 * @returns {{lines: [Point, Point][], frame: Point[] | null}}
 */
export function drawnOn(stack, place) {
  const [rows, columns] = directions(stack);
  const through = cross(rows, columns);
  if (Math.abs(dot(through, normal(place))) > ALONG_PICTURE) {
    const frame = sliceCorners(stack, stack.center_lps_mm).map((corner) => lpsToMm(place, corner));
    return { lines: [], frame };
  }
  const lines = [];
  for (let i = 0; i < stack.n_slices; i += 1) {
    const step = (i - (stack.n_slices - 1) / 2) * (stack.thickness_mm + stack.gap_mm);
    const line = cut(sliceCorners(stack, along(stack.center_lps_mm, through, step)), place);
    if (line !== null) lines.push(line);
  }
  return { lines, frame: null };
}

/**
 * @param {Stack} stack
 * @returns {[Vector, Vector]}
 */
function directions(stack) {
  const [a, b, c, d, e, f] = stack.image_orientation_patient;
  return [[a, b, c], [d, e, f]];
}

/**
 * @param {Stack} stack
 * @param {Vector} center
 * @returns {Vector[]}
 */
function sliceCorners(stack, center) {
  const [rows, columns] = directions(stack);
  const [width, height] = [stack.fov_mm[0] / 2, stack.fov_mm[1] / 2];
  return [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([a, b]) =>
    along(along(center, rows, a * width), columns, b * height),
  );
}

/**
 * Where a rectangle cuts the plane of a picture; null where it does not.
 * @param {Vector[]} rectangle
 * @param {Place} place
 * @returns {[Point, Point] | null}
 */
function cut(rectangle, place) {
  const heights = rectangle.map((corner) => heightMm(place, corner));
  const found = /** @type {Point[]} */ ([]);
  rectangle.forEach((corner, i) => {
    const j = (i + 1) % rectangle.length;
    if (heights[i] > 0 === heights[j] > 0) return;
    const share = heights[i] / (heights[i] - heights[j]);
    const side = along(rectangle[j], corner, -1);
    found.push(lpsToMm(place, along(corner, side, share)));
  });
  return found.length === 2 ? [found[0], found[1]] : null;
}
