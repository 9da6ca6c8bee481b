/** A mask on the pixels of a slice, and what brushes make of it. Values, never changed in place. */

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./place.js").Place} Place */

/**
 * @typedef {object} MaskEntry
 * @property {[number, number]} shape
 * @property {number[]} runs How many pixels lie outside and inside by turns, row by row.
 */

/** @typedef {Uint8Array} Mask 1 inside, row by row. */

/** @type {WeakMap<Mask, MaskEntry>} A mask is written down once, however often it is asked for. */
const written = new WeakMap();

/** @param {MaskEntry} entry @returns {Mask} */
export function maskOf({ shape, runs }) {
  const mask = new Uint8Array(shape[0] * shape[1]);
  let at = 0;
  runs.forEach((length, i) => mask.fill(i % 2, at, (at += length)));
  return mask;
}

/**
 * @param {Mask} mask
 * @param {[number, number]} shape
 * @returns {MaskEntry}
 */
export function entryOf(mask, shape) {
  const known = written.get(mask);
  if (known) return known;
  /** @type {number[]} */
  const runs = [];
  let start = 0;
  for (let at = 0, value = 0; at <= mask.length; at += 1) {
    if (at < mask.length && mask[at] === value) continue;
    runs.push(at - start);
    [start, value] = [at, 1 - value];
  }
  const entry = { shape, runs };
  written.set(mask, entry);
  return entry;
}

/**
 * @param {Mask | null} one
 * @param {Mask | null} other
 */
export function sameMask(one, other) {
  if (one === other) return true;
  return one !== null && other !== null && one.every((value, i) => value === other[i]);
}

/** @type {WeakMap<Mask, number>} Pixels inside of each mask that was asked for. */
const counted = new WeakMap();

/**
 * @param {Mask | null} mask
 * @param {Place} place
 */
export function maskAreaMm2(mask, place) {
  if (mask === null) return 0;
  let count = counted.get(mask);
  if (count === undefined) {
    count = 0;
    for (let at = 0; at < mask.length; at += 1) count += mask[at];
    counted.set(mask, count);
  }
  return count * place.spacing_mm[0] * place.spacing_mm[1];
}

/**
 * The middle of a pixel, in mm.
 * @param {Place} place
 * @param {number} row
 * @param {number} column
 * @returns {Point}
 */
function pixelMm(place, row, column) {
  const [rows, columns] = place.shape;
  return [((columns - 1) / 2 - column) * place.spacing_mm[1], ((rows - 1) / 2 - row) * place.spacing_mm[0]];
}

/**
 * The pixel at a place, which may lie outside of the slice.
 * @param {Place} place
 * @param {Point} mm
 * @returns {[number, number]}
 */
function pixelAt(place, [x, y]) {
  const [rows, columns] = place.shape;
  return [Math.round((rows - 1) / 2 - y / place.spacing_mm[0]), Math.round((columns - 1) / 2 - x / place.spacing_mm[1])];
}

/**
 * A mask with the pixels set that a round brush passes over.
 * @param {Mask} mask
 * @param {Place} place
 * @param {Point} from
 * @param {Point} to
 * @param {number} radius In mm.
 * @param {0 | 1} value 1 draws, 0 erases.
 * @returns {Mask}
 */
export function brushed(mask, place, from, to, radius, value) {
  const along = /** @type {Point} */ ([to[0] - from[0], to[1] - from[1]]);
  const length2 = along[0] ** 2 + along[1] ** 2;
  return changed(mask, place, [from, to], radius, ([x, y]) => {
    const share = length2 === 0 ? 0 : ((x - from[0]) * along[0] + (y - from[1]) * along[1]) / length2;
    const t = Math.min(Math.max(share, 0), 1);
    const isNear = Math.hypot(x - from[0] - t * along[0], y - from[1] - t * along[1]) <= radius;
    return isNear ? value : null;
  });
}

/**
 * A mask pulled from one place to another: what lies there follows whole, less and less around it.
 * @param {Mask} mask
 * @param {Place} place
 * @param {Point} from
 * @param {Point} to
 * @param {number} radius Reach in mm; farther pulls reach farther, so that nothing folds.
 * @returns {Mask}
 */
export function pulled(mask, place, from, to, radius) {
  const by = /** @type {Point} */ ([to[0] - from[0], to[1] - from[1]]);
  const reach = Math.max(radius, 1.7 * Math.hypot(...by));
  const [rows, columns] = place.shape;
  return changed(mask, place, [to], reach, ([x, y]) => {
    const weight = Math.max(0, 1 - ((x - to[0]) ** 2 + (y - to[1]) ** 2) / reach ** 2) ** 2;
    if (weight === 0) return null;
    const [row, column] = pixelAt(place, [x - weight * by[0], y - weight * by[1]]);
    const isInside = row >= 0 && row < rows && column >= 0 && column < columns;
    return isInside ? /** @type {0 | 1} */ (mask[row * columns + column]) : 0;
  });
}

/**
 * @param {Mask} mask
 * @param {Place} place
 * @param {Point[]} around Only pixels near these places are looked at.
 * @param {number} reach How near, in mm.
 * @param {(mm: Point) => 0 | 1 | null} valueAt Null leaves a pixel as it is.
 * @returns {Mask}
 */
function changed(mask, place, around, reach, valueAt) {
  const [rows, columns] = place.shape;
  const next = mask.slice();
  const [xs, ys] = [around.map(([x]) => x), around.map(([, y]) => y)];
  const [top, left] = pixelAt(place, [Math.max(...xs) + reach, Math.max(...ys) + reach]);
  const [bottom, right] = pixelAt(place, [Math.min(...xs) - reach, Math.min(...ys) - reach]);
  for (let row = Math.max(top, 0); row <= Math.min(bottom, rows - 1); row += 1) {
    for (let column = Math.max(left, 0); column <= Math.min(right, columns - 1); column += 1) {
      const value = valueAt(pixelMm(place, row, column));
      if (value !== null) next[row * columns + column] = value;
    }
  }
  return next;
}

/**
 * The borders of a mask's pixels as straight pieces in mm.
 * @param {Mask} mask
 * @param {Place} place
 * @returns {[Point, Point][]}
 */
export function maskBorder(mask, place) {
  const [rows, columns] = place.shape;
  const at = (/** @type {number} */ row, /** @type {number} */ column) =>
    row >= 0 && row < rows && column >= 0 && column < columns ? mask[row * columns + column] : 0;
  const corner = (/** @type {number} */ row, /** @type {number} */ column) => pixelMm(place, row - 0.5, column - 0.5);
  const first = Math.floor(mask.indexOf(1) / columns);
  const last = Math.floor(mask.lastIndexOf(1) / columns);
  /** @type {[Point, Point][]} */
  const pieces = [];
  if (first < 0) return pieces;
  for (let row = first; row <= last + 1; row += 1) {
    for (let column = 0, start = -1; column <= columns; column += 1) {
      const isBorder = column < columns && at(row - 1, column) !== at(row, column);
      if (isBorder && start < 0) start = column;
      if (!isBorder && start >= 0) {
        pieces.push([corner(row, start), corner(row, column)]);
        start = -1;
      }
      if (row <= last && at(row, column - 1) !== at(row, column)) pieces.push([corner(row, column), corner(row + 1, column)]);
    }
  }
  return pieces;
}
