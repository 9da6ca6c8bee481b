// The thickness profile of each group: its mean, and one standard deviation about it.

function drawThickness(place, data) {
  const groups = data.groups.filter((group) => data.profiles[group]);
  if (!groups.length) return showNothing(place, "No thickness profile was measured.");
  const marks = groups.map((group) => MARKS[data.groups.indexOf(group) % MARKS.length]);
  const tops = groups.flatMap((group) => withSpread(data.profiles[group], 1));
  const words = `Mean thickness along the midline of ${groups.join(", ")}, rostrum at 0 % to splenium at 100 %`;
  const plot = frame(words, [0, 25, 50, 75, 100], roundTicks(0, Math.max(...tops)), "position on the midline, % (0 rostrum, 100 splenium)", "Thickness, mm", {
    legend: [groups, marks, (group) => ` (${data.profiles[group].n})`],
  });
  groups.forEach((group, index) => {
    const { mean, sd } = data.profiles[group];
    const along = (values) => values.map((value, at) => [plot.x(at + 0.5), plot.y(value)]);
    if (sd) plot.add(band(along(withSpread(data.profiles[group], -1)), along(withSpread(data.profiles[group], 1)), { fill: marks[index].color, "fill-opacity": 0.15 }));
    plot.add(curve(along(mean), { stroke: marks[index].color, "stroke-dasharray": marks[index].dash }));
  });
  show(place, plot.svg, "Mean of the participants; the band is one standard deviation to each side.", "thickness");
}

function withSpread({ mean, sd }, sign) {
  return mean.map((value, at) => Math.max(0, value + sign * (sd ? sd[at] : 0)));
}
