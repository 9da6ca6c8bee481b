// Elements of the page and of drawings; text never becomes markup.

const NONE = "\u2013";
const MINUS = "\u2212";
const SVG = "http://www.w3.org/2000/svg";

/** An element of the page. Attributes beginning with "on" are listeners. */
function make(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An element of a drawing. */
function drawn(tag, attributes, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A number as people write it: three to four figures, a true minus; a dash for nothing. */
function shownNumber(value, digits) {
  if (typeof value !== "number") return NONE;
  const size = Math.abs(value);
  const places = digits ?? (size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
  const rounded = Number(value.toFixed(places)) + 0;
  return rounded.toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places }).replace("-", MINUS);
}

/** A probability; tiny ones as a bound. */
function shownProbability(value) {
  return value < 0.001 ? "< 0.001" : shownNumber(value, 3);
}

const UNITS = [["_per_mm", "1/mm"], ["_cm3", "cm\u00b3"], ["_mm2", "mm\u00b2"], ["_mm", "mm"], ["_deg", "\u00b0"]];

/** The unit that a name ends with; "" for a ratio. */
function unitOf(name) {
  return UNITS.find(([ending]) => name.endsWith(ending))?.[1] ?? "";
}

const ABBREVIATIONS = { cc: "CC", pv: "Partial-volume", ap: "Anteroposterior" };

/** A measure in words, with its unit. */
function title(name) {
  const ending = UNITS.find(([found]) => name.endsWith(found))?.[0] ?? "";
  const words = name.slice(0, name.length - ending.length).split("_").map((word) => ABBREVIATIONS[word] ?? word);
  const text = words.join(" ").replace("hofer frahm", "Hofer-Frahm").replace("witelson", "Witelson");
  const unit = unitOf(name);
  return text.charAt(0).toUpperCase() + text.slice(1) + (unit ? `, ${unit}` : "");
}

/** Hands a text to the person as a file. */
function save(name, text, type) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}
