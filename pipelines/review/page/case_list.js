/** The cases of the run, filtered, with the one under review marked. */

import { byId, element, told } from "./dom.js";

/** @typedef {import("./source.js").CaseSummary} CaseSummary */

const FILTERS = /** @type {Record<string, (summary: CaseSummary) => boolean>} */ ({
  all: () => true,
  open: (summary) => summary.decision === null,
  doubtful: (summary) => summary.status !== "ok",
  reviewed: (summary) => summary.decision !== null,
});

/** Tells "choose" with the name of a case. */
export class CaseList extends EventTarget {
  constructor() {
    super();
    this.list = byId("case-list");
    this.filter = byId("filter", HTMLSelectElement);
    /** @type {CaseSummary[]} */
    this.cases = [];
    this.current = "";
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
    this.current = id;
    // In place: a rebuilt list would take the focus from a keyboard user.
    for (const row of this.list.querySelectorAll("button")) {
      if (row.value === id) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    this.list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
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
    const row = [...this.list.querySelectorAll("button")].find((button) => button.value === id);
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

  draw() {
    this.list.replaceChildren(...this.#shown().map((summary) => this.#row(summary)));
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
    return element("li", {}, [row]);
  }

  /** @param {string} id */
  #choose(id) {
    this.dispatchEvent(new CustomEvent("choose", { detail: id }));
  }
}
