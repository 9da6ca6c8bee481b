/** Unsaved regions and masks, kept in this tab so that a reload loses nothing. */

import { entryOf } from "./mask_pixels.js";

/** @typedef {import("./mask_pixels.js").MaskEntry} MaskEntry */
/** @typedef {import("./roi.js").Roi} Roi */
/** @typedef {import("./source.js").CaseEntry} CaseEntry */
/** @typedef {import("./session.js").CaseSession} CaseSession */

/**
 * @typedef {object} Draft
 * @property {Roi | null} roi
 * @property {MaskEntry | null} mask Null where it is that of the network.
 * @property {boolean} follows Whether the region follows from the mask.
 * @property {import("./neighbours.js").OffsetMask[]} [neighbours] Of slices beside it, where corrected.
 */

const PREFIX = "callosal.draft.";

export class Drafts {
  /**
   * What is not saved of a case, unless its plan has changed since.
   * @param {CaseEntry} entry
   * @returns {Draft | null}
   */
  read(entry) {
    const kept = JSON.parse(sessionStorage.getItem(key(entry)) ?? "null");
    return kept !== null && kept.plan_sha256 === entry.plan_sha256 ? kept : null;
  }

  /**
   * Whether a case has anything unsaved in this tab.
   * @param {string} id
   */
  has(id) {
    return sessionStorage.getItem(PREFIX + id) !== null;
  }

  /** Whether any case has. */
  get any() {
    return Object.keys(sessionStorage).some((name) => name.startsWith(PREFIX));
  }

  /** @param {CaseSession} session */
  keep(session) {
    const { entry, roi } = session;
    if (session.hasUnsaved) {
      const mask = session.isMaskCorrected && session.mask ? entryOf(session.mask, entry.pictures.midsagittal.shape) : null;
      const { follows } = session.history.present;
      const { corrected: neighbours } = session.neighbours;
      const draft = { plan_sha256: entry.plan_sha256, roi, mask, follows, neighbours };
      sessionStorage.setItem(key(entry), JSON.stringify(draft));
    } else if (!session.source.readOnly) {
      sessionStorage.removeItem(key(entry));
    }
  }
}

/** @param {CaseEntry} entry */
function key(entry) {
  return PREFIX + entry.case_id;
}
