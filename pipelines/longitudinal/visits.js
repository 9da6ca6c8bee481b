// Flips between the visits, draws the course of a measure, and lists the changes.

const data = JSON.parse(document.getElementById("data").textContent);
const found = (id) => document.getElementById(id);
const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
const FLIP_MS = 700;
const state = { visit: 0, measure: data.measures.includes("area_mm2") ? "area_mm2" : data.measures[0], timer: null };

const pictures = data.visits.map((visit) => make("img", { src: `data:image/webp;base64,${visit.picture}`, alt: `slice of ${visit.name}` }));
const outlines = data.visits.map((visit) => outlineOf(visit.outline, "#f0e442", null));
const meanOutline = outlineOf(data.mean_outline, "#56b4e9", "2 1");
found("viewer").append(...pictures, drawn("svg", { viewBox: data.view_box, "aria-hidden": "true" }, meanOutline, ...outlines));

function outlineOf(points, color, dash) {
  return drawn("polygon", { points: points.map((point) => point.join(",")).join(" "), fill: "none", stroke: color, "stroke-width": 0.4, "stroke-dasharray": dash });
}

function refreshPicture() {
  pictures.forEach((picture, index) => { picture.hidden = index !== state.visit; });
  outlines.forEach((outline, index) => outline.toggleAttribute("hidden", index !== state.visit || !found("outline").checked));
  meanOutline.toggleAttribute("hidden", !found("mean").checked);
  const visit = data.visits[state.visit];
  const when = visit.years === null ? "" : `, ${shownNumber(visit.years, 2)} years after the first`;
  found("shown").textContent = `${visit.name} (${state.visit + 1} of ${data.visits.length})${when}`;
}

function step(by) {
  state.visit = (state.visit + by + data.visits.length) % data.visits.length;
  refreshPicture();
}

/** Starts or stops the flipping; the status is not read out while it goes on. */
function flip() {
  const goes = state.timer === null;
  if (goes) state.timer = setInterval(() => step(1), reduced ? 3 * FLIP_MS : FLIP_MS);
  else { clearInterval(state.timer); state.timer = null; }
  found("flip").setAttribute("aria-pressed", String(goes));
  found("shown").setAttribute("aria-live", goes ? "off" : "polite");
}

function drawCourse() {
  const values = data.visits.map((visit) => visit.values[state.measure]);
  const at = data.visits.map((visit, index) => visit.years ?? index + 1);
  const change = data.changes.find((row) => row.measure === state.measure);
  const sides = values.filter((value) => value !== null);
  if (!sides.length || !change) return showNothing(found("course"), "Too few slices have this measure.");
  const per = change.rate_per;
  const years = roundTicks(Math.min(...at), Math.max(...at));
  const plot = frame(
    `${title(state.measure)} of ${data.visits.length} visits`, years, ticksAbout(sides),
    per === "year" ? "Years since the first visit" : "Visit", title(state.measure),
    { labels: per === "year" ? years.map((year) => [year, shownNumber(year, 1)]) : data.visits.map((visit, index) => [index + 1, visit.name]) },
  );
  plot.add(curve(at.map((x, index) => [plot.x(x), values[index] === null ? null : plot.y(values[index])]), { stroke: MARKS[0].color }));
  values.forEach((value, index) => {
    if (value === null) return;
    const point = mark("circle", plot.x(at[index]), plot.y(value), { fill: MARKS[0].color, stroke: PAPER });
    point.append(drawn("title", {}, `${data.visits[index].name}: ${shownNumber(value)}`));
    plot.add(point);
  });
  show(found("course"), plot.svg, `Per ${per}: ${interval(change, "rate")}; ${interval(change, "rate_pct", 2)} %.`, `visits-${state.measure}`);
}

/** Ticks that leave 2 % of the mean on both sides, so that noise does not fill the figure. */
function ticksAbout(values) {
  const room = 0.02 * Math.abs(values.reduce((sum, value) => sum + value, 0) / values.length);
  return roundTicks(Math.min(...values) - room, Math.max(...values) + room);
}

function interval(row, name, digits) {
  return `${shownNumber(row[name], digits)} (${shownNumber(row[`${name}_low`], digits)} to ${shownNumber(row[`${name}_high`], digits)})`;
}

function drawChanges() {
  const per = data.changes[0]?.rate_per ?? "session";
  const heading = (name, isNumber) => make("th", { scope: "col", class: isNumber ? "number" : null }, name);
  const cell = (content, name = "number") => make("td", { class: name }, content);
  const head = [heading("Measure"), ...["Mean", "Change (95 % interval)", "Change, %", `Per ${per}`, `Per ${per}, %`].map((name) => heading(name, true))];
  const rows = data.changes.map((row) => make("tr", {},
    make("th", { scope: "row" }, title(row.measure)), cell(shownNumber(row.mean)), cell(interval(row, "change")),
    cell(interval(row, "change_pct", 2), row.change_low > 0 || row.change_high < 0 ? "number sure" : "number"),
    cell(interval(row, "rate")), cell(interval(row, "rate_pct", 2)),
  ));
  found("changes").replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)));
  found("per").textContent = per === "year"
    ? "Bold: the interval of the change does not hold 0. Of many measures some do so by chance."
    : "The dataset has no dates of these visits: the change is given from session to session, not per year.";
}

found("notes").textContent = data.notes;
found("measure").append(...data.measures.map((name) => make("option", { value: name }, title(name))));
found("measure").value = state.measure;
found("measure").addEventListener("change", (event) => { state.measure = event.target.value; drawCourse(); });
found("previous").addEventListener("click", () => step(-1));
found("next").addEventListener("click", () => step(1));
found("flip").addEventListener("click", flip);
found("outline").addEventListener("change", refreshPicture);
found("mean").addEventListener("change", refreshPicture);
document.addEventListener("keydown", (event) => {
  if (event.target.matches("select, input")) return;
  if (event.key === "ArrowRight") step(1);
  if (event.key === "ArrowLeft") step(-1);
});
found("theme").addEventListener("click", () => {
  const isDark = getComputedStyle(document.documentElement).colorScheme === "dark" || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = isDark ? "light" : "dark";
});
refreshPicture();
drawCourse();
drawChanges();
