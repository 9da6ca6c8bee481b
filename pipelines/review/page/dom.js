/** Elements of the page and of drawings on it. Text is only ever set as text, never as markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * The element of an id of index.html.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (found === null || (kind && !(found instanceof kind))) throw new Error(`no element #${id}`);
  return /** @type {T} */ (found);
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {(Node | string)[]} children
 * @returns {SVGElement}
 */
export function drawn(tag, attributes = {}, children = []) {
  const made = document.createElementNS(SVG, tag);
  update(made, attributes);
  made.append(...children);
  return made;
}

/**
 * @param {Element} target
 * @param {Record<string, string | number>} attributes
 */
export function update(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    const text = typeof value === "number" ? String(Math.round(value * 100) / 100) : value;
    if (target.getAttribute(name) !== text) target.setAttribute(name, text);
  }
}

/**
 * Corner, width and height of the plate that a label of one line lies on, so that no line runs
 * through it.
 * @param {string} text
 * @param {[number, number]} at Middle of its base line.
 * @param {number} size Of its letters, in pixels.
 * @returns {{x: number, y: number, width: number, height: number}}
 */
export function plateOf(text, at, size) {
  const width = text.length * size * 0.66 + 8;
  return { x: at[0] - width / 2, y: at[1] - size - 1, width, height: size * 1.25 + 4 };
}

/**
 * The points of a polygon or polyline.
 * @param {[number, number][]} points
 */
export function pointList(points) {
  return points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
}

/**
 * A number with a true minus sign.
 * @param {number} value
 * @param {number} decimals
 */
export function told(value, decimals = 1) {
  const text = (Math.abs(value) < 0.5 / 10 ** decimals ? 0 : value).toFixed(decimals);
  return text.replace("-", "−");
}
