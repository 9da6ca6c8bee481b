/** The cases of the run, filtered, with the one under review marked. */

import { byId, element, told } from "./dom.js";

/** @typedef {import("./source.js").CaseSummary} CaseSummary */

const FILTERS = /** @type {Record<string, (summary: CaseSummary) => boolean>} */ ({
  all: () => true,
  open: (summary) => summary.decision === null,
  doubtful: (summary) => summary.status !== "ok",
  reviewed: (summary) => summary.decision !== null,
});

/** Rows that the browser lays out and paints together, and only once they come into view. */
const GROUP = 50;
const ROW_REM = 3.4;

/** @param {HTMLElement[]} rows */
function groupList(rows) {
  const list = element("ul", {}, rows);
  list.style.containIntrinsicBlockSize = `auto ${rows.length * ROW_REM}rem`;
  return list;
}

/** Tells "choose" with the name of a case. */
export class CaseList extends EventTarget {
  constructor() {
    super();
    this.list = byId("case-list");
    this.filter = byId("filter", HTMLSelectElement);
    /** @type {CaseSummary[]} */
    this.cases = [];
    this.current = "";
    /** @type {Map<string, HTMLElement>} The row of each case that is listed. */
    this.rows = new Map();
    /** Whether a case has a change that is not saved. @type {(id: string) => boolean} */
    this.isUnsaved = () => false;
    /** @type {Record<string, string>} Statuses in words. */
    this.statuses = {};
    this.filter.addEventListener("change", () => this.draw());
    this.list.addEventListener("click", (event) => {
      const row = /** @type {Element} */ (event.target).closest("button");
      if (row) this.#choose(row.value);
    });
    byId("previous").addEventListener("click", () => this.step(-1));
    byId("next").addEventListener("click", () => this.step(1));
  }

  /** @param {CaseSummary[]} cases */
  show(cases) {
    this.cases = cases;
    this.draw();
  }

  /** @param {string} id */
  mark(id) {
    // In place: a rebuilt list would take the focus from a keyboard user.
    this.rows.get(this.current)?.removeAttribute("aria-current");
    this.current = id;
    const row = this.rows.get(id);
    row?.setAttribute("aria-current", "true");
    row?.scrollIntoView({ block: "nearest" });
    this.#count();
  }

  /**
   * @param {string} id
   * @param {string} decision
   * @param {number | null} angle Of the reviewed region, where there is one.
   */
  decide(id, decision, angle) {
    this.cases = this.cases.map((summary) =>
      summary.case_id === id ? { ...summary, decision, angle_deg: angle ?? summary.angle_deg } : summary,
    );
    this.renew(id);
    this.#count();
  }

  /**
   * Draw one row again; the others, of which there may be thousands, stay.
   * @param {string} id
   */
  renew(id) {
    const row = this.rows.get(id);
    const summary = this.cases.find(({ case_id }) => case_id === id);
    if (!row || !summary) return;
    const isFocused = row === document.activeElement;
    const renewed = this.#row(summary);
    row.parentElement?.replaceWith(renewed);
    if (isFocused) renewed.querySelector("button")?.focus();
  }

  /**
   * The next case that nobody has decided on, from the current one on and then from the top.
   * @returns {string | null}
   */
  nextOpen() {
    const shown = this.#shown();
    const at = shown.findIndex((summary) => summary.case_id === this.current);
    const ahead = [...shown.slice(at + 1), ...shown.slice(0, Math.max(at, 0))];
    return ahead.find((summary) => summary.decision === null)?.case_id ?? null;
  }

  /** @param {number} by */
  step(by) {
    const shown = this.#shown();
    const at = shown.findIndex((summary) => summary.case_id === this.current);
    const next = shown[at < 0 ? 0 : at + by];
    if (next) this.#choose(next.case_id);
  }

  /**
   * The case behind the current one.
   * @returns {string | null}
   */
  get following() {
    const shown = this.#shown();
    return shown[shown.findIndex((summary) => summary.case_id === this.current) + 1]?.case_id ?? null;
  }

  draw() {
    this.rows.clear();
    const rows = this.#shown().map((summary) => this.#row(summary));
    const groups = Array.from({ length: Math.ceil(rows.length / GROUP) }, (_, i) => rows.slice(i * GROUP, (i + 1) * GROUP));
    this.list.replaceChildren(...groups.map(groupList));
    this.#count();
  }

  #count() {
    const shown = this.#shown();
    const at = shown.findIndex((summary) => summary.case_id === this.current);
    const reviewed = this.cases.filter((summary) => summary.decision !== null).length;
    byId("position").textContent = at < 0 ? `– / ${shown.length}` : `${at + 1} / ${shown.length}`;
    byId("progress").textContent = `${reviewed} of ${this.cases.length} reviewed`;
    byId("previous", HTMLButtonElement).disabled = at <= 0;
    byId("next", HTMLButtonElement).disabled = at === shown.length - 1;
  }

  /** What the filter keeps, and the case under review: the next one is then the one behind it. */
  #shown() {
    const keeps = FILTERS[this.filter.value];
    return this.cases.filter((summary) => keeps(summary) || summary.case_id === this.current);
  }

  /** @param {CaseSummary} summary */
  #row(summary) {
    const { case_id, status, angle_deg } = summary;
    const decision = this.isUnsaved(case_id) ? "unsaved" : summary.decision;
    const row = element("button", { type: "button", class: "plain", value: case_id }, [
      element("code", {}, [case_id]),
      element("span", { class: "angle" }, [angle_deg === null ? "no pose" : `${told(angle_deg)}°`]),
      ...(summary.name ? [element("span", { class: "called", title: summary.name }, [summary.name])] : []),
      element("span", { class: `status ${status}` }, [this.statuses[status] ?? status]),
      element("span", { class: `decision-mark ${decision ?? ""}` }, [decision ?? ""]),
    ]);
    if (case_id === this.current) row.setAttribute("aria-current", "true");
    this.rows.set(case_id, row);
    return element("li", {}, [row]);
  }

  /** @param {string} id */
  #choose(id) {
    this.dispatchEvent(new CustomEvent("choose", { detail: id }));
  }
}
