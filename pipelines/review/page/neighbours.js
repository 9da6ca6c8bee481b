/** The slices beside the midsagittal one: the mask of each, with steps of its own to undo. */

import { told } from "./dom.js";
import { entryOf, maskAreaMm2, maskOf, sameMask } from "./mask_pixels.js";
import { UndoHistory } from "./undo.js";

/** @typedef {import("./mask_pixels.js").Mask} Mask */
/** @typedef {import("./mask_pixels.js").MaskEntry} MaskEntry */
/** @typedef {{offset_mm: number, mask: MaskEntry}} OffsetMask A mask and the slice that it lies on. */

/**
 * @typedef {object} NeighbourEntry
 * @property {number} offset_mm From the midsagittal plane, positive toward the patient's right.
 * @property {string} picture Name of its picture.
 * @property {import("./place.js").Place} place
 * @property {MaskEntry} mask As it was found.
 * @property {MaskEntry | null} reviewed As corrected; null where it stands as it was found.
 */

export class NeighbourSlice {
  /**
   * @param {NeighbourEntry} entry
   * @param {boolean} reviewCounts Whether the review is one of this plan.
   */
  constructor({ offset_mm, picture, place, mask, reviewed }, reviewCounts) {
    this.offsetMm = offset_mm;
    this.picture = picture;
    this.place = place;
    this.automaticMask = maskOf(mask);
    /** @type {Mask} */
    this.savedMask = reviewed !== null && reviewCounts ? maskOf(reviewed) : this.automaticMask;
    /** @type {UndoHistory<Mask>} */
    this.history = new UndoHistory(this.savedMask);
  }

  get mask() {
    return this.history.present;
  }

  get areaMm2() {
    return maskAreaMm2(this.mask, this.place);
  }

  get isCorrected() {
    return this.mask !== this.automaticMask;
  }

  get hasUnsaved() {
    return this.mask !== this.savedMask;
  }

  /** Where it lies, in words. */
  get words() {
    return `${told(Math.abs(this.offsetMm), 0)} mm ${this.offsetMm > 0 ? "right" : "left"}`;
  }

  /**
   * @param {Mask} mask
   * @param {string} kind See `UndoHistory.add`.
   */
  edit(mask, kind) {
    const next = [this.automaticMask, this.savedMask].find((one) => sameMask(one, mask)) ?? mask;
    if (next !== this.mask) this.history.add(next, kind, performance.now());
  }

  /** The mask as it is now. @returns {OffsetMask} */
  get entry() {
    return { offset_mm: this.offsetMm, mask: entryOf(this.mask, this.place.shape) };
  }

  /**
   * The mask that a list holds for this slice; as it was found if the list holds none.
   * @param {OffsetMask[]} entries
   */
  maskIn(entries) {
    const found = entries.find(({ offset_mm }) => offset_mm === this.offsetMm);
    return found ? maskOf(found.mask) : this.automaticMask;
  }

  /** @param {Mask} saved */
  take(saved) {
    this.savedMask = [this.automaticMask, this.mask].find((one) => sameMask(one, saved)) ?? saved;
  }
}

/** The neighbouring slices of a case, and which of them is on screen. */
export class Neighbours {
  /**
   * @param {NeighbourEntry[]} entries From the patient's left to the right.
   * @param {boolean} reviewCounts Whether the review is one of this plan.
   */
  constructor(entries, reviewCounts) {
    this.slices = entries.map((entry) => new NeighbourSlice(entry, reviewCounts));
    /** The slice on screen; null is the midsagittal one. @type {NeighbourSlice | null} */
    this.current = null;
  }

  /**
   * The slice next to that on screen; undefined at the end.
   * @param {number} by 1 toward the patient's right, -1 toward the left.
   * @returns {NeighbourSlice | null | undefined}
   */
  next(by) {
    const left = this.slices.filter(({ offsetMm }) => offsetMm < 0);
    const order = [...left, null, ...this.slices.slice(left.length)];
    return order[order.indexOf(this.current) + by];
  }

  /** The masks that are not as they were found, to be saved or kept as a draft. */
  get corrected() {
    return this.slices.filter(({ isCorrected }) => isCorrected).map(({ entry }) => entry);
  }

  get hasUnsaved() {
    return this.slices.some((slice) => slice.hasUnsaved);
  }

  /**
   * Take the masks of a review as the saved ones; those on screen stay.
   * @param {OffsetMask[]} entries
   */
  take(entries) {
    for (const slice of this.slices) slice.take(slice.maskIn(entries));
  }

  /**
   * Go on with masks that were not saved.
   * @param {OffsetMask[]} entries
   */
  resume(entries) {
    for (const slice of this.slices) slice.edit(slice.maskIn(entries), "draft");
  }

  showSaved() {
    for (const slice of this.slices) slice.edit(slice.savedMask, "show saved");
  }
}
