// One distribution: a button a bin, all cases pale, those that pass the filter dark.

/** Below so many values there is no distribution: they are listed. */
const FEWEST = 5;

/**
 * Draws the distribution of a measure.
 * @param rows All cases.
 * @param name Measure.
 * @param onRange Called with [low, high] of the bin that was chosen.
 * @returns {element, update(kept, range)}
 */
function histogram(rows, name, onRange) {
  const measure = MEASURES[name];
  const bins = binned(rows, name, measure.domain);
  const note = make("p", { class: "small muted" });
  const title = measure.title + (measure.unit.trim() ? `, ${measure.unit.trim()}` : "");
  const head = make("header", {}, make("h3", { id: `h-${name}` }, title), note);
  if (!bins.length) {
    note.textContent = "not measured";
    return { element: make("article", { class: "panel histogram" }, head), update: () => {} };
  }
  if (rows.filter((row) => row[name] !== null).length < FEWEST) return valueList(rows, name, head, note);
  const tallest = Math.max(...bins.map((bin) => bin.rows.length));
  const buttons = bins.map((bin, index) => binButton(bin, index, measure, name));
  const bars = make("div", { class: "bins", role: "group", "aria-labelledby": `h-${name}` }, ...buttons);
  bars.addEventListener("click", (event) => {
    const index = buttons.indexOf(event.target.closest(".bin"));
    if (index >= 0) onRange([bins[index].low, bins[index].high]);
  });
  bars.addEventListener("keydown", (event) => roveOver(buttons, event, "ArrowLeft", "ArrowRight"));
  buttons.forEach((button, index) => {
    setHeight(button.querySelector(".all"), bins[index].rows.length, tallest);
    const far = button.querySelector(".far");
    if (far) far.style.bottom = button.querySelector(".all").style.height;
  });

  function update(kept, range) {
    bins.forEach((bin, index) => {
      const count = bin.rows.filter((row) => kept.has(row)).length;
      setHeight(buttons[index].querySelector(".kept"), count, tallest);
      buttons[index].setAttribute("aria-pressed", String(range?.[0] === bin.low));
    });
    const shown = rows.filter((row) => kept.has(row) && row[name] !== null);
    const far = shown.filter((row) => row.outliers.includes(name)).length;
    note.textContent = summaryOf(shown.map((row) => row[name]), measure.digits);
    if (far) note.append(", ", make("span", { class: "key-outlier" }, `\u25c6 ${far} far off`));
  }

  const element = make("article", { class: "panel histogram" }, head, bars, ticks(bins));
  return { element, update };
}

/** The values of a few cases, each with its case; those that a filter leaves out are pale. */
function valueList(rows, name, head, note) {
  const { digits, unit } = MEASURES[name];
  const known = rows.filter((row) => row[name] !== null).toSorted((a, b) => a[name] - b[name]);
  const items = known.map((row) =>
    make("li", {}, make("span", { class: "value" }, shownNumber(row[name], digits) + unit), make("code", { class: "muted small" }, row.case_id)),
  );
  const update = (kept) => {
    known.forEach((row, index) => items[index].classList.toggle("left-out", !kept.has(row)));
    const count = known.filter((row) => kept.has(row)).length;
    note.textContent = count ? (count === 1 ? "one case" : `${count} cases`) : "none shown";
  };
  return { element: make("article", { class: "panel histogram" }, head, make("ul", { class: "values" }, ...items)), update };
}

function binButton(bin, index, measure, name) {
  const far = bin.rows.filter((row) => row.outliers.includes(name)).length;
  const range = `${shownNumber(bin.low, 2)} to ${shownNumber(bin.high, 2)} ${measure.spoken}`;
  const label = `${range.trim()}: ${bin.rows.length} cases${far ? `, ${far} far off` : ""}`;
  return make(
    "button",
    { type: "button", class: "bin", "aria-label": label, title: label, "aria-pressed": "false", tabindex: index ? -1 : 0 },
    make("i", { class: "all" }),
    make("i", { class: "kept" }),
    ...(far ? [make("i", { class: "far" })] : []),
  );
}

function setHeight(bar, count, tallest) {
  // One case among thousands must still be seen.
  bar.style.height = count ? `max(2px, ${(88 * count) / tallest}%)` : "0";
}

/** Median and middle 90 % in words. */
function summaryOf(values, digits) {
  if (!values.length) return "none shown";
  const at = (share) => shownNumber(quantile(values, share), digits);
  return `median ${at(0.5)}, 90 % in ${at(0.05)} to ${at(0.95)}`;
}

/** Labels below the bars, at round values. */
function ticks(bins) {
  const [low, high] = [bins[0].low, bins.at(-1).high];
  const step = roundStep((high - low) / 6);
  const digits = Math.max(0, Math.min(2, Math.ceil(-Math.log10(step) - 1e-9)));
  const labels = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index += 1) {
    const label = make("span", {}, shownNumber(index * step, digits));
    const share = (index * step - low) / (high - low);
    label.style.left = `${100 * share}%`;
    // The labels of both ends stay within the card.
    if (share > 0.95) label.className = "last";
    if (share < 0.05) label.className = "first";
    labels.push(label);
  }
  return make("div", { class: "ticks", "aria-hidden": "true" }, ...labels);
}

/** Arrow keys move the focus within a group that is one stop of the Tab key. */
function roveOver(items, event, back, forward) {
  const from = items.indexOf(document.activeElement);
  const steps = { [back]: from - 1, [forward]: from + 1, Home: 0, End: items.length - 1 };
  if (from < 0 || !(event.key in steps)) return;
  const to = Math.min(Math.max(steps[event.key], 0), items.length - 1);
  event.preventDefault();
  items[from].tabIndex = -1;
  items[to].tabIndex = 0;
  items[to].focus();
}
