/** Steps that can be undone. Steps of one kind in quick succession count as one. */

const SAME_STEP_MS = 700;

/** @template T */
export class UndoHistory {
  /**
   * @param {T} first
   * @param {(a: T, b: T) => boolean} same Whether two states are one, so that nothing is to undo.
   */
  constructor(first, same = Object.is) {
    this.same = same;
    /** @type {T[]} */
    this.past = [];
    /** @type {T} */
    this.present = first;
    /** @type {T[]} */
    this.future = [];
    this.lastKind = "";
    this.lastMs = -Infinity;
  }

  get canUndo() {
    return this.past.length > 0;
  }

  get canRedo() {
    return this.future.length > 0;
  }

  /**
   * @param {T} next
   * @param {string} kind Such as "turn"; the same kind again soon joins the step before. A kind
   *   with a number, such as "drag#3", joins however slow the hand.
   * @param {number} nowMs
   */
  add(next, kind, nowMs) {
    const soon = nowMs - this.lastMs < SAME_STEP_MS || kind.includes("#");
    const joins = kind === this.lastKind && soon && this.canUndo;
    if (!joins) this.past.push(this.present);
    else if (this.same(next, this.past[this.past.length - 1])) {
      this.withdraw(kind);
      return;
    }
    this.present = next;
    this.future = [];
    this.lastKind = kind;
    this.lastMs = nowMs;
  }

  /**
   * Take back the latest step if it is of this kind; it cannot be done again.
   * @param {string} kind
   */
  withdraw(kind) {
    if (kind !== this.lastKind) return;
    this.undo();
    this.future = [];
  }

  /**
   * Complete states by what has become known of them; no step is added.
   * @param {(state: T) => T} completed
   */
  amend(completed) {
    this.past = this.past.map(completed);
    this.present = completed(this.present);
    this.future = this.future.map(completed);
  }

  undo() {
    const before = this.past.pop();
    if (before === undefined) return;
    this.future.push(this.present);
    this.present = before;
    this.lastKind = "";
  }

  redo() {
    const after = this.future.pop();
    if (after === undefined) return;
    this.past.push(this.present);
    this.present = after;
    this.lastKind = "";
  }
}
