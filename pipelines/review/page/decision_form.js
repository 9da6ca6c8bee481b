/** Accept, correct or reject; what was decided before; and what to do when two decide at once. */

import { byId, told } from "./dom.js";
import { SourceError } from "./source.js";

/** @typedef {import("./session.js").CaseSession} CaseSession */
/** @typedef {import("./source.js").Review} Review */
/** @typedef {"accepted" | "corrected" | "rejected"} Decision */

const REVIEWER_KEY = "callosal.reviewer";
const ADVANCE_KEY = "callosal.advance";
const VERBS = { accepted: "Accepted", corrected: "Corrected", rejected: "Rejected" };

/** Tells "saved" with {session, decision, notes}, "problem" with a message. */
export class DecisionForm extends EventTarget {
  constructor() {
    super();
    /** @type {CaseSession | null} */
    this.session = null;
    this.form = byId("decision-form", HTMLFormElement);
    this.reviewer = byId("reviewer", HTMLInputElement);
    this.comment = byId("comment", HTMLTextAreaElement);
    this.dialog = byId("conflict", HTMLDialogElement);
    this.isSaving = false;
    this.advance = byId("advance", HTMLInputElement);
    this.advance.checked = localStorage.getItem(ADVANCE_KEY) !== "off";
    this.advance.addEventListener("change", () =>
      localStorage.setItem(ADVANCE_KEY, this.advance.checked ? "on" : "off"),
    );
    this.reviewer.value = localStorage.getItem(REVIEWER_KEY) ?? "";
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
      if (button) this.#decide(/** @type {Decision} */ (button.value));
    });
  }

  /** @param {CaseSession} session */
  show(session) {
    if (session !== this.session) this.comment.value = session.review?.comment ?? "";
    this.session = session;
    this.draw();
  }

  draw() {
    const session = this.session;
    if (session === null) return;
    byId("decision").hidden = session.source.readOnly && session.review === null;
    this.form.hidden = session.source.readOnly;
    byId("decide").hidden = session.source.readOnly;
    byId("accept", HTMLButtonElement).disabled = session.isCorrection || session.automaticRoi === null;
    byId("correct", HTMLButtonElement).disabled = !session.isCorrection;
    const isAccepting = !session.isCorrection && session.neighbours.hasUnsaved && session.automaticRoi !== null;
    byId("saved").textContent = savedText(session) + (isAccepting ? ": Accept saves the slices beside it too" : "");
    byId("saved").className = `saved ${session.hasUnsaved ? "unsaved" : (session.review?.decision ?? "")}`;
  }

  /** @param {Decision} decision */
  async #decide(decision) {
    const session = this.session;
    if (session === null || this.isSaving) return;
    localStorage.setItem(REVIEWER_KEY, this.reviewer.value);
    this.isSaving = true;
    try {
      const notes = await session.save(decision, this.reviewer.value, this.comment.value);
      this.isSaving = false;
      this.#tell("saved", { session, decision, notes });
    } catch (error) {
      this.isSaving = false;
      if (error instanceof SourceError && error.review !== null) await this.#settle(error.review, decision);
      else this.#tell("problem", /** @type {Error} */ (error).message);
    }
  }

  /**
   * Someone else was first: look at theirs, save on top of it, or leave all as it is.
   * @param {Review} theirs
   * @param {Decision} decision
   */
  async #settle(theirs, decision) {
    const session = /** @type {CaseSession} */ (this.session);
    byId("conflict-text").textContent = conflictText(theirs);
    this.dialog.returnValue = "later";
    this.dialog.showModal();
    await new Promise((resolve) => this.dialog.addEventListener("close", resolve, { once: true }));
    const choice = this.dialog.returnValue;
    if (choice === "later") return;
    session.take(theirs);
    if (choice === "mine") await this.#decide(decision);
    else session.showSaved();
  }

  /**
   * @param {string} name
   * @param {unknown} detail
   */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** @param {CaseSession} session */
export function savedText(session) {
  const { review } = session;
  if (session.hasUnsaved) return "Not saved yet";
  if (review === null) return "Not reviewed yet";
  const told = `${reviewText(review)} · revision ${review.revision}`;
  return session.reviewIsOld ? `${told}; planned again since, so look at it again` : told;
}

/** @param {Review} review */
function reviewText(review) {
  const count = review.neighbours?.length ?? 0;
  const beside = count > 0 ? `, with ${count} slice${count > 1 ? "s" : ""} beside it,` : "";
  return `${VERBS[review.decision]}${beside} by ${review.reviewer}, ${timeText(review.reviewed_at)}`;
}

/** @param {Review} theirs */
function conflictText(theirs) {
  const angle = theirs.roi ? ` at ${told(theirs.roi.angle_deg)}°` : "";
  const comment = theirs.comment ? `: “${theirs.comment}”` : "";
  return `${reviewText(theirs)}${angle}${comment}`;
}

/** @param {string} utc */
function timeText(utc) {
  return new Date(utc).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}
