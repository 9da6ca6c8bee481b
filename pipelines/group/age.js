// One measure over age, by sex: a mark a participant, a straight line, and centiles where there are enough.

function drawAge(place, data, name) {
  const curves = data.curves[name];
  const { age, sex } = data.columns_of;
  if (!age) return showNothing(place, `participants.tsv has no column \u201c${data.asked_columns.age}\u201d; name another with --group.age_column.`);
  if (!curves.length) return showNothing(place, "No participant with an age was measured with confidence.");
  const points = curves.flatMap((found) => found.points);
  const [ages, values] = [1, 2].map((index) => points.map((point) => point[index]));
  const words = `${title(name)} of ${points.length} participants over ${age}${sex ? `, by ${sex}` : ""}`;
  const plot = frame(words, roundTicks(Math.min(...ages), Math.max(...ages)), roundTicks(Math.min(...values), Math.max(...values)), `${age}, years`, title(name), {
    legend: [curves.map((found) => found.name), MARKS, (group) => ` (${curves.find((found) => found.name === group).points.length})`],
  });
  curves.forEach((found, index) => drawCurve(plot, found, MARKS[index % MARKS.length]));
  show(place, plot.svg, [...curves.map(slopeWords), centileWords(data, curves)].join(" "), `age-${name}`);
}

function drawCurve(plot, { points, curve: found }, { color, shape, dash }) {
  if (found?.centiles) {
    const along = (centile) => found.ages.map((at, index) => [plot.x(at), centile[index] === null ? null : plot.y(centile[index])]);
    const [low, , , , high] = found.centiles.map((centile) => along(centile).filter(([, value]) => value !== null));
    plot.add(band(low, high, { fill: color, "fill-opacity": 0.1 }));
    found.centiles.forEach((centile, index) => plot.add(curve(along(centile), { stroke: color, "stroke-width": index === 2 ? 2 : 0.8 })));
  } else if (found) {
    plot.add(curve(found.ages.map((at, index) => [plot.x(at), plot.y(found.line[index])]), { stroke: color, "stroke-dasharray": dash }));
  }
  for (const [participant, years, value] of points) {
    const point = mark(shape, plot.x(years), plot.y(value), { fill: color, "fill-opacity": 0.8, stroke: PAPER });
    point.append(drawn("title", {}, `${participant}: ${shownNumber(value)} at ${shownNumber(years, 0)}`));
    plot.add(point);
  }
}

function slopeWords({ name, curve: found }) {
  if (!found) return `${name}: too few for a line.`;
  const [slope, low, high] = found.slope;
  return `${name}: ${shownNumber(slope)} a year (95 % interval ${shownNumber(low)} to ${shownNumber(high)}).`;
}

function centileWords(data, curves) {
  return curves.some((found) => found.curve?.centiles)
    ? `Centiles ${data.centiles.join(", ")} of these participants.`
    : `Centiles need ${data.limits.centiles} participants.`;
}
