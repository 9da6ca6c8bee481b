// What all figures share: scales, axes, marks of groups, and saving as SVG. Colours and sizes are
// attributes, not styles, so that a saved figure looks as it does here; it is light in any theme.

const INK = "#15191e";
const PALE = "#c9ced4";
const PAPER = "#ffffff";
/** Okabe and Ito (2008), darkened to 3:1 on white; each group also has a shape and a dash of its own. */
const MARKS = [
  { color: "#0072b2", shape: "circle", dash: null },
  { color: "#c44e00", shape: "square", dash: "6 3" },
  { color: "#00795a", shape: "triangle", dash: "2 3" },
  { color: "#a8487f", shape: "diamond", dash: "9 3 2 3" },
  { color: "#7a5b00", shape: "circle", dash: "4 4" },
  { color: "#444444", shape: "square", dash: "1 2" },
];

const PLOT = { width: 560, height: 320, left: 58, right: 14, top: 14, bottom: 46 };

/** Maps values to places on the page. */
function scale([low, high], [from, to]) {
  const span = high - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

/** Round values of an axis that cover a range. */
function roundTicks(low, high, about = 5) {
  const raw = (high - low || Math.abs(high) || 1) / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((found) => found >= raw - 1e-12);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

function text(x, y, content, attributes = {}) {
  return drawn("text", { x, y, fill: INK, "font-size": 12, "font-family": "sans-serif", ...attributes }, content);
}

/**
 * A frame with both axes; `x` and `y` map values, `add` draws into it.
 * A legend, as [names, marks, what follows each name], stands above the values, not among them.
 */
function frame(words, xTicks, yTicks, xTitle, yTitle, { labels = null, legend = [] } = {}) {
  const { width, height, left, right, bottom } = PLOT;
  const entries = legend.length ? legendEntries(...legend) : [];
  const top = PLOT.top + (entries.at(-1)?.bottom ?? 0);
  const x = scale([xTicks[0], xTicks.at(-1)], [left, width - right]);
  const y = scale([yTicks[0], yTicks.at(-1)], [height - bottom, top]);
  const digits = Math.max(0, -Math.floor(Math.log10(yTicks[1] - yTicks[0]) + 1e-9));
  const svg = drawn("svg", { xmlns: SVG, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words });
  svg.append(
    drawn("rect", { width, height, fill: PAPER }),
    ...yTicks.flatMap((value) => [
      drawn("line", { x1: left, x2: width - right, y1: y(value), y2: y(value), stroke: PALE }),
      text(left - 6, y(value) + 4, shownNumber(value, digits), { "text-anchor": "end" }),
    ]),
    ...(labels ?? xTicks.map((value) => [value, shownNumber(value, 0)])).map(([value, label]) =>
      text(x(value), height - bottom + 18, label, { "text-anchor": "middle" }),
    ),
    text((left + width - right) / 2, height - 6, xTitle, { "text-anchor": "middle" }),
    text(0, 0, yTitle, { "text-anchor": "middle", transform: `translate(14 ${(top + height - bottom) / 2}) rotate(-90)` }),
    ...entries.flatMap(({ parts }) => parts),
  );
  return { svg, x, y, add: (...children) => svg.append(...children) };
}

/** A polyline through the places that have a value. */
function curve(places, attributes) {
  const points = places.filter(([, value]) => value !== null).map(([at, value]) => `${at.toFixed(1)},${value.toFixed(1)}`);
  return drawn("polyline", { points: points.join(" "), fill: "none", "stroke-width": 2, ...attributes });
}

/** A band between two lists of places. */
function band(low, high, attributes) {
  const points = [...low, ...high.toReversed()].map(([at, value]) => `${at.toFixed(1)},${value.toFixed(1)}`);
  return drawn("polygon", { points: points.join(" "), stroke: "none", ...attributes });
}

/** The mark of a group at a place. */
function mark(shape, x, y, attributes, size = 4.5) {
  if (shape === "circle") return drawn("circle", { cx: x, cy: y, r: size, ...attributes });
  const corners = {
    square: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
    triangle: [[0, -1.3], [1.2, 0.9], [-1.2, 0.9]],
    diamond: [[0, -1.4], [1.4, 0], [0, 1.4], [-1.4, 0]],
  }[shape];
  const points = corners.map(([dx, dy]) => `${(x + dx * size).toFixed(1)},${(y + dy * size).toFixed(1)}`).join(" ");
  return drawn("polygon", { points, ...attributes });
}

const LEGEND_ROW = 18;

/** Names with their marks, in rows as wide as the figure; each entry knows where its row ends. */
function legendEntries(names, marks, extra = () => "") {
  let [at, row] = [PLOT.left, 0];
  return names.map((name, index) => {
    const label = name + extra(name);
    const wide = 34 + label.length * 7;
    if (at > PLOT.left && at + wide > PLOT.width) [at, row] = [PLOT.left, row + 1];
    const [place, middle] = [at, PLOT.top + row * LEGEND_ROW];
    at += wide;
    const parts = [
      drawn("line", { x1: place, x2: place + 18, y1: middle, y2: middle, stroke: marks[index].color, "stroke-width": 2, "stroke-dasharray": marks[index].dash }),
      mark(marks[index].shape, place + 9, middle, { fill: marks[index].color }),
      text(place + 24, middle + 4, label),
    ];
    return { parts, bottom: (row + 1) * LEGEND_ROW };
  });
}

/** Puts a figure on the page with what is said of it and a button that saves it. */
function show(place, svg, said, name) {
  const button = make("button", { type: "button", "aria-label": `Save as SVG: ${name}` }, "Save as SVG");
  button.addEventListener("click", () => save(`${name}.svg`, new XMLSerializer().serializeToString(svg), "image/svg+xml"));
  place.replaceChildren(svg, make("div", { class: "below" }, make("p", { class: "small muted" }, said), button));
}

/** Says why there is no figure. */
function showNothing(place, said) {
  place.replaceChildren(make("p", { class: "empty" }, said));
}
