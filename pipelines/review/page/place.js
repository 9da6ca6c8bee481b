/** Where a picture lies in the patient (DICOM LPS, mm), as Python's `SliceImage`. */

import { along, cross, dot } from "./geometry.js";

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./geometry.js").Vector} Vector */

/**
 * @typedef {object} Place
 * @property {[number, number]} shape Rows and columns.
 * @property {[number, number]} spacing_mm Between rows, between columns.
 * @property {Vector} center_lps_mm
 * @property {Vector} row_dir Toward growing columns.
 * @property {Vector} col_dir Toward growing rows.
 */

/**
 * Width and height of a picture in mm.
 * @param {Place} place
 * @returns {Point}
 */
export function extentMm(place) {
  return [place.shape[1] * place.spacing_mm[1], place.shape[0] * place.spacing_mm[0]];
}

/**
 * @param {Place} place
 * @returns {Vector}
 */
export function normal(place) {
  return cross(place.row_dir, place.col_dir);
}

/**
 * (x, y) in the picture of a patient position, projected along the normal.
 * @param {Place} place
 * @param {Vector} lps
 * @returns {Point}
 */
export function lpsToMm(place, lps) {
  const offset = along(lps, place.center_lps_mm, -1);
  return [-dot(offset, place.row_dir), -dot(offset, place.col_dir)];
}

/**
 * Patient position of (x, y) in the picture.
 * @param {Place} place
 * @param {Point} mm
 * @returns {Vector}
 */
export function mmToLps(place, [x, y]) {
  return along(along(place.center_lps_mm, place.row_dir, -x), place.col_dir, -y);
}

/**
 * Distance of a patient position in front of the picture.
 * @param {Place} place
 * @param {Vector} lps
 */
export function heightMm(place, lps) {
  return dot(along(lps, place.center_lps_mm, -1), normal(place));
}

/**
 * Letters of the patient directions toward the left, right, top and bottom edge of a picture.
 * @param {Place} place
 */
export function edgeLetters(place) {
  return {
    left: letter(place.row_dir, -1),
    right: letter(place.row_dir, 1),
    top: letter(place.col_dir, -1),
    bottom: letter(place.col_dir, 1),
  };
}

/**
 * @param {Vector} direction
 * @param {number} sign
 */
function letter(direction, sign) {
  const axis = [0, 1, 2].reduce((best, i) => (Math.abs(direction[i]) > Math.abs(direction[best]) ? i : best));
  return (direction[axis] * sign > 0 ? "LPS" : "RAI")[axis];
}
