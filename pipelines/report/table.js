// The table: the rows of one page, sorted by a column.

const COLUMNS = [
  { name: "picture", title: "" },
  { name: "case_id", title: "Case" },
  { name: "status", title: "Status" },
  { name: "confidence", title: "Confidence", number: true },
  { name: "final_angle_deg", title: "Angle", number: true },
  { name: "angle95_deg", title: "\u00b1 95\u00a0%", number: true },
  { name: "area_mm2", title: "Area, mm\u00b2", number: true },
  { name: "review", title: "Review" },
  { name: "seconds", title: "Time, s", number: true },
  { name: "reasons", title: "Reason" },
];

// Statuses and reasons in words; Python has the one table of them.
const WORDS = JSON.parse(document.getElementById("words").textContent);

const MOST_REASONS = 4;

/** A status as sign and word. */
function statusMark(status) {
  const known = status in WORDS.statuses;
  return make("span", { class: `status ${known ? status : "other"}` }, known ? WORDS.statuses[status] : status);
}

/** A reason code in a few words, its meaning behind them. */
function reasonMark(code) {
  return make("span", { class: "reason", title: WORDS.reasons[code]?.meaning ?? code }, reasonWords(code));
}

/** The first reasons, and the number of further ones; the case lists them all. */
function reasonMarks(codes) {
  const shown = codes.length > MOST_REASONS ? codes.slice(0, MOST_REASONS - 1) : codes;
  const rest = codes.slice(shown.length).map(reasonWords);
  const more = rest.length ? [make("span", { class: "reason", title: rest.join(", ") }, `and ${rest.length} more`)] : [];
  return [...shown.map(reasonMark), ...more];
}

function reasonWords(code) {
  return WORDS.reasons[code]?.short ?? code.replaceAll("_", " ");
}

/** A decision as sign and word, with who took it; nothing where nobody has. */
function reviewMark(review) {
  if (review === null) return [make("span", { class: "visually-hidden" }, "not reviewed")];
  const who = [review.reviewer, review.is_old ? "earlier plan" : ""].filter(Boolean).join(", ");
  return [
    make("span", { class: `decision ${review.decision}` }, review.decision),
    ...(who ? [make("span", { class: "muted small who" }, who)] : []),
  ];
}

/** What the automatic plan had, beside what a review made of it. */
function wasAngle(review, angle_deg) {
  const was = review?.automatic_angle_deg ?? null;
  if (was === null || was === angle_deg) return "";
  return make("span", { class: "muted small was" }, `was ${shownNumber(was, 1)}${DEGREE}`);
}

/** The small picture of a case, or null where nothing was segmented. */
function smallPicture({ picture, case_id }) {
  if (!picture) return null;
  return make("img", {
    src: `data:image/webp;base64,${picture}`,
    alt: `Slice of ${case_id} with outline, box, line and ROI`,
    width: 112,
    height: 96,
    decoding: "async",
    loading: "lazy",
  });
}

/** The small picture of a row, or why it has none. */
function pictureCell(row) {
  const details = detailsOf(row);
  if (!details) return make("span", { class: "none unread" }, "loading");
  return smallPicture({ ...row, ...details }) ?? make("span", { class: "none" }, "no picture");
}

/** Where a case is corrected; only a report served by `callosal review` has such a place. */
function reviewLink(row) {
  const query = new URLSearchParams(location.search);
  if (!query.has("review")) return null;
  query.delete("review");
  query.set("case", row.case_id);
  return make("a", { class: "button review", href: `review.html?${query}` }, "Review");
}

/**
 * The table's head, whose buttons sort.
 * @param sort {column, descending}
 * @param onSort Called with a column's name.
 */
function tableHead(sort, onSort) {
  const cells = COLUMNS.map(({ name, title, number }) => {
    if (name === "picture") return make("th", { scope: "col" }, make("span", { class: "visually-hidden" }, "Picture"));
    const order = sort.column === name ? (sort.descending ? "descending" : "ascending") : null;
    const button = make("button", { type: "button", "data-column": name, onclick: () => onSort(name) }, title);
    return make("th", { scope: "col", class: number ? "number" : null, "aria-sort": order }, button);
  });
  return make("thead", {}, make("tr", {}, ...cells));
}

/** One row; its case id opens the case. */
function tableRow(row, onOpen) {
  const open = make("button", { type: "button", class: "open", tabindex: -1 }, row.case_id);
  const cells = [
    make("td", { class: "picture" }, pictureCell(row)),
    make("td", {}, open, row.name ? make("span", { class: "muted small case-name" }, row.name) : ""),
    make("td", {}, statusMark(row.status)),
    make("td", { class: "number" }, ...confidence(row)),
    make("td", { class: "number" }, measured(row, "final_angle_deg", 1, DEGREE), wasAngle(row.review, row.final_angle_deg)),
    make("td", { class: "number", title: barMeaning(row) }, barText(row.angle95_deg, DEGREE)),
    make("td", { class: "number" }, measured(row, "area_mm2", 0, "")),
    make("td", { class: "review" }, ...reviewMark(row.review)),
    make("td", { class: "number" }, shownNumber(row.seconds, 2)),
    make("td", { class: "reasons" }, row.cause ? make("p", { class: "cause" }, row.cause) : "", ...reasonMarks(row.reasons), reviewLink(row) ?? ""),
  ];
  const element = make("tr", { "data-case": row.case_id }, ...cells);
  element.addEventListener("click", (event) => {
    if (event.target.closest("a") || String(getSelection())) return;
    onOpen(row);
  });
  return element;
}

/** The line of a reason for which several inputs were skipped; it opens and closes their rows. */
function foldRow({ fold, members }, isOpen, onFold) {
  const meaning = WORDS.reasons[fold]?.meaning;
  const words = `${members.length.toLocaleString("en")} skipped: ${reasonWords(fold)}${meaning ? `, ${meaning}` : ""}`;
  const button = make("button", { type: "button", class: "open fold", tabindex: -1, "aria-expanded": String(isOpen), onclick: () => onFold(fold) }, words);
  return make("tr", { class: "folded", "data-fold": fold }, make("td", { colspan: COLUMNS.length }, button));
}

/** An error bar with its sign; a dash where there is none. */
function barText(value, unit) {
  return value === null ? NONE : `\u00b1\u00a0${shownNumber(value, 1)}${unit}`;
}

/** What the bar of the angle says, or why there is none. */
function barMeaning(row) {
  if (row.angle95_deg !== null) return "The angle of 95 % of cases like this one is off by no more.";
  return WORDS.reasons[row.no_bars]?.meaning ?? "";
}

function confidence(row) {
  if (row.confidence === null) return [NONE];
  const bar = make("i");
  bar.style.width = `${100 * Math.min(Math.max(row.confidence, 0), 1)}%`;
  return [make("span", { class: "meter", "aria-hidden": "true" }, bar), measured(row, "confidence", 2, "")];
}

/** A number, marked where it lies far from the others of the run. */
function measured(row, name, digits, unit) {
  const text = shownNumber(row[name], digits) + (row[name] === null ? "" : unit);
  if (!row.outliers.includes(name)) return make("span", {}, text);
  return make("span", { class: "far-value", title: "far from the others of this run" }, text, make("span", { class: "visually-hidden" }, " (far off)"));
}
