/** The review page: puts case, pictures, forms and keys together. */

import { CaseList } from "./case_list.js";
import { DecisionForm, savedText } from "./decision_form.js";
import { byId } from "./dom.js";
import { Drafts } from "./drafts.js";
import { FileTrial } from "./file_trial.js";
import { PoseForm } from "./pose_form.js";
import { drawSheet } from "./print_sheet.js";
import { CaseSession } from "./session.js";
import { Shortcuts } from "./shortcuts.js";
import { EmbeddedSource, ServerSource } from "./source.js";
import { showStacks } from "./stack_list.js";
import { Viewer } from "./viewer.js";

const embedded = document.getElementById("embedded");
const source = embedded ? new EmbeddedSource(JSON.parse(embedded.textContent ?? "")) : new ServerSource();
const viewer = new Viewer();
const list = new CaseList();
const pose = new PoseForm();
const decision = new DecisionForm();
const drafts = new Drafts();

/** @type {CaseSession | null} */
let session = null;

/** @type {FileTrial | null} */
let trial = null;

/** @type {import("./source.js").Words} Statuses and reasons in words, Python's. */
let words = { statuses: {}, reasons: {} };

/**
 * @param {string} id
 * @param {string} said What was said of the case before; it stays to be read.
 */
async function open(id, said = "") {
  trial?.leave();
  try {
    const entry = await source.case(id);
    await show(entry, source, drafts.read(entry));
    // Not by setting the fragment: the browser would look for an element to scroll to.
    history.replaceState(null, "", `#${id}`);
    list.mark(id);
    byId("case-id").textContent = id;
    byId("case-called").textContent = list.cases.find(({ case_id }) => case_id === id)?.name ?? "";
    byId("viewer").dataset.case = id;
    const draft = drafts.read(entry) ? "Your unsaved change is still here" : "";
    say([said, draft].filter(Boolean).join(". "), said && !draft ? 5000 : Infinity);
    prepareNext();
  } catch (error) {
    say(/** @type {Error} */ (error).message);
  }
}

/** Have the pictures of the next case here before they are asked for. */
function prepareNext() {
  const next = list.following;
  // Whatever fails here is said when the case is opened.
  if (next !== null && source instanceof ServerSource) source.prepare(next).catch(() => {});
}

/**
 * Put a case on the page.
 * @param {import("./source.js").CaseEntry} entry
 * @param {ServerSource | EmbeddedSource} from
 * @param {import("./drafts.js").Draft | null} draft
 */
async function show(entry, from, draft) {
  delete byId("viewer").dataset.case;
  const names = Object.keys(entry.pictures);
  const pictures = await Promise.all(names.map((name) => from.picture(entry, name)));
  const levels = new Map(names.map((name, i) => [name, pictures[i]]));
  viewer.show(entry.pictures, levels, entry.plan.source.kind);
  const opened = (session = new CaseSession(entry, from, draft));
  opened.addEventListener("change", () => opened === session && draw());
  opened.addEventListener("problem", (event) => say(/** @type {CustomEvent} */ (event).detail));
  draw();
  viewer.lookAtRoi();
}

/** Buttons that step between slices, and which way. */
const SLICE_STEPS = /** @type {[string, number][]} */ ([["slice-left", -1], ["slice-right", 1]]);

/** The step between slices that is being made; each waits for the one before. */
let stepping = Promise.resolve();

/**
 * Show the slice next to that on screen.
 * @param {number} by 1 toward the patient's right, -1 toward the left.
 */
async function step(by) {
  const stepped = session;
  const slice = stepped?.neighbours.next(by);
  if (stepped === null || slice === undefined) return;
  try {
    const levels = await stepped.source.picture(stepped.entry, slice?.picture ?? "midsagittal");
    if (stepped !== session) return;
    viewer.showSlice(slice?.place ?? stepped.entry.pictures.midsagittal, levels, slice?.words ?? "");
    stepped.goTo(slice);
  } catch (error) {
    say(/** @type {Error} */ (error).message);
  }
}

/** Where the slice on screen lies, and whether there are others beside it. */
function showSliceTools() {
  if (session === null) return;
  const { slices, why_none } = session.entry.neighbours;
  for (const [id, by] of SLICE_STEPS) {
    byId(id, HTMLButtonElement).disabled = session.neighbours.next(by) === undefined;
  }
  byId("slice-tools").hidden = slices.length === 0;
  byId("slice-words").textContent = session.slice?.words ?? "midsagittal";
  byId("no-slices").textContent = slices.length === 0 ? "no slices beside it" : "";
  byId("no-slices").title = why_none;
}

function draw() {
  if (session === null) return;
  const id = session.entry.case_id;
  const wasUnsaved = drafts.has(id);
  drafts.keep(session);
  if (drafts.has(id) !== wasUnsaved) list.renew(id);
  viewer.draw(session);
  pose.show(session);
  decision.show(session);
  showStacks(session.planes);
  showSliceTools();
  showFacts(session);
}

/** @param {CaseSession} shown */
function showFacts({ standingPlan: plan, cause }) {
  byId("case-cause").textContent = cause;
  const confidence = plan.confidence === null ? "" : ` ${plan.confidence.toFixed(2)}`;
  const status = byId("case-status");
  status.className = `status ${plan.status}`;
  status.textContent = `${words.statuses[plan.status] ?? plan.status}${confidence}`;
  const told = plan.reasons.map((code) => words.reasons[code]?.short ?? code.replaceAll("_", " "));
  const meant = plan.reasons.map((code) => words.reasons[code]?.meaning ?? code);
  byId("case-reasons").textContent = told.join(", ");
  byId("case-reasons").title = meant.join("\n");
}

/**
 * @param {string} text Stays until something else is said.
 * @param {number} passesMs Unless it passes.
 */
function say(text, passesMs = Infinity) {
  const message = byId("message");
  message.textContent = text;
  if (passesMs < Infinity) setTimeout(() => message.textContent === text && say(""), passesMs);
}

/** Draw the sheet of the open case; the browser prints it instead of the page. */
function drawPrinted() {
  if (session === null) return;
  drawSheet({
    session,
    gray: viewer.gray,
    called: byId("case-called").textContent ?? "",
    status: [byId("case-status").textContent, byId("case-cause").textContent].filter(Boolean).join(". "),
    decided: savedText(session),
  });
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.altKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
    event.preventDefault();
    list.step(event.key === "ArrowLeft" ? -1 : 1);
  }
  const typing = event.target instanceof HTMLTextAreaElement || event.target === byId("reviewer");
  if (!(event.ctrlKey || event.metaKey) || typing || session === null) return;
  const key = event.key.toLowerCase();
  if (key === "z" || key === "y") {
    event.preventDefault();
    if (key === "y" || event.shiftKey) session.redo();
    else session.undo();
  }
}

async function start() {
  const facts = await source.facts();
  document.documentElement.classList.toggle("read-only", source.readOnly);
  byId("report").hidden = !facts.has_report;
  if (source instanceof ServerSource) {
    tryFiles((trial = new FileTrial(source, facts)));
    const isReady = () => session !== null && !decision.isSaving && byId("viewer").dataset.case !== undefined;
    const keys = new Shortcuts(isReady);
    keys.addEventListener("say", (event) => say(/** @type {CustomEvent} */ (event).detail, 5000));
  }
  words = facts.words;
  list.statuses = words.statuses;
  list.isUnsaved = (id) => !source.readOnly && drafts.has(id);
  list.show(await source.cases());
  // The report links to review.html?case=NAME.
  const asked = location.hash.slice(1) || (new URLSearchParams(location.search).get("case") ?? "");
  const known = list.cases.some((summary) => summary.case_id === asked);
  await open(known ? asked : list.cases[0].case_id);
}

/** @param {FileTrial} started */
function tryFiles(started) {
  started.addEventListener("say", (event) => say(/** @type {CustomEvent} */ (event).detail));
  started.addEventListener("tried", async (event) => {
    const tried = /** @type {CustomEvent<EmbeddedSource>} */ (event).detail;
    await show(await tried.case(), tried, null);
    byId("trial").dataset.shown = "true";
  });
  started.addEventListener("end", () => open(list.current));
}

list.addEventListener("choose", (event) => open(/** @type {CustomEvent} */ (event).detail));
decision.addEventListener("saved", (event) => {
  const { session: decided, decision: kind, notes } = /** @type {CustomEvent} */ (event).detail;
  const id = decided.entry.case_id;
  list.decide(id, kind, decided.review?.roi?.angle_deg ?? null);
  draw();
  const next = decision.advance.checked && session === decided ? list.nextOpen() : null;
  const told = [next === null ? "Saved" : `Saved: ${id} is ${kind}`, ...notes].join(". ");
  if (next === null) say(told, notes.length > 0 ? Infinity : 5000);
  else open(next, told);
});
decision.addEventListener("problem", (event) => say(/** @type {CustomEvent} */ (event).detail));
viewer.addEventListener("edit", (event) => {
  const { roi, kind } = /** @type {CustomEvent} */ (event).detail;
  session?.edit(roi, kind);
});
viewer.addEventListener("mask", (event) => {
  const { mask, kind } = /** @type {CustomEvent} */ (event).detail;
  session?.editMask(mask, kind);
});
viewer.addEventListener("area", (event) => pose.showArea(/** @type {CustomEvent} */ (event).detail));
viewer.addEventListener("tool", draw);
addEventListener("keydown", onKey);
for (const [id, by] of SLICE_STEPS) {
  byId(id).addEventListener("click", () => (stepping = stepping.then(() => step(by))));
}
byId("print").addEventListener("click", () => print());
addEventListener("beforeprint", drawPrinted);
addEventListener("beforeunload", (event) => drafts.any && event.preventDefault());
addEventListener("hashchange", () => {
  const asked = location.hash.slice(1);
  if (session && asked !== session.entry.case_id) open(asked);
});
start().catch((error) => say(error.message));
