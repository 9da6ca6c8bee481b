// Puts the parts together: filter and order in, table and distributions out.

const data = JSON.parse(document.getElementById("cases").textContent);
// What a mapping calls each case: only a report that is served with --mapping has names.
const caseNames = JSON.parse(document.getElementById("names").textContent);
const cases = data.cases.map((row, place) => ({
  ...row,
  place,
  name: caseNames[row.case_id] ?? "",
  haystack: [row.case_id, caseNames[row.case_id] ?? "", row.status, row.kind, row.transverse, row.cause, ...row.reasons, ...row.reasons.map(reasonWords), ...reviewTexts(row.review)].join(" ").toLowerCase(),
}));

function reviewTexts(review) {
  return review === null ? ["not reviewed"] : [review.decision, review.reviewer, review.comment];
}

const PAGE_SIZES = [25, 50, 100, 200];
const state = { opened: new Set(), filter: noFilter(), sort: { column: "case_id", descending: false }, page: 0, size: 50, open: null };
const found = (id) => document.getElementById(id);
const frame = found("case-list");
const dialog = found("detail");
const charts = Object.keys(MEASURES).map((name) => [name, histogram(cases, name, (range) => toggleRange(name, range))]);
/** Lines of the table in their order, and the cases among them. */
let shown = [];
let shownCases = [];

function refresh() {
  const kept = cases.filter((row) => passes(state.filter, row));
  shown = folded(sorted(kept, state.sort.column, state.sort.descending), state.opened);
  shownCases = shown.filter((line) => !line.members);
  state.page = Math.min(state.page, Math.max(0, Math.ceil(shown.length / state.size) - 1));
  const set = new Set(kept);
  for (const [name, chart] of charts) chart.update(set, state.filter.ranges.get(name));
  drawControls(kept.length);
  drawTable(shown.slice(state.page * state.size, (state.page + 1) * state.size));
  drawPager();
}

function change(part) {
  Object.assign(state.filter, part);
  state.page = 0;
  refresh();
}

function toggleRange(name, range) {
  const ranges = new Map(state.filter.ranges);
  if (ranges.get(name)?.[0] === range[0]) ranges.delete(name);
  else ranges.set(name, range);
  change({ ranges });
}

function sortBy(column) {
  const again = state.sort.column === column;
  state.sort = { column, descending: again ? !state.sort.descending : false };
  state.page = 0;
  refresh();
  frame.querySelector(`[data-column="${column}"]`).focus();
}

/** @param count Cases that pass the filter. */
function drawControls(count) {
  for (const tile of document.querySelectorAll("button.tile[data-status]")) {
    tile.setAttribute("aria-pressed", String(state.filter.statuses.has(tile.dataset.status)));
  }
  found("outliers").setAttribute("aria-pressed", String(state.filter.outliersOnly));
  found("reason").value = state.filter.reason;
  found("review").value = state.filter.review;
  found("reviewed").setAttribute("aria-pressed", String(state.filter.review === "reviewed"));
  found("clear").disabled = isOpen(state.filter);
  found("ranges").replaceChildren(...[...state.filter.ranges].map(([name, range]) => rangeButton(name, range)));
  const all = cases.length.toLocaleString("en");
  found("shown").textContent = isOpen(state.filter) ? `${all} in all` : `${count.toLocaleString("en")} of ${all}`;
}

function toggleFold(code) {
  if (!state.opened.delete(code)) state.opened.add(code);
  refresh();
  frame.querySelector(`[data-fold="${CSS.escape(code)}"] button`)?.focus();
}

function rangeButton(name, [low, high]) {
  const { title, unit } = MEASURES[name];
  const text = `${title} ${shownNumber(low, 2)} to ${shownNumber(high, 2)}${unit}`;
  return make("button", { type: "button", "aria-label": `Remove the filter ${text}`, onclick: () => toggleRange(name, [low, high]) }, `${text} \u2715`);
}

function drawTable(rows) {
  if (!rows.length) {
    frame.replaceChildren(make("p", { class: "nothing" }, cases.length ? "No case passes these filters." : "This run has no cases."));
    return;
  }
  const body = make("tbody", {}, ...rows.map((line) => (line.members ? foldRow(line, state.opened.has(line.fold), toggleFold) : tableRow(line, openCase))));
  frame.replaceChildren(make("table", { class: "cases" }, tableHead(state.sort, sortBy), body));
  frame.querySelector(".open").tabIndex = 0;
}

function drawPager() {
  const pages = Math.ceil(shown.length / state.size);
  const first = state.page * state.size + 1;
  const last = Math.min((state.page + 1) * state.size, shown.length);
  const turn = (to, text, label) => make("button", { type: "button", "aria-label": label, disabled: to < 0 || to >= pages || to === state.page, onclick: () => turnTo(to) }, text);
  const sizes = PAGE_SIZES.map((size) => make("option", { value: size, selected: size === state.size }, String(size)));
  const select = make("select", { onchange: (event) => { state.size = Number(event.target.value); state.page = 0; refresh(); } }, ...sizes);
  found("pager").hidden = shown.length <= PAGE_SIZES[0];
  found("pager").replaceChildren(
    turn(0, "\u21e4", "First page"),
    turn(state.page - 1, "\u2190", "Page before"),
    make("span", {}, `${first.toLocaleString("en")}${NONE}${last.toLocaleString("en")} of ${shown.length.toLocaleString("en")}`),
    turn(state.page + 1, "\u2192", "Next page"),
    turn(pages - 1, "\u21e5", "Last page"),
    make("label", { class: "small" }, "Rows a page ", select),
  );
}

function turnTo(page) {
  const pages = Math.ceil(shown.length / state.size);
  state.page = Math.min(Math.max(page, 0), pages - 1);
  refresh();
  frame.scrollIntoView({ block: "start" });
  frame.querySelector(".open")?.focus({ preventScroll: true });
}

function openCase(row) {
  const details = detailsOf(row);
  if (!details) { onceRead(() => openCase(row)); return; }
  state.open = row;
  const place = `${(shownCases.indexOf(row) + 1).toLocaleString("en")} of ${shownCases.length.toLocaleString("en")}`;
  showDetail(dialog, { ...row, ...details }, place, stepCase);
  if (!dialog.open) dialog.showModal();
  dialog.querySelector(".close").focus();
}

function stepCase(step) {
  const row = shownCases[Math.min(Math.max(shownCases.indexOf(state.open) + step, 0), shownCases.length - 1)];
  const page = Math.floor(shown.indexOf(row) / state.size);
  if (page !== state.page) { state.page = page; refresh(); }
  openCase(row);
}

/** Moves the focus to a row of the open page. */
function focusRow(index) {
  const buttons = [...frame.querySelectorAll(".open")];
  const target = buttons[Math.min(Math.max(index, 0), buttons.length - 1)];
  if (!target) return;
  for (const button of buttons) button.tabIndex = button === target ? 0 : -1;
  target.focus();
}

function onTableKey(event) {
  const buttons = [...frame.querySelectorAll(".open")];
  const from = buttons.indexOf(document.activeElement);
  const moves = {
    ArrowDown: () => focusRow(from + 1),
    ArrowUp: () => focusRow(from - 1),
    Home: () => focusRow(0),
    End: () => focusRow(buttons.length - 1),
    PageDown: () => turnTo(state.page + 1),
    PageUp: () => turnTo(state.page - 1),
  };
  if (from < 0 || !(event.key in moves)) return;
  event.preventDefault();
  moves[event.key]();
}

function onPageKey(event) {
  const typing = event.target.closest("input, select, textarea");
  if (event.key !== "/" || typing || dialog.open || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  found("search").focus();
}

function fillReasons() {
  const codes = [...new Set(cases.flatMap((row) => row.reasons))].sort();
  found("reason").replaceChildren(
    make("option", { value: "" }, "Any reason"),
    ...codes.map((code) => make("option", { value: code }, reasonWords(code))),
  );
}

/** Light or dark, whatever the system says; kept for the next report where the browser may. */
function themeButton() {
  const root = document.documentElement;
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const name = () => { found("theme").textContent = dark() ? "Light" : "Dark"; };
  try { root.dataset.theme = localStorage.getItem("callosal-theme") ?? ""; } catch { /* not kept here */ }
  found("theme").hidden = false;
  found("theme").addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("callosal-theme", root.dataset.theme); } catch { /* not kept here */ }
    name();
  });
  name();
}

for (const tile of document.querySelectorAll("button.tile[data-status]")) {
  tile.addEventListener("click", () => {
    const statuses = new Set(state.filter.statuses);
    if (!statuses.delete(tile.dataset.status)) statuses.add(tile.dataset.status);
    change({ statuses });
  });
}
found("search").addEventListener("input", (event) => change({ text: event.target.value }));
found("reason").addEventListener("change", (event) => change({ reason: event.target.value }));
found("review").addEventListener("change", (event) => change({ review: event.target.value }));
found("reviewed").addEventListener("click", () => change({ review: state.filter.review === "reviewed" ? "" : "reviewed" }));
found("outliers").addEventListener("click", () => change({ outliersOnly: !state.filter.outliersOnly }));
found("clear").addEventListener("click", () => { found("search").value = ""; change(noFilter()); });
frame.addEventListener("keydown", onTableKey);
document.addEventListener("keydown", onPageKey);
dialog.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step) { event.preventDefault(); stepCase(step); }
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => focusRow(shown.indexOf(state.open) - state.page * state.size));
// On paper all rows that pass the filter, not one page of them, and none folded away.
addEventListener("beforeprint", () => {
  const isClosed = (line) => line.members && !state.opened.has(line.fold);
  drawTable(shown.flatMap((line) => (isClosed(line) ? [line, ...line.members] : [line])));
});
addEventListener("afterprint", refresh);

found("histograms").replaceChildren(...charts.map(([, chart]) => chart.element));
found("toolbar").hidden = false;
fillReasons();
themeButton();
refresh();
// Pictures that the first page lacked, such as those of rows that a reader has sorted meanwhile.
onceRead(() => { if (frame.querySelector(".unread")) refresh(); });
