/** Single keys for one hand: decide, step and undo. They press the buttons, so they do nothing else. */

import { byId } from "./dom.js";

/** The id of the button that each key presses. */
const SINGLE_KEYS = /** @type {Record<string, string>} */ ({
  a: "accept",
  c: "correct",
  r: "reject",
  n: "next",
  p: "previous",
  u: "undo",
  d: "tool-draw",
  e: "tool-erase",
  l: "tool-pull",
  ",": "slice-left",
  ".": "slice-right",
});
const SWITCH_KEY = "callosal.single-keys";

/** Why a button that a key presses is off, in words. */
const WHY_OFF = /** @type {Record<string, string>} */ ({
  accept: "Nothing to accept as it is: C saves your region, U takes it back",
  correct: "Region and mask are those of the automatic plan: A accepts it, and saves slices beside it",
  "slice-left": "There is no slice further to the left",
  "slice-right": "There is no slice further to the right",
  next: "This is the last case of the list",
  previous: "This is the first case of the list",
  undo: "There is nothing to undo",
});

/** Tells "say" with a message. */
export class Shortcuts extends EventTarget {
  /** @param {() => boolean} isReady Whether a case is open and nothing is being saved. */
  constructor(isReady) {
    super();
    this.isReady = isReady;
    this.box = byId("single-keys", HTMLInputElement);
    this.box.checked = localStorage.getItem(SWITCH_KEY) !== "off";
    this.box.addEventListener("change", () => localStorage.setItem(SWITCH_KEY, this.box.checked ? "on" : "off"));
    addEventListener("keydown", (event) => this.#press(event));
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const name = SINGLE_KEYS[event.key];
    const isChord = event.ctrlKey || event.metaKey || event.altKey;
    if (name === undefined || isChord || !this.box.checked || isTyping(event.target)) return;
    event.preventDefault();
    // A key that is held down must not decide on cases that nobody has seen.
    if (event.repeat || !this.isReady()) return;
    const button = byId(name, HTMLButtonElement);
    if (button.disabled) this.dispatchEvent(new CustomEvent("say", { detail: WHY_OFF[name] ?? "" }));
    else button.click();
  }
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (target instanceof HTMLInputElement) return target.type !== "checkbox";
  const writes = target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
  return writes || (target instanceof Element && target.closest("dialog") !== null);
}
