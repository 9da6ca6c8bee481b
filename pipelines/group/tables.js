// Tables: the differences of all measures, and the images.

function table(head, rows) {
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

function heading(content, isNumber = false) {
  return make("th", { scope: "col", class: isNumber ? "number" : null }, content);
}

function numberCell(content, name = "number") {
  return make("td", { class: name }, content);
}

/** Differences of one pair of groups, the clearest first. */
function drawDifferences(place, data, comparison) {
  const found = Object.entries(comparison?.measures ?? {});
  if (!found.length) {
    return showNothing(place, comparison ? `A comparison needs ${data.limits.group} participants in each group.` : "There are no two groups to compare.");
  }
  const [first, second] = comparison.groups;
  const head = [heading("Measure"), ...[`${first}, mean (SD), n`, `${second}, mean (SD), n`, "Difference (95 % interval)", "Hedges\u2019 g (95 % interval)", "p", "q"].map((name) => heading(name, true))];
  const rows = found.toSorted(([, a], [, b]) => a.p - b.p).map(([name, one]) =>
    make("tr", {},
      make("th", { scope: "row" }, title(name)),
      ...[0, 1].map((side) => numberCell(`${shownNumber(one.mean[side])} (${shownNumber(one.sd[side])}), ${one.n[side]}`)),
      numberCell(`${shownNumber(one.difference)} (${shownNumber(one.low)} to ${shownNumber(one.high)})`),
      numberCell(`${shownNumber(one.effect, 2)} (${shownNumber(one.effect_low, 2)} to ${shownNumber(one.effect_high, 2)})`),
      numberCell(shownProbability(one.p)),
      numberCell(shownProbability(one.q), one.q < SIGNIFICANT ? "number sure" : "number"),
    ),
  );
  place.replaceChildren(
    make("div", { class: "table-frame", tabindex: 0, role: "region", "aria-label": "Table of differences" }, table(head, rows)),
    make("p", { class: "small muted" }, `p: Welch\u2019s t test. q: p after control of the false discovery rate among the ${found.length} measures (Benjamini-Hochberg); bold below ${SIGNIFICANT}.`),
  );
}

/** The images that pass the filter; a button opens each. */
function drawImages(place, data, rows, name, open) {
  const group = data.columns_of.group;
  const head = [heading("Participant"), heading("Session"), ...(group ? [heading(group)] : []), heading("Status"), heading("Confidence", true), heading(title(name), true), heading("Outlier in"), heading("Review"), heading("Reasons")];
  const lines = rows.map((row) =>
    make("tr", {},
      make("td", {}, make("button", { type: "button", onclick: () => open(row) }, row.participant_id)),
      make("td", {}, row.session_id ?? NONE),
      ...(group ? [make("td", {}, row.of_group ?? NONE)] : []),
      make("td", {}, make("span", { class: `status ${row.status in WORDS.statuses ? row.status : "other"}` }, WORDS.statuses[row.status] ?? row.status)),
      numberCell(shownNumber(row.confidence, 2)),
      numberCell(shownNumber(row[name]), row.outliers.includes(name) ? "number far" : "number"),
      make("td", { class: "words" }, row.outliers.length ? shortList(row.outliers.map(title)) : ""),
      make("td", {}, row.review ?? ""),
      make("td", { class: "words" }, shortList(reasonsOf(row).map((code) => WORDS.reasons[code]?.short ?? code.replaceAll("_", " ")))),
    ),
  );
  place.replaceChildren(table(head, lines));
}

function shortList(names) {
  return names.length > 3 ? `${names.slice(0, 2).join("; ")} and ${names.length - 2} more` : names.join("; ");
}

function reasonsOf(row) {
  return (row.reasons ?? "").split(";").filter(Boolean);
}
