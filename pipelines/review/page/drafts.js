/** Unsaved regions, kept in this tab so that a reload loses nothing. */

/** @typedef {import("./roi.js").Roi} Roi */
/** @typedef {import("./source.js").CaseEntry} CaseEntry */
/** @typedef {import("./session.js").CaseSession} CaseSession */

const PREFIX = "callosal.draft.";

export class Drafts {
  /**
   * The unsaved region of a case, unless its plan has changed since.
   * @param {CaseEntry} entry
   * @returns {Roi | null}
   */
  read(entry) {
    const kept = JSON.parse(sessionStorage.getItem(key(entry)) ?? "null");
    return kept !== null && kept.plan_sha256 === entry.plan_sha256 ? kept.roi : null;
  }

  /**
   * Whether a case has an unsaved region in this tab.
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
      sessionStorage.setItem(key(entry), JSON.stringify({ plan_sha256: entry.plan_sha256, roi }));
    } else if (!session.source.readOnly) {
      sessionStorage.removeItem(key(entry));
    }
  }
}

/** @param {CaseEntry} entry */
function key(entry) {
  return PREFIX + entry.case_id;
}
