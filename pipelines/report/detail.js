// One case in large: picture, figures, what its reasons mean, its files.

const STACKS = ["transverse", "coronal", "sagittal"];
const LINKED = {
  "plan.json": "plan",
  "plan.reviewed.json": "reviewed plan",
  "overlay.png": "picture",
  "overlay.reviewed.png": "reviewed picture",
  "parcels.png": "parts",
  "seg.dcm": "segmentation (DICOM)",
  "plan_sr.dcm": "structured report (DICOM)",
  "overlay_sc.dcm": "picture (DICOM)",
  "plan_sr.reviewed.dcm": "reviewed report (DICOM)",
  "overlay_sc.reviewed.dcm": "reviewed picture (DICOM)",
  "stitched.png": "joined picture",
};

/** Figures of a case: term and text. */
function figures(row) {
  const mm = (value, digits = 1) => (value === null ? NONE : `${shownNumber(value, digits)} mm`);
  const degrees = (value) => (value === null ? NONE : shownNumber(value, 1) + DEGREE);
  const center = ["x", "y", "z"].map((axis) => row[`final_center_${axis}_lps_mm`]);
  return [
    ["final angle", [degrees(row.final_angle_deg), " ", wasAngle(row.review, row.final_angle_deg)]],
    ["off by no more than", barsText(row)],
    ["box, line angle", `${degrees(row.box_angle_deg)}, ${degrees(row.line_angle_deg)}`],
    ["centre L, P, S", center.includes(null) ? NONE : `${center.map((value) => shownNumber(value, 1)).join(", ")} mm`],
    ["box", row.box_length_mm === null ? NONE : `${shownNumber(row.box_length_mm, 1)} \u00d7 ${mm(row.box_width_mm)}`],
    ["area", row.area_mm2 === null ? NONE : `${shownNumber(row.area_mm2, 1)} mm\u00b2`],
    ["midline length", mm(row.midline_length_mm)],
    ["mean thickness", mm(row.thickness_mean_mm, 2)],
    ["callosum index", shownNumber(row.cc_index, 3)],
    ["angles measured", row.dof_estimated === null ? NONE : `${row.dof_estimated} of 3`],
    ["input", row.kind || NONE],
    ...(row.rests_on ? [["rests on", row.rests_on]] : []),
    ...(row.repeats ? [["follow-up", row.repeats]] : []),
    ...(row.protocol ? [["protocol", row.protocol]] : []),
    ...(row.sending ? [["archive", sendingText(row.sending)]] : []),
    ["time", row.seconds === null ? NONE : `${shownNumber(row.seconds, 2)} s`],
  ];
}

/** The error bars of a case, or why it has none. */
function barsText(row) {
  if (row.angle95_deg === null) return row.no_bars ? `${NONE} (${reasonWords(row.no_bars)})` : NONE;
  const plane = row.plane95_deg === null ? "" : `, plane ${shownNumber(row.plane95_deg, 1)}${DEGREE}`;
  return `${shownNumber(row.angle95_deg, 1)}${DEGREE}, centre ${shownNumber(row.centre95_mm, 1)} mm${plane}, in 95 % of such cases`;
}

/** Whether the objects of a case are in the archive, and why not. */
function sendingText([state, reason]) {
  const words = { sent: "sent", waiting: "waits to be sent", refused: "given up", held: "not to be sent" };
  const why = reason.replaceAll("_", " ");
  return why ? `${words[state]}: ${why}` : words[state];
}

/** The three stacks as console text; the automatic one beside a corrected one. */
function stackList(row) {
  const terms = STACKS.filter((name) => name in row.stacks).flatMap((name) => {
    const stack = row.stacks[name];
    const was = name === "transverse" ? row.review?.automatic_transverse : "";
    const changed = was && was !== stack.prescription;
    return [
      make("dt", {}, name),
      make(
        "dd",
        {},
        make("code", {}, prescriptionText(stack.prescription)),
        make("span", {}, stackText(stack)),
        changed ? make("span", { class: "muted" }, `was ${prescriptionText(was)}`) : "",
      ),
    ];
  });
  if (!terms.length) return "";
  return make("section", {}, make("h3", {}, "Stacks"), make("dl", { class: "facts stacks" }, ...terms));
}

/** Who decided what, when and why. */
function reviewSaid(review) {
  if (review === null) return "";
  if (review.decision === "unreadable") {
    return make("p", { class: "review-note unreadable" }, "plan.reviewed.json is not a valid review, so the automatic plan is shown. Move the file away, or save the review again.");
  }
  const when = new Date(review.reviewed_at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
  return make(
    "div",
    { class: `review-note ${review.decision}` },
    make("p", {}, make("strong", {}, review.decision), ` by ${review.reviewer}, ${when}`),
    review.comment ? make("p", {}, `\u201c${review.comment}\u201d`) : "",
    review.is_old ? make("p", {}, "The case was planned again since this review: look at it again.") : "",
  );
}

/**
 * Fills the dialog with a case.
 * @param step Called with -1 or 1 for the case before or after.
 */
function showDetail(dialog, row, placeText, step) {
  const title = make("h2", { id: "detail-title" }, row.case_id);
  const buttons = make(
    "div",
    { class: "buttons" },
    make("button", { type: "button", "aria-label": "Previous case", onclick: () => step(-1) }, "\u2190"),
    make("button", { type: "button", "aria-label": "Next case", onclick: () => step(1) }, "\u2192"),
    make("button", { type: "button", class: "close", onclick: () => dialog.close() }, "Close"),
  );
  const place = make("span", { class: "muted small" }, placeText);
  dialog.replaceChildren(
    make("div", { class: "detail-head" }, title, make("span", { class: "case-name" }, row.name), statusMark(row.status), ...headDecision(row.review), place, buttons),
    make("div", { class: "detail-body" }, largePicture(row), said(row)),
  );
}

function headDecision(review) {
  return review === null ? [] : [make("span", { class: `decision ${review.decision}` }, review.decision)];
}

/** The picture beside this file; alone, the file shows the small picture it carries. */
function largePicture(row) {
  const small = smallPicture(row);
  const isJoined = row.files.includes("stitched.png");
  if (!small && !isJoined) return make("figure", {}, make("p", {}, "Nothing was segmented, so there is no picture."));
  const shown = small ?? make("p", {}, "The joined picture is in the folder of the run.");
  if (small) small.loading = "eager";
  const name = row.files.includes("overlay.reviewed.png") ? "overlay.reviewed.png" : isJoined ? "stitched.png" : "overlay.png";
  const alt = small ? small.alt : `Middle slice of the joined stations of ${row.case_id}`;
  const large = make("img", { src: caseFile(row, name), alt });
  large.addEventListener("error", () => large.replaceWith(shown), { once: true });
  return make("figure", {}, large);
}

function said(row) {
  const reasons = row.reasons.map((code) => {
    const meaning = WORDS.reasons[code]?.meaning;
    return make("li", {}, make("strong", {}, reasonWords(code)), meaning ? `: ${meaning}` : "");
  });
  const terms = figures(row).flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, ...[text].flat())]);
  const links = row.files.map((name) => make("a", { class: "button small", href: caseFile(row, name), title: name }, LINKED[name] ?? name));
  return make(
    "div",
    { class: "said" },
    reviewSaid(row.review),
    row.cause ? make("p", { class: "cause" }, row.cause) : "",
    ...(reasons.length ? [make("ul", { class: "meanings small" }, ...reasons)] : []),
    stackList(row),
    make("dl", { class: "facts" }, ...terms),
    profileFigure(row.profile_mm),
    make("div", { class: "links" }, ...links, reviewLink(row) ?? ""),
  );
}

function caseFile(row, name) {
  return `cases/${encodeURIComponent(row.case_id)}/${name}`;
}
