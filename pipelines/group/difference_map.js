// Where along the callosum two groups differ: the effect at 100 places, and the same on a drawn callosum.

/** A drawn midline, rostrum first: anterior on the left, in mm. It is a scheme, not a mean shape. */
const ARCH = [[15, 23], [9, 24.5], [4, 21], [2.5, 15], [5, 9], [11, 5], [20, 2.5], [31, 1.5], [42, 2], [52, 4.5], [60, 9], [65, 15], [66, 20], [63.5, 24]];
const SIGNIFICANT = 0.05;
const MAP_HEIGHT = 480;

function drawMap(place, data, comparison) {
  if (!comparison) {
    const column = data.asked_columns.group;
    return showNothing(place, data.columns_of.group ? `\u201c${data.columns_of.group}\u201d has ${Object.keys(data.group_sizes).length} values among the participants measured with confidence; two to six can be compared.` : `participants.tsv has no column \u201c${column}\u201d with two to six groups; name another with --group.group_column.`);
  }
  const { profile, groups } = comparison;
  if (!profile) return showNothing(place, `A comparison needs ${data.limits.group} participants in each group.`);
  const limit = Math.max(1, ...profile.effect_high.map(Math.abs), ...profile.effect_low.map(Math.abs));
  const clear = profile.q.filter((q) => q < SIGNIFICANT).length;
  const words = `Effect size of ${groups.join(" minus ")} at 100 places of the midline; ${clear} places with q below ${SIGNIFICANT}`;
  const plot = frame(words, [0, 25, 50, 75, 100], roundTicks(-limit, limit), "position on the midline, % (0 rostrum, 100 splenium)", "Hedges\u2019 g");
  const along = (values) => values.map((value, at) => [plot.x(at + 0.5), plot.y(value)]);
  plot.add(
    band(along(profile.effect_low), along(profile.effect_high), { fill: INK, "fill-opacity": 0.12 }),
    drawn("line", { x1: plot.x(0), x2: plot.x(100), y1: plot.y(0), y2: plot.y(0), stroke: INK }),
    curve(along(profile.effect), { stroke: INK }),
  );
  profile.q.forEach((q, at) => {
    if (q < SIGNIFICANT) plot.add(mark("circle", plot.x(at + 0.5), plot.y(profile.effect[at]), { fill: effectColor(profile.effect[at]), stroke: INK }, 4));
  });
  plot.svg.setAttribute("viewBox", `0 0 ${PLOT.width} ${MAP_HEIGHT}`);
  plot.svg.querySelector("rect").setAttribute("height", MAP_HEIGHT);
  plot.add(...callosum(profile, data, groups), ...colorKey(groups));
  const found = clear ? `${clear} of 100 places differ (dots)` : "No place differs";
  show(place, plot.svg, `${found} at a false discovery rate of 5 %. The band is the 95 % interval of the effect.`, "difference-map");
}

/** Blue where the first group is thinner, orange where it is thicker, white for no effect. */
function effectColor(effect) {
  const share = Math.max(-1, Math.min(1, effect / 1.5));
  const end = share < 0 ? [0, 84, 148] : [196, 78, 0];
  const parts = end.map((part) => Math.round(255 + (part - 255) * Math.abs(share)));
  return `rgb(${parts.join(",")})`;
}

/** The drawn callosum, as thick as the groups are on average, coloured by the effect. */
function callosum(profile, data, groups) {
  const means = groups.map((group) => data.profiles[group].mean);
  const thickness = means[0].map((value, at) => (value + means[1][at]) / 2);
  const places = Array.from({ length: 101 }, (_, index) => onArch(index / 100));
  const sides = places.map(({ x, y, nx, ny }, index) => {
    const half = thickness[Math.min(index, 99)] / 2;
    return [[x + nx * half, y + ny * half], [x - nx * half, y - ny * half]];
  });
  const onPage = ([x, y]) => [130 + x * 3.6, 352 + y * 3.6];
  return profile.effect.map((effect, at) => {
    const corners = [sides[at][0], sides[at + 1][0], sides[at + 1][1], sides[at][1]].map(onPage);
    const points = corners.map((corner) => corner.map((value) => value.toFixed(1)).join(",")).join(" ");
    return drawn("polygon", { points, fill: effectColor(effect), stroke: effectColor(effect), "stroke-width": 0.6 });
  }).concat(
    [0, 1].map((side) => curve(sides.map((ends) => onPage(ends[side])), { stroke: INK, "stroke-width": 0.8 })),
    profile.q.flatMap((q, at) => q < SIGNIFICANT ? [mark("circle", ...onPage(middleOf(sides[at])), { fill: INK }, 1.6)] : []),
  );
}

function middleOf([[x1, y1], [x2, y2]]) {
  return [(x1 + x2) / 2, (y1 + y2) / 2];
}

/** Place and normal at a share of the drawn midline, a Catmull-Rom spline. */
function onArch(share) {
  const at = Math.min(share * (ARCH.length - 1), ARCH.length - 1 - 1e-9);
  const index = Math.floor(at);
  const t = at - index;
  const [a, b, c, d] = [index - 1, index, index + 1, index + 2].map((i) => ARCH[Math.max(0, Math.min(ARCH.length - 1, i))]);
  const value = (k) => 0.5 * (2 * b[k] + (c[k] - a[k]) * t + (2 * a[k] - 5 * b[k] + 4 * c[k] - d[k]) * t * t + (3 * b[k] - a[k] - 3 * c[k] + d[k]) * t ** 3);
  const slope = (k) => 0.5 * (c[k] - a[k] + 2 * (2 * a[k] - 5 * b[k] + 4 * c[k] - d[k]) * t + 3 * (3 * b[k] - a[k] - 3 * c[k] + d[k]) * t * t);
  const length = Math.hypot(slope(0), slope(1)) || 1;
  return { x: value(0), y: value(1), nx: -slope(1) / length, ny: slope(0) / length };
}

function colorKey([first, second]) {
  const steps = Array.from({ length: 31 }, (_, index) => -1.5 + index * 0.1);
  return [
    ...steps.map((effect, index) => drawn("rect", { x: 420 + index * 4, y: 452, width: 4, height: 10, fill: effectColor(effect) })),
    text(420, 474, `${MINUS}1.5`, { "text-anchor": "middle" }),
    text(544, 474, "1.5", { "text-anchor": "middle" }),
    text(482, 446, `${first} ${MINUS} ${second}`, { "text-anchor": "middle" }),
    text(60, 474, "drawn shape, mean thickness"),
  ];
}
