// The thickness of a callosum along its midline, drawn: rostrum and genu on the left, splenium on the right.

const PROFILE = { width: 360, height: 150, left: 34, right: 8, top: 10, bottom: 36 };
const SVG = "http://www.w3.org/2000/svg";

/** An element of a drawing; text never becomes markup. */
function drawn(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * The profile as a drawing with axes.
 * @param profile_mm Thickness in the middles of equal shares of the midline, anterior first.
 */
function profileChart(profile_mm) {
  const { width, height, left, right, top, bottom } = PROFILE;
  const limit = 5 * Math.ceil(Math.max(...profile_mm, 5) / 5);
  const x = (percent) => left + (percent / 100) * (width - left - right);
  const y = (mm) => height - bottom - (mm / limit) * (height - top - bottom);
  const levels = Array.from({ length: limit / 5 + 1 }, (_, index) => 5 * index);
  const grid = levels.flatMap((mm) => [
    drawn("line", { class: "grid", x1: left, x2: width - right, y1: y(mm), y2: y(mm) }),
    drawn("text", { x: left - 6, y: y(mm) + 4, "text-anchor": "end" }, String(mm)),
  ]);
  const ticks = [0, 25, 50, 75, 100].flatMap((percent) => [
    drawn("line", { class: "grid", x1: x(percent), x2: x(percent), y1: y(0), y2: y(0) + 4 }),
    drawn("text", { x: x(percent), y: y(0) + 16, "text-anchor": percent === 100 ? "end" : "middle" }, `${percent} %`),
  ]);
  const points = profile_mm.map((mm, index) => `${x((100 * (index + 0.5)) / profile_mm.length).toFixed(1)},${y(mm).toFixed(1)}`);
  return drawn(
    "svg",
    { class: "profile", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": profileInWords(profile_mm) },
    ...grid,
    ...ticks,
    drawn("text", { x: x(0), y: height - 4, "text-anchor": "start" }, "rostrum, genu"),
    drawn("text", { x: x(100), y: height - 4, "text-anchor": "end" }, "splenium"),
    drawn("text", { x: x(53), y: height - 4, "text-anchor": "middle" }, "position on the midline"),
    drawn("polyline", { class: "curve", points: points.join(" ") }),
  );
}

/** What the drawing shows, for those who cannot see it. */
function profileInWords(profile_mm) {
  const [least, most] = [Math.min(...profile_mm), Math.max(...profile_mm)];
  const at = (mm) => `${Math.round((100 * (profile_mm.indexOf(mm) + 0.5)) / profile_mm.length)} %`;
  return (
    `Thickness in mm at ${profile_mm.length} points of the midline, 0 % at the rostrum to 100 % at the splenium: ` +
    `largest ${shownNumber(most, 1)} mm at ${at(most)}, smallest ${shownNumber(least, 1)} mm at ${at(least)}`
  );
}

/** The drawing with its title; nothing where no profile was measured. */
function profileFigure(profile_mm) {
  if (!profile_mm.length) return "";
  return make("section", { class: "thickness" }, make("h3", {}, "Thickness along the midline, mm"), profileChart(profile_mm));
}
