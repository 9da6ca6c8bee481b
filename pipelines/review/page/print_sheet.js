/**
 * The sheet that is printed: one page of one case. Picture and plan are one drawing in millimetres,
 * so that nothing can shift them against each other, whatever the size of window and paper.
 */

import { byId, drawn, element, pointList, told } from "./dom.js";
import { edgeLetters, extentMm } from "./place.js";
import { corners, fromFrame } from "./roi.js";
import { prescriptionText, stackText } from "./stack_words.js";
import { STACKS, drawnOn } from "./stacks.js";

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./place.js").Place} Place */
/** @typedef {import("./session.js").CaseSession} CaseSession */

/**
 * @typedef {object} Printed
 * @property {CaseSession} session
 * @property {HTMLCanvasElement} gray The slice, a pixel a voxel, in the window of the screen.
 * @property {string} called What a mapping calls the case.
 * @property {string} status Status and first cause in words.
 * @property {string} decided Who decided what and when, in words.
 */

/** @param {Printed} printed */
export function drawSheet({ session, gray, called, status, decided }) {
  const { entry, planes } = session;
  const roi = session.review?.decision === "rejected" && !session.hasUnsaved ? null : session.roi;
  const shown = roi === null ? null : planes;
  byId("sheet").replaceChildren(
    element("header", {}, [
      element("h1", {}, [entry.case_id]),
      element("p", {}, [called]),
      element("p", {}, [status]),
    ]),
    sheetPicture(session, gray, roi, shown),
    element("div", { class: "sheet-plan" }, [
      element("p", { class: "sheet-angle" }, [roi === null ? "No plan" : `${told(roi.angle_deg)}°`]),
      element("dl", {}, shown === null ? [] : STACKS.flatMap((name) => stackTerms(name, shown[name]))),
    ]),
    element("footer", {}, [
      element("p", { class: "sheet-decided" }, [decided]),
      element("p", {}, [`Printed ${new Date().toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}. Not a medical device: for research only.`]),
    ]),
  );
}

/**
 * @param {string} name
 * @param {import("./stacks.js").Stack} stack
 */
function stackTerms(name, stack) {
  return [
    element("dt", { class: name }, [name[0].toUpperCase() + name.slice(1)]),
    element("dd", {}, [element("code", {}, [prescriptionText(stack.prescription)]), element("span", {}, [stackText(stack)])]),
  ];
}

/**
 * @param {CaseSession} session
 * @param {HTMLCanvasElement} gray
 * @param {import("./roi.js").Roi | null} roi
 * @param {import("./source.js").Planes | null} planes
 */
function sheetPicture(session, gray, roi, planes) {
  const place = session.entry.pictures.midsagittal;
  const [width, height] = extentMm(place);
  const at = (/** @type {Point} */ [x, y]) => /** @type {Point} */ ([width / 2 - x, height / 2 - y]);
  const { outline } = session;
  return drawn("svg", { id: "sheet-picture", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Midsagittal slice with outline, region and stacks" }, [
    drawn("image", { href: gray.toDataURL(), width: String(width), height: String(height), preserveAspectRatio: "none" }),
    ...(planes === null ? [] : STACKS.flatMap((name) => stackShapes(name, planes[name], place, at))),
    ...(outline === null ? [] : [drawn("polygon", { class: "outline", points: pointList(outline.map(at)) })]),
    ...(roi === null ? [] : regionShapes(roi, at)),
    ...letters(place, width, height),
  ]);
}

/**
 * @param {string} name
 * @param {import("./stacks.js").Stack} stack
 * @param {Place} place
 * @param {(mm: Point) => Point} at
 */
function stackShapes(name, stack, place, at) {
  const { lines, frame } = drawnOn(stack, place);
  if (frame !== null) return [drawn("polygon", { class: `stack ${name} frame`, points: pointList(frame.map(at)) })];
  return lines.map((line) => drawn("polyline", { class: `stack ${name} slices`, points: pointList(line.map(at)) }));
}

/**
 * @param {import("./roi.js").Roi} roi
 * @param {(mm: Point) => Point} at
 */
function regionShapes(roi, at) {
  const half = roi.size_mm[0] / 2;
  const axis = /** @type {Point[]} */ ([[half, 0], [-half, 0]]).map((end) => at(fromFrame(roi, end)));
  return [
    drawn("polygon", { class: "roi", points: pointList(corners(roi).map(at)) }),
    drawn("polyline", { class: "roi-axis", points: pointList(axis) }),
  ];
}

/**
 * @param {Place} place
 * @param {number} width
 * @param {number} height
 */
function letters(place, width, height) {
  const { left, right, top, bottom } = edgeLetters(place);
  const write = (/** @type {string} */ text, /** @type {number} */ x, /** @type {number} */ y) =>
    drawn("text", { x, y, "text-anchor": "middle" }, [text]);
  const middle = height / 2 + 2;
  return [write(left, 5, middle), write(right, width - 5, middle), write(top, width / 2, 7), write(bottom, width / 2, height - 3)];
}
