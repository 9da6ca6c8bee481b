// The cases and which of them are shown: data in, data out, nothing of the page.

const DEGREE = "\u00b0";
const NONE = "\u2013";

/** The measures that are drawn, sorted by and filtered: name, unit, digits. */
const MEASURES = {
  final_angle_deg: { title: "Final angle", unit: DEGREE, spoken: "degrees", digits: 1 },
  area_mm2: { title: "Area", unit: " mm\u00b2", spoken: "square millimetres", digits: 0 },
  confidence: { title: "Confidence", unit: "", spoken: "", digits: 2, domain: [0, 1] },
};

/** Reviews that a filter keeps; an old one is of an earlier plan, so that nobody has decided on this. */
const REVIEW_FILTERS = {
  reviewed: (review) => review !== null,
  open: (review) => review === null || review.is_old || review.decision === "unreadable",
  accepted: (review) => review?.decision === "accepted",
  corrected: (review) => review?.decision === "corrected",
  rejected: (review) => review?.decision === "rejected",
};

/** A number as people write it, with a true minus; a dash where nothing was measured. */
function shownNumber(value, digits) {
  if (value === null) return NONE;
  const rounded = Number(value.toFixed(digits)) + 0;
  return rounded
    .toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })
    .replace("-", MINUS);
}

/** A filter that keeps everything. */
function noFilter() {
  return { statuses: new Set(), reason: "", review: "", text: "", outliersOnly: false, ranges: new Map() };
}

/** Whether a filter keeps everything. */
function isOpen(filter) {
  return !filter.statuses.size && !filter.reason && !filter.review && !filter.text && !filter.outliersOnly &&
    !filter.ranges.size;
}

/** Whether a case passes a filter. A range [low, high] holds both ends. */
function passes(filter, row) {
  if (filter.statuses.size && !filter.statuses.has(row.status)) return false;
  if (filter.reason && !row.reasons.includes(filter.reason)) return false;
  if (filter.review && !REVIEW_FILTERS[filter.review](row.review)) return false;
  if (filter.outliersOnly && !row.outliers.length) return false;
  for (const [name, [low, high]] of filter.ranges) {
    if (row[name] === null || row[name] < low || row[name] > high) return false;
  }
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return words.every((word) => row.haystack.includes(word));
}

/** Rows in the order of a column; what was not measured comes last in both directions. */
function sorted(rows, column, descending) {
  const sign = descending ? -1 : 1;
  const key = (row) => sortKey(row, column);
  return rows.toSorted((a, b) => {
    const [left, right] = [key(a), key(b)];
    if (left === null || right === null) return (left === null) - (right === null);
    if (left < right) return -sign;
    return left > right ? sign : 0;
  });
}

/**
 * What the table shows of rows: what was skipped comes last, folded into one line a reason.
 * @param opened Reasons whose rows are shown below their line.
 * @returns Rows, and {fold, members} for each reason that several rows share.
 */
function folded(rows, opened) {
  const groups = new Map();
  for (const row of rows.filter((row) => row.status === "skipped")) {
    const code = row.reasons[0] ?? "";
    groups.set(code, [...(groups.get(code) ?? []), row]);
  }
  const lines = [...groups].flatMap(([fold, members]) => {
    if (members.length === 1) return members;
    return [{ fold, members }, ...(opened.has(fold) ? members : [])];
  });
  return [...rows.filter((row) => row.status !== "skipped"), ...lines];
}

/** What a row is sorted by in a column; null where there is nothing. */
function sortKey(row, column) {
  if (column === "reasons") return row.reasons.join(" ") || null;
  if (column === "review") return row.review?.decision ?? null;
  return row[column];
}

/** Equal bins over all values, on round borders: [{low, high, rows}]. */
function binned(rows, name, domain) {
  const values = rows.filter((row) => row[name] !== null);
  if (!values.length) return [];
  const numbers = values.map((row) => row[name]);
  const [least, most] = domain ?? [Math.min(...numbers), Math.max(...numbers)];
  const step = roundStep((most - least) / binTarget(values.length) || 1);
  const first = Math.floor(least / step + 1e-9);
  const count = Math.max(1, Math.ceil(most / step - 1e-9) - first);
  const bins = Array.from({ length: count }, (_, index) => ({
    low: (first + index) * step,
    high: (first + index + 1) * step,
    rows: [],
  }));
  for (const row of values) {
    const index = Math.floor(row[name] / step + 1e-9) - first;
    bins[Math.min(Math.max(index, 0), count - 1)].rows.push(row);
  }
  return bins;
}

/** More values, more bins: 10 to 36. */
function binTarget(count) {
  return Math.min(36, Math.max(10, Math.round(2.5 * Math.sqrt(count))));
}

/** The smallest of 1, 2, 2.5, 5 times a power of ten that is not below a width. */
function roundStep(width) {
  const power = 10 ** Math.floor(Math.log10(width));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= width * (1 - 1e-9));
}

/** The value below which a share of numbers lies, between neighbours in proportion. */
function quantile(numbers, share) {
  const ordered = numbers.toSorted((a, b) => a - b);
  const place = share * (ordered.length - 1);
  const [below, above] = [ordered[Math.floor(place)], ordered[Math.ceil(place)]];
  return below + (above - below) * (place % 1);
}

/** An element with attributes, properties and children; text never becomes markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}
