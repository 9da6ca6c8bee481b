/** Which gray levels a picture shows: a window of some width about a centre. */

import { clamp } from "./geometry.js";

/**
 * @typedef {object} Window
 * @property {number} center
 * @property {number} width
 */

export const LEVELS = 4096;

/**
 * A window that leaves out the darkest hundredth and the brightest half hundredth of the tissue.
 * @param {Uint16Array} levels
 * @returns {Window}
 */
export function fittingWindow(levels) {
  const counts = new Uint32Array(LEVELS);
  for (const level of levels) counts[Math.min(level, LEVELS - 1)] += 1;
  const seen = levels.length - counts[0];
  const low = quantile(counts, 0.01 * seen);
  const high = Math.max(quantile(counts, 0.995 * seen), low + 1);
  return { center: (low + high) / 2, width: high - low };
}

/**
 * Level below which that many pixels lie; level 0, the air around, is not counted.
 * @param {Uint32Array} counts
 * @param {number} rank
 */
function quantile(counts, rank) {
  let below = 0;
  for (let level = 1; level < counts.length; level += 1) {
    below += counts[level];
    if (below >= rank) return level;
  }
  return counts.length - 1;
}

/**
 * As readers know it: to the right is wider, downward is brighter.
 * @param {Window} window
 * @param {number} right Pixels.
 * @param {number} down Pixels.
 * @returns {Window}
 */
export function windowDragged(window, right, down) {
  return {
    center: clamp(window.center - down * 4, 0, LEVELS - 1),
    width: clamp(window.width + right * 6, 16, 2 * LEVELS),
  };
}

/**
 * The gray value 0 to 255 of each level.
 * @param {Window} window
 * @returns {Uint8ClampedArray}
 */
export function grayTable(window) {
  const table = new Uint8ClampedArray(LEVELS);
  const low = window.center - window.width / 2;
  for (let level = 0; level < LEVELS; level += 1) table[level] = (255 * (level - low)) / window.width;
  return table;
}
