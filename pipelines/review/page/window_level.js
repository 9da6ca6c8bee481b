/** Which gray levels a picture shows: a window of some width about a centre. */

import { clamp } from "./geometry.js";

/**
 * @typedef {object} Window
 * @property {number} center
 * @property {number} width
 */

export const LEVELS = 4096;

/**
 * A window for what lies in the middle half of a picture, the brain: bright fat around it would
 * darken it. The darkest hundredth and the brightest two hundredths are left out.
 * @param {Uint16Array} levels Row by row.
 * @param {[number, number]} shape Rows and columns.
 * @returns {Window}
 */
export function fittingWindow(levels, [rows, columns]) {
  const counts = new Uint32Array(LEVELS);
  for (let row = rows >> 2; row < rows - (rows >> 2); row += 1) {
    for (let column = columns >> 2; column < columns - (columns >> 2); column += 1) {
      counts[Math.min(levels[row * columns + column], LEVELS - 1)] += 1;
    }
  }
  const seen = counts.reduce((sum, count) => sum + count, 0) - counts[0];
  const low = quantile(counts, 0.01 * seen);
  const high = Math.max(quantile(counts, 0.98 * seen) * 1.1, low + 16);
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
