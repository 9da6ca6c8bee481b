/** One case under review: its region with undo, the stacks that follow, and what is saved. */

import { bounded, rounded, sameRoi } from "./roi.js";
import { UndoHistory } from "./undo.js";

/** @typedef {import("./roi.js").Roi} Roi */
/** @typedef {import("./source.js").CaseEntry} CaseEntry */
/** @typedef {import("./source.js").Planes} Planes */
/** @typedef {import("./source.js").Review} Review */
/** @typedef {import("./source.js").ServerSource} ServerSource */
/** @typedef {import("./source.js").EmbeddedSource} EmbeddedSource */

/** Tells "change" when region, stacks or the saved review changed, "problem" with a message. */
export class CaseSession extends EventTarget {
  /**
   * @param {CaseEntry} entry
   * @param {ServerSource | EmbeddedSource} source
   * @param {Roi | null} draft Unsaved region of an earlier visit.
   */
  constructor(entry, source, draft) {
    super();
    this.entry = entry;
    this.source = source;
    this.review = entry.review;
    this.revision = entry.revision;
    /** @type {UndoHistory<Roi | null>} */
    this.history = new UndoHistory(this.savedRoi, sameRoi);
    /** @type {Planes | null} */
    this.planes = this.#knownPlanes();
    this.asking = false;
    if (draft !== null && !sameRoi(draft, this.roi)) this.edit(draft, "draft");
  }

  /** @returns {Roi | null} */
  get roi() {
    return this.history.present;
  }

  get automaticRoi() {
    return this.entry.automatic_roi;
  }

  /** Whether the case was planned again since the review: then the review is of another plan. */
  get reviewIsOld() {
    return this.review !== null && this.review.plan_sha256 !== this.entry.plan_sha256;
  }

  /** @returns {Roi | null} */
  get savedRoi() {
    const kept = this.reviewIsOld ? null : (this.review?.roi ?? null);
    return kept ?? this.automaticRoi;
  }

  get isCorrection() {
    return this.roi !== null && !sameRoi(this.roi, this.automaticRoi);
  }

  get hasUnsaved() {
    return !this.source.readOnly && !sameRoi(this.roi, this.savedRoi);
  }

  /**
   * @param {Roi} roi
   * @param {string} kind See `UndoHistory.add`.
   */
  edit(roi, kind) {
    const next = rounded(bounded(roi, this.entry.roi_limits));
    if (sameRoi(next, this.roi)) return;
    this.history.add(next, kind, performance.now());
    this.#changed();
  }

  undo() {
    this.history.undo();
    this.#changed();
  }

  redo() {
    this.history.redo();
    this.#changed();
  }

  /**
   * Keep a decision.
   * @param {"accepted" | "corrected" | "rejected"} decision
   * @param {string} reviewer
   * @param {string} comment
   * @returns {Promise<string[]>} What could not be made of it.
   */
  async save(decision, reviewer, comment) {
    if (this.source.readOnly) return [];
    const source = /** @type {ServerSource} */ (this.source);
    const roi = decision === "corrected" ? this.roi : null;
    const judgement = { decision, reviewer, comment, roi };
    const saved = await source.save(this.entry.case_id, judgement, this.revision);
    this.take(saved.review);
    return saved.notes;
  }

  /**
   * Take a review as the saved one; the region on screen stays.
   * @param {Review} review
   */
  take(review) {
    this.review = review;
    this.revision = review.revision;
    this.#changed();
  }

  /** Show the region that is saved. */
  showSaved() {
    if (this.savedRoi !== null) this.edit(this.savedRoi, "show saved");
  }

  #changed() {
    const known = this.#knownPlanes();
    if (known !== null || this.roi === null) this.planes = known;
    else this.#askPlanes();
    this.dispatchEvent(new Event("change"));
  }

  /** @returns {Planes | null} */
  #knownPlanes() {
    if (this.roi === null) return null;
    if (sameRoi(this.roi, this.automaticRoi)) return this.entry.plan.planes;
    const kept = this.reviewIsOld ? null : this.review;
    return kept && sameRoi(this.roi, kept.roi) ? (kept.plan?.planes ?? null) : null;
  }

  /** The stacks of the region of now; one question at a time, the newest region last. */
  async #askPlanes() {
    if (this.asking || this.source.readOnly) return;
    const source = /** @type {ServerSource} */ (this.source);
    this.asking = true;
    try {
      for (let asked = null; this.roi !== null && !sameRoi(asked, this.roi); ) {
        asked = this.roi;
        const { planes } = await source.plan(this.entry.case_id, asked);
        if (this.#knownPlanes() === null) this.planes = planes;
        this.dispatchEvent(new Event("change"));
      }
    } catch (error) {
      this.dispatchEvent(new CustomEvent("problem", { detail: String(/** @type {Error} */ (error).message) }));
    } finally {
      this.asking = false;
    }
  }
}
