// Puts the parts together: a measure and two groups are chosen, figures and tables follow.

const data = JSON.parse(document.getElementById("data").textContent);
const pictures = JSON.parse(document.getElementById("pictures").textContent);
const WORDS = JSON.parse(document.getElementById("words").textContent);
const found = (id) => document.getElementById(id);
const state = { measure: data.measures.includes("area_mm2") ? "area_mm2" : data.measures[0], pair: 0, text: "", outliers: false, doubtful: false };

found("measure").append(...data.measures.map((name) => make("option", { value: name }, title(name))));
found("measure").value = state.measure ?? "";
found("pair").append(...data.comparisons.map(({ groups }, index) => make("option", { value: index }, groups.join(" \u2212 "))));
found("pair-label").hidden = data.comparisons.length < 2;

function refresh() {
  const comparison = data.comparisons[state.pair];
  drawDistribution(found("distribution"), data, state.measure, open);
  drawAge(found("age"), data, state.measure);
  drawThickness(found("thickness"), data);
  drawMap(found("map"), data, comparison);
  drawDifferences(found("differences"), data, comparison);
  refreshImages();
}

function refreshImages() {
  const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = data.rows.filter((row) => {
    if (state.outliers && !row.outliers.length) return false;
    if (state.doubtful && row.is_sure) return false;
    const haystack = [row.participant_id, row.session_id, row.of_group, row.status, row.reasons, row.review].join(" ").toLowerCase();
    return words.every((word) => haystack.includes(word));
  });
  found("shown").textContent = kept.length === data.rows.length ? `${kept.length} images` : `${kept.length} of ${data.rows.length} images`;
  drawImages(found("images"), data, kept, state.measure, open);
}

/** Opens the case of a row: picture, profile, measures, and where its report lies. */
function open(row) {
  const dialog = found("detail");
  const picture = pictures[row.image];
  const values = data.measures.filter((name) => typeof row[name] === "number");
  const close = make("button", { type: "button", onclick: () => dialog.close() }, "Close");
  dialog.replaceChildren(
    make("div", { class: "head" }, make("h2", { id: "detail-title" }, rowName(row)), close),
    make("p", { class: "muted small" }, [row.image, WORDS.statuses[row.status] ?? row.status, `confidence ${shownNumber(row.confidence, 2)}`, row.software, row.model, row.settings].filter(Boolean).join("; ")),
    ...(row.same_image_as ? [make("p", { class: "small" }, `holds the same image as ${row.same_image_as}`)] : []),
    ...reasonsOf(row).map((code) => make("p", { class: "small" }, WORDS.reasons[code]?.meaning ?? code)),
    make("div", { class: "two" },
      picture ? make("img", { src: `data:image/webp;base64,${picture}`, alt: "outline of the callosum on the midsagittal slice" }) : make("p", { class: "muted" }, "no picture"),
      make("div", { class: "figure", id: "detail-profile" }),
    ),
    make("dl", { class: "small" }, ...values.map((name) => make("div", {}, make("dt", {}, title(name)), make("dd", {}, shownNumber(row[name]))))),
    make("p", {}, make("a", { href: row.report }, "Report of the participant")),
  );
  if (row.profile_mm.length) {
    const own = { groups: [rowName(row)], profiles: { [rowName(row)]: { n: 1, mean: row.profile_mm, sd: null } } };
    drawThickness(found("detail-profile"), own);
    found("detail-profile").querySelector("p").textContent = "Thickness along the midline of this image.";
  }
  dialog.showModal();
  close.focus();
}

/** A sentence with its capital and stop; a name at its start stays as it is. */
function sentence(said) {
  const begun = /^[a-z]+ /.test(said) ? said.charAt(0).toUpperCase() + said.slice(1) : said;
  return begun.endsWith("?") ? begun : `${begun}.`;
}

/** All values, as a table that a spreadsheet reads. */
function csv() {
  const columns = data.columns.filter((name) => !name.startsWith("thickness_") || !/^thickness_\d/.test(name));
  const places = data.columns.filter((name) => /^thickness_\d/.test(name));
  const quoted = (value) => {
    const shown = value === null || value === undefined ? "" : String(value);
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(shown) ? `'${shown}` : shown;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const lines = data.rows.map((row) => [...columns.map((name) => row[name]), ...places.map((_, at) => row.profile_mm[at])].map(quoted).join(","));
  return [[...columns, ...places].map(quoted).join(","), ...lines].join("\n") + "\n";
}

function toggle(id) {
  found(id).addEventListener("click", () => {
    state[id] = !state[id];
    found(id).setAttribute("aria-pressed", String(state[id]));
    refreshImages();
  });
}

found("checks").hidden = !data.checks.length;
found("checks").querySelector("ul").append(...data.checks.map((said) => make("li", {}, sentence(said))));
found("measure").addEventListener("change", (event) => { state.measure = event.target.value; refresh(); });
found("pair").addEventListener("change", (event) => { state.pair = Number(event.target.value); refresh(); });
found("search").addEventListener("input", (event) => { state.text = event.target.value; refreshImages(); });
found("export").addEventListener("click", () => save("group.csv", csv(), "text/csv"));
found("theme").addEventListener("click", () => {
  const isDark = getComputedStyle(document.documentElement).colorScheme === "dark" || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = isDark ? "light" : "dark";
});
toggle("outliers");
toggle("doubtful");
if (state.measure) refresh();
else found("images").textContent = "No image was measured.";
