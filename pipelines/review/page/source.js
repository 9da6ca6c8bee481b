/** Where cases come from: the server of `callosal review`, or the page itself. */

/** @typedef {import("./mask_pixels.js").MaskEntry} MaskEntry */
/** @typedef {import("./roi.js").Roi} Roi */
/** @typedef {import("./roi.js").RoiLimits} RoiLimits */
/** @typedef {import("./place.js").Place} Place */
/** @typedef {import("./stacks.js").Stack} Stack */
/** @typedef {Record<"transverse" | "coronal" | "sagittal", Stack>} Planes */

/**
 * @typedef {object} Review
 * @property {number} revision
 * @property {"accepted" | "corrected" | "rejected"} decision
 * @property {string} reviewer
 * @property {string} comment
 * @property {string} reviewed_at
 * @property {string} plan_sha256
 * @property {Roi | null} roi
 * @property {MaskEntry | null} [mask] As corrected; none where the automatic one stands.
 * @property {import("./neighbours.js").OffsetMask[] | null} [neighbours] Of slices beside it.
 * @property {{planes: Planes | null, status: string, confidence: number | null, reasons: string[]} | null} plan
 */

/**
 * Error bars, of those that a plan has.
 * @typedef {object} Uncertainty
 * @property {number | null} [angle95_deg]
 * @property {number | null} [centre95_mm]
 * @property {number | null} [plane95_deg]
 */

/**
 * @typedef {object} CaseEntry
 * @property {string} case_id
 * @property {{status: string, confidence: number | null, reasons: string[], planes: Planes | null,
 *   dof_estimated: number | null, source: {kind?: string}, uncertainty: Uncertainty | null}} plan
 * @property {string} cause Why the plan that stands is not ok, in one sentence; "" if it is.
 * @property {string} plan_sha256
 * @property {Roi | null} automatic_roi
 * @property {Roi} first_roi
 * @property {RoiLimits} roi_limits
 * @property {[number, number][] | null} outline_mm
 * @property {MaskEntry | null} mask
 * @property {boolean} has_mask Whether a mask can be drawn on the slice.
 * @property {{roi: Roi, outline_mm: [number, number][]} | null} reviewed Of the mask of the review.
 * @property {Record<string, Place>} pictures
 * @property {{slices: import("./neighbours.js").NeighbourEntry[], why_none: string}} neighbours
 * @property {Review | null} review
 * @property {number} revision
 */

/**
 * @typedef {object} CaseSummary
 * @property {string} case_id
 * @property {string} [name] What a mapping calls it.
 * @property {string} status
 * @property {number | null} confidence
 * @property {number | null} angle_deg
 * @property {string | null} decision
 */

/**
 * @typedef {object} Words
 * @property {Record<string, string>} statuses
 * @property {Record<string, {short: string, meaning: string}>} reasons
 */

/**
 * @typedef {object} Facts
 * @property {string} version
 * @property {string} model
 * @property {number} most_bytes Of files that are tried; 0 where none can be.
 * @property {boolean} has_report
 * @property {Words} words
 */

/** An answer that is none, with its reason code. */
export class SourceError extends Error {
  /**
   * @param {string} message
   * @param {string} code
   * @param {Review | null} review Of a conflict: the review that is there now.
   */
  constructor(message, code, review = null) {
    super(message);
    this.code = code;
    this.review = review;
  }
}

/** Asks the server that gave out the page. */
export class ServerSource {
  readOnly = false;

  /** @type {{plan_sha256: string, case_id: string, pictures: Map<string, Uint16Array>} | null} */
  #prepared = null;

  /** @returns {Promise<Facts>} */
  facts() {
    return this.#json("facts");
  }

  /** @returns {Promise<CaseSummary[]>} */
  cases() {
    return this.#json("cases");
  }

  /**
   * @param {string} id
   * @returns {Promise<CaseEntry>}
   */
  case(id) {
    return this.#json(`cases/${id}`);
  }

  /**
   * Fetch the pictures of a case that is likely to be opened next. What is known of it is asked for
   * again when it is opened, because somebody may decide on it until then.
   * @param {string} id
   */
  async prepare(id) {
    const { case_id, plan_sha256, pictures } = await this.case(id);
    const named = Object.keys(pictures).map(async (name) => /** @type {const} */ ([name, await levelsOf(id, name)]));
    this.#prepared = { case_id, plan_sha256, pictures: new Map(await Promise.all(named)) };
  }

  /**
   * Gray levels of a picture, row by row.
   * @param {CaseEntry} entry
   * @param {string} name
   */
  async picture({ case_id, plan_sha256 }, name) {
    const ready = this.#prepared;
    const isSame = ready?.case_id === case_id && ready.plan_sha256 === plan_sha256;
    return (isSame ? ready.pictures.get(name) : undefined) ?? levelsOf(case_id, name);
  }

  /**
   * The stacks that a region gives.
   * @param {string} id
   * @param {Roi} roi
   * @returns {Promise<{planes: Planes}>}
   */
  plan(id, roi) {
    return this.#json(`cases/${id}/plan`, { method: "POST", body: JSON.stringify(roi) });
  }

  /**
   * Region and outline that a mask gives.
   * @param {string} id
   * @param {MaskEntry} mask
   * @returns {Promise<{roi: Roi, outline_mm: [number, number][]}>}
   */
  outline(id, mask) {
    return this.#json(`cases/${id}/outline`, { method: "POST", body: JSON.stringify(mask) });
  }

  /**
   * @param {string} id
   * @param {{decision: string, reviewer: string, comment: string, roi: Roi | null,
   *   mask: MaskEntry | null, neighbours: import("./neighbours.js").OffsetMask[]}} judgement
   * @param {number} basedOn Revision that was seen.
   * @returns {Promise<{review: Review, cause: string, notes: string[]}>}
   */
  save(id, judgement, basedOn) {
    const headers = { "If-Match": `"${basedOn}"` };
    return this.#json(`cases/${id}/review`, { method: "POST", headers, body: JSON.stringify(judgement) });
  }

  /**
   * Plan files that are not of the run; their names stay here.
   * @param {Blob[]} files
   * @returns {Promise<{entry: CaseEntry, pictures: Record<string, string>, seconds: number}>}
   */
  tryFiles(files) {
    const told = new TextEncoder().encode(JSON.stringify({ sizes: files.map((file) => file.size) }));
    const length = new DataView(new ArrayBuffer(4));
    length.setUint32(0, told.length, true);
    return this.#json("tried", { method: "POST", body: new Blob([length, told, ...files]) });
  }

  /**
   * @param {string} path
   * @param {RequestInit} options
   */
  async #json(path, options = {}) {
    return (await asked(path, options)).json();
  }
}

/** A page that holds its one case, written by `callosal review --read-only`. */
export class EmbeddedSource {
  readOnly = true;

  /** @param {{entry: CaseEntry, version: string, words: Words, has_report: boolean, pictures: Record<string, string>}} content */
  constructor(content) {
    this.content = content;
  }

  /** @returns {Promise<Facts>} */
  async facts() {
    const { version, words, has_report } = this.content;
    return { version, words, model: "", most_bytes: 0, has_report };
  }

  /** @returns {Promise<CaseSummary[]>} */
  async cases() {
    const { case_id, plan, automatic_roi, review } = this.content.entry;
    return [
      {
        case_id,
        status: plan.status,
        confidence: plan.confidence,
        angle_deg: automatic_roi && automatic_roi.angle_deg,
        decision: review && review.decision,
      },
    ];
  }

  async case() {
    return this.content.entry;
  }

  /**
   * @param {CaseEntry} _entry
   * @param {string} name
   */
  async picture(_entry, name) {
    const packed = Uint8Array.from(atob(this.content.pictures[name]), (letter) => letter.charCodeAt(0));
    const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint16Array(await new Response(unpacked).arrayBuffer());
  }
}

/**
 * @param {string} id
 * @param {string} name
 */
async function levelsOf(id, name) {
  const answer = await asked(`cases/${id}/pictures/${name}`, {});
  return new Uint16Array(await answer.arrayBuffer());
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function asked(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new SourceError("The review server does not answer. Is it still running?", "no_server");
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({ code: "bad_answer", message: answer.statusText }));
  throw new SourceError(told.message, told.code, told.review ?? null);
}
