/**
 * Points and axes in the plane of a picture: (x, y) in mm, x toward the left edge (anterior on a
 * sagittal slice), y toward the top. The same frame and signs as in Python's `roi.py`.
 */

/** @typedef {[number, number]} Point */
/** @typedef {[number, number, number]} Vector */

export const DEGREE = Math.PI / 180;

/**
 * The angle of an axis, which has no head, in (-90, 90].
 * @param {number} angleDeg
 */
export function wrapAxisDeg(angleDeg) {
  const turns = (90 - angleDeg) / 180;
  const wrapped = 90 - (turns - Math.floor(turns)) * 180;
  return wrapped <= -90 ? 90 : wrapped;
}

/**
 * Turn in (-180, 180] of a pointer dragged about a centre: atan2 of cross and dot product.
 * @param {Point} center
 * @param {Point} from
 * @param {Point} to
 */
export function dragAngleDeg(center, from, to) {
  const [ax, ay] = [from[0] - center[0], from[1] - center[1]];
  const [bx, by] = [to[0] - center[0], to[1] - center[1]];
  return Math.atan2(ax * by - ay * bx, ax * bx + ay * by) / DEGREE;
}

/**
 * A point turned about another, counter-clockwise in (x, y).
 * @param {Point} point
 * @param {Point} about
 * @param {number} degrees
 * @returns {Point}
 */
export function rotated(point, about, degrees) {
  const [cos, sin] = [Math.cos(degrees * DEGREE), Math.sin(degrees * DEGREE)];
  const [x, y] = [point[0] - about[0], point[1] - about[1]];
  return [about[0] + cos * x - sin * y, about[1] + sin * x + cos * y];
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/**
 * @param {Vector} a
 * @param {Vector} b
 */
export function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/**
 * @param {Vector} a
 * @param {Vector} b
 * @returns {Vector}
 */
export function cross(a, b) {
  return [
    a[1] * b[2] - a[2] * b[1],
    a[2] * b[0] - a[0] * b[2],
    a[0] * b[1] - a[1] * b[0],
  ];
}

/**
 * start + length * direction
 * @param {Vector} start
 * @param {Vector} direction
 * @param {number} length
 * @returns {Vector}
 */
export function along(start, direction, length) {
  return [
    start[0] + direction[0] * length,
    start[1] + direction[1] * length,
    start[2] + direction[2] * length,
  ];
}
