// The values of one measure by group: a mark an image, the middle half as a box.

/** The value below which a share of sorted values lies. */
function quantile(sorted, share) {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

/** Draws it; `open` is called with the row of a mark that is clicked. */
function drawDistribution(place, data, name, open) {
  const rows = data.rows.filter((row) => row.is_sure && typeof row[name] === "number");
  if (!rows.length) return showNothing(place, "No image was measured with confidence.");
  const groups = data.groups.length ? data.groups : ["all"];
  const isOf = (row, group) => group === "all" || row.of_group === group;
  const values = rows.map((row) => row[name]);
  const ticks = roundTicks(Math.min(...values), Math.max(...values));
  const words = `${title(name)} of ${rows.length} images by group`;
  const labels = groups.map((group, index) => [index + 0.5, group]);
  const plot = frame(words, [0, groups.length], ticks, data.columns_of.group ?? "", title(name), { labels });
  groups.forEach((group, index) => {
    const members = rows.filter((row) => isOf(row, group));
    if (members.length) drawGroup(plot, members, index, name, open);
  });
  const far = rows.filter((row) => row.outliers.includes(name)).length;
  const said = rows.length < data.limits.outliers
    ? `A mark is an image. Outliers are marked from ${data.limits.outliers} images up.`
    : `A mark is an image; ${far} outliers are ringed. Click a mark to open its case.`;
  show(place, plot.svg, said, `distribution-${name}`);
}

function drawGroup(plot, members, index, name, open) {
  const { color, shape } = MARKS[index % MARKS.length];
  const sorted = members.map((row) => row[name]).toSorted((a, b) => a - b);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => plot.y(quantile(sorted, share)));
  const [left, right] = [plot.x(index + 0.2), plot.x(index + 0.8)];
  if (members.length >= 5) {
    plot.add(
      drawn("rect", { x: left, width: right - left, y: high, height: Math.max(low - high, 1), fill: color, "fill-opacity": 0.14, stroke: color }),
      drawn("line", { x1: left, x2: right, y1: middle, y2: middle, stroke: color, "stroke-width": 2.5 }),
    );
  }
  const inOrder = members.toSorted((a, b) => a[name] - b[name]);
  inOrder.forEach((row, rank) => {
    // Neighbours in value stand beside each other, not on one another.
    const x = plot.x(index + 0.5 + 0.055 * (((rank * 5) % 7) - 3));
    const [y, isFar] = [plot.y(row[name]), row.outliers.includes(name)];
    const point = mark(shape, x, y, { fill: color, "fill-opacity": 0.8, stroke: PAPER, class: "point" });
    point.append(drawn("title", {}, `${rowName(row)}: ${shownNumber(row[name])}`));
    point.addEventListener("click", () => open(row));
    if (isFar) plot.add(drawn("circle", { cx: x, cy: y, r: 8, fill: "none", stroke: "#b1241c", "stroke-width": 2 }));
    plot.add(point);
  });
}

/** Participant and session of a row. */
function rowName(row) {
  return [row.participant_id, row.session_id].filter(Boolean).join(" ");
}
