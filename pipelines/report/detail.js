// One case in large: picture, figures, what its reasons mean, its files.

/** Figures of a case: term and text. */
function figures(row) {
  const mm = (value, digits = 1) => (value === null ? NONE : `${shownNumber(value, digits)} mm`);
  const degrees = (value) => (value === null ? NONE : shownNumber(value, 1) + DEGREE);
  const center = ["x", "y", "z"].map((axis) => row[`final_center_${axis}_lps_mm`]);
  return [
    ["transverse stack", row.transverse || NONE],
    ["final angle", degrees(row.final_angle_deg)],
    ["box, line angle", `${degrees(row.box_angle_deg)}, ${degrees(row.line_angle_deg)}`],
    ["centre L, P, S", center.includes(null) ? NONE : `${center.map((value) => shownNumber(value, 1)).join(", ")} mm`],
    ["box", row.box_length_mm === null ? NONE : `${shownNumber(row.box_length_mm, 1)} \u00d7 ${mm(row.box_width_mm)}`],
    ["area", row.area_mm2 === null ? NONE : `${shownNumber(row.area_mm2, 1)} mm\u00b2`],
    ["midline length", mm(row.midline_length_mm)],
    ["mean thickness", mm(row.thickness_mean_mm, 2)],
    ["callosum index", shownNumber(row.cc_index, 3)],
    ["angles measured", row.dof_estimated === null ? NONE : `${row.dof_estimated} of 3`],
    ["input", row.kind || NONE],
    ["time", row.seconds === null ? NONE : `${shownNumber(row.seconds, 2)} s`],
  ];
}

/**
 * Fills the dialog with a case.
 * @param step Called with -1 or 1 for the case before or after.
 */
function showDetail(dialog, row, context, step) {
  const title = make("h2", { id: "detail-title" }, row.case_id);
  const buttons = make(
    "div",
    { class: "buttons" },
    make("button", { type: "button", "aria-label": "Previous case", onclick: () => step(-1) }, "\u2190"),
    make("button", { type: "button", "aria-label": "Next case", onclick: () => step(1) }, "\u2192"),
    make("button", { type: "button", class: "close", onclick: () => dialog.close() }, "Close"),
  );
  const place = make("span", { class: "muted small" }, context.place);
  dialog.replaceChildren(
    make("div", { class: "detail-head" }, title, statusMark(row.status), place, buttons),
    make("div", { class: "detail-body" }, largePicture(row, context.pictures), said(row, context.meanings)),
  );
}

/** The overlay beside this file; alone, the file shows the small picture it carries. */
function largePicture(row, pictures) {
  const small = smallPicture(row, pictures);
  if (!small) return make("figure", {}, make("p", {}, "Nothing was segmented, so there is no picture."));
  small.loading = "eager";
  const large = make("img", { src: caseFile(row, "overlay.png"), alt: small.alt });
  large.addEventListener("error", () => large.replaceWith(small), { once: true });
  return make("figure", {}, large);
}

function said(row, meanings) {
  const reasons = row.reasons.map((code) => make("li", {}, make("strong", {}, code), meanings[code] ? `: ${meanings[code]}` : ""));
  const terms = figures(row).flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, text)]);
  const has_folder = row.status !== "skipped";
  const links = ["plan.json", "overlay.png"].map((name) => make("a", { class: "button small", href: caseFile(row, name) }, name));
  return make(
    "div",
    { class: "said" },
    ...(reasons.length ? [make("ul", { class: "meanings small" }, ...reasons)] : []),
    make("dl", { class: "facts" }, ...terms),
    make("div", { class: "links" }, ...(has_folder ? links : []), reviewLink(row) ?? ""),
  );
}

function caseFile(row, name) {
  return `cases/${encodeURIComponent(row.case_id)}/${name}`;
}
