/** One case under review: region and mask with undo, what follows from them, and what is saved. */

import { entryOf, maskAreaMm2, maskOf, sameMask } from "./mask_pixels.js";
import { Neighbours } from "./neighbours.js";
import { bounded, rounded, sameRoi } from "./roi.js";
import { UndoHistory } from "./undo.js";

/** @typedef {import("./drafts.js").Draft} Draft */
/** @typedef {import("./mask_pixels.js").Mask} Mask */
/** @typedef {import("./roi.js").Roi} Roi */
/** @typedef {import("./source.js").CaseEntry} CaseEntry */
/** @typedef {import("./source.js").Planes} Planes */
/** @typedef {import("./source.js").Review} Review */
/** @typedef {import("./source.js").ServerSource} ServerSource */
/** @typedef {import("./source.js").EmbeddedSource} EmbeddedSource */

/**
 * @typedef {object} Shape What a person can change.
 * @property {Roi | null} roi
 * @property {Mask | null} mask
 * @property {boolean} follows Whether the region follows from the mask: until a hand moves it.
 */

/**
 * @typedef {object} Outlined What follows from a mask.
 * @property {Roi | null} roi Null where it cannot be that of a callosum.
 * @property {[number, number][] | null} outline_mm
 */

/** Tells "change" when region, stacks or the saved review changed, "problem" with a message. */
export class CaseSession extends EventTarget {
  /**
   * @param {CaseEntry} entry
   * @param {ServerSource | EmbeddedSource} source
   * @param {Draft | null} draft What was not saved on an earlier visit.
   */
  constructor(entry, source, draft) {
    super();
    this.entry = entry;
    this.source = source;
    this.review = entry.review;
    /** Why the plan that stands is not ok, in one sentence; "" if it is, or if it is not known. */
    this.cause = entry.cause;
    this.revision = entry.revision;
    this.automaticMask = entry.mask && maskOf(entry.mask);
    this.reviewedMask = this.#reviewedMask();
    /** @type {Map<Mask | null, Outlined>} What follows from each mask that was asked for. */
    this.outlines = new Map();
    this.outlines.set(this.automaticMask, { roi: entry.automatic_roi, outline_mm: entry.outline_mm });
    if (this.reviewedMask && entry.reviewed) this.outlines.set(this.reviewedMask, entry.reviewed);
    const { savedRoi: roi, savedMask: mask } = this;
    /** @type {UndoHistory<Shape>} */
    const follows = sameRoi(roi, this.outlines.get(mask)?.roi ?? null);
    this.history = new UndoHistory({ roi, mask, follows }, sameShape);
    this.neighbours = new Neighbours(entry.neighbours.slices, !this.reviewIsOld);
    /** @type {Planes | null} */
    this.planes = this.#knownPlanes();
    this.asking = false;
    /** @type {Promise<void> | null} The question for an outline that is not answered yet. */
    this.outlining = null;
    if (draft !== null) this.#resume(draft);
  }

  /** @returns {Roi | null} */
  get roi() {
    return this.history.present.roi;
  }

  /** @returns {Mask | null} */
  get mask() {
    return this.history.present.mask;
  }

  /** What follows from the mask of now; undefined until it is known. */
  get outlined() {
    return this.outlines.get(this.mask);
  }

  /** The outline to draw. @returns {[number, number][] | null} */
  get outline() {
    return this.outlined?.outline_mm ?? null;
  }

  /** The neighbouring slice on screen; null is the midsagittal one. */
  get slice() {
    return this.neighbours.current;
  }

  /** Place and masks of the slice on screen. */
  get shown() {
    if (this.slice !== null) return this.slice;
    const place = this.entry.pictures.midsagittal;
    const { mask, automaticMask } = this;
    return { place, mask, automaticMask, areaMm2: maskAreaMm2(mask, place) };
  }

  /** The steps that can be undone on the slice on screen. */
  get steps() {
    return this.slice?.history ?? this.history;
  }

  /** @param {import("./neighbours.js").NeighbourSlice | null} slice */
  goTo(slice) {
    this.neighbours.current = slice;
    this.dispatchEvent(new Event("change"));
  }

  get automaticRoi() {
    return this.entry.automatic_roi;
  }

  /** Whether the case was planned again since the review: then the review is of another plan. */
  get reviewIsOld() {
    return this.review !== null && this.review.plan_sha256 !== this.entry.plan_sha256;
  }

  /** The plan that stands: that of a review of it, else the automatic one. */
  get standingPlan() {
    return (this.reviewIsOld ? null : this.review?.plan) ?? this.entry.plan;
  }

  /** @returns {Roi | null} */
  get savedRoi() {
    const kept = this.reviewIsOld ? null : (this.review?.roi ?? null);
    return kept ?? this.automaticRoi;
  }

  /** @returns {Mask | null} */
  get savedMask() {
    return this.reviewIsOld ? this.automaticMask : (this.reviewedMask ?? this.automaticMask);
  }

  get isMaskCorrected() {
    return this.mask !== this.automaticMask;
  }

  get isCorrection() {
    return this.isMaskCorrected || (this.roi !== null && !sameRoi(this.roi, this.automaticRoi));
  }

  get hasUnsaved() {
    const isPlanSaved = this.mask === this.savedMask && sameRoi(this.roi, this.savedRoi);
    return !this.source.readOnly && !(isPlanSaved && !this.neighbours.hasUnsaved);
  }

  /**
   * @param {Roi} roi
   * @param {string} kind See `UndoHistory.add`.
   */
  edit(roi, kind) {
    const next = rounded(bounded(roi, this.entry.roi_limits));
    if (sameRoi(next, this.roi)) return;
    const follows = sameRoi(next, this.outlined?.roi ?? null);
    this.history.add({ roi: next, mask: this.mask, follows }, kind, performance.now());
    this.#changed();
  }

  /**
   * Take back what `edit` did under this kind.
   * @param {string} kind
   */
  withdraw(kind) {
    this.history.withdraw(kind);
    this.#changed();
  }

  /**
   * Take another mask of the slice on screen. The region follows that of the midsagittal slice as
   * soon as the server has told it, unless it was moved.
   * @param {Mask} mask
   * @param {string} kind See `UndoHistory.add`.
   */
  editMask(mask, kind) {
    if (this.slice !== null) {
      this.slice.edit(mask, kind);
      this.#changed();
      return;
    }
    const known = [this.automaticMask, this.reviewedMask].find((one) => sameMask(one, mask));
    const { roi, follows } = this.history.present;
    const next = known ?? mask;
    this.history.add({ roi: follows ? (this.outlines.get(next)?.roi ?? roi) : roi, mask: next, follows }, kind, performance.now());
    this.#changed();
  }

  /** Region and mask of the automatic plan, in one step; of a neighbouring slice its mask. */
  reset() {
    if (this.slice !== null) {
      this.editMask(this.slice.automaticMask, "automatic");
      return;
    }
    const shape = { roi: this.automaticRoi, mask: this.automaticMask, follows: true };
    this.history.add(shape, "automatic", performance.now());
    this.#changed();
  }

  undo() {
    this.steps.undo();
    this.#changed();
  }

  redo() {
    this.steps.redo();
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
    await this.outlining;
    const isCorrected = decision === "corrected";
    const { shape } = this.entry.pictures.midsagittal;
    const mask = isCorrected && this.isMaskCorrected && this.mask ? entryOf(this.mask, shape) : null;
    const neighbours = decision === "rejected" ? [] : this.neighbours.corrected;
    const judgement = { decision, reviewer, comment, roi: isCorrected ? this.roi : null, mask, neighbours };
    const saved = await source.save(this.entry.case_id, judgement, this.revision);
    this.take(saved.review, saved.cause);
    return saved.notes;
  }

  /**
   * Take a review as the saved one; the region on screen stays.
   * @param {Review} review
   * @param {string} cause Why its plan is not ok.
   */
  take(review, cause = "") {
    this.review = review;
    this.cause = cause;
    this.revision = review.revision;
    const mask = this.#reviewedMask();
    this.reviewedMask = mask && sameMask(mask, this.mask) ? this.mask : mask;
    this.neighbours.take(this.reviewIsOld ? [] : (review.neighbours ?? []));
    this.#changed();
  }

  /** Show what is saved. */
  showSaved() {
    const shape = { roi: this.savedRoi ?? this.roi, mask: this.savedMask, follows: false };
    this.history.add(shape, "show saved", performance.now());
    this.neighbours.showSaved();
    this.#changed();
  }

  /** @returns {Mask | null} */
  #reviewedMask() {
    return this.review?.mask ? maskOf(this.review.mask) : null;
  }

  /** @param {Draft} draft */
  #resume({ roi, mask, follows, neighbours }) {
    this.neighbours.resume(neighbours ?? []);
    const drawn = mask ? maskOf(mask) : this.automaticMask;
    const known = [this.automaticMask, this.reviewedMask].find((one) => sameMask(one, drawn));
    const shape = { roi, mask: known === undefined ? drawn : known, follows };
    if (sameShape(shape, this.history.present)) return;
    this.history.add(shape, "draft", performance.now());
    this.#changed();
  }

  #changed() {
    if (!this.outlines.has(this.mask) && !this.source.readOnly) this.outlining ??= this.#askOutlines();
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

  /** What follows from the mask of now; one question at a time, the newest mask last. */
  async #askOutlines() {
    const source = /** @type {ServerSource} */ (this.source);
    const { shape } = this.entry.pictures.midsagittal;
    while (this.mask !== null && !this.outlines.has(this.mask)) {
      const mask = this.mask;
      try {
        this.outlines.set(mask, await source.outline(this.entry.case_id, entryOf(mask, shape)));
      } catch (error) {
        this.outlines.set(mask, { roi: null, outline_mm: null });
        this.dispatchEvent(new CustomEvent("problem", { detail: String(/** @type {Error} */ (error).message) }));
      }
      const roi = this.outlines.get(mask)?.roi ?? null;
      if (roi) this.history.amend((one) => (one.mask === mask && one.follows ? { ...one, roi } : one));
      // What is drawn now may ask for more, but not while this answer is taken.
      this.#changed();
    }
    this.outlining = null;
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

/**
 * @param {Shape} one
 * @param {Shape} other
 */
function sameShape(one, other) {
  return one.mask === other.mask && sameRoi(one.roi, other.roi);
}
