/** The three stacks in words, as an operator would set them. */

import { byId } from "./dom.js";
import { prescriptionText, stackText } from "./stack_words.js";
import { STACKS } from "./stacks.js";

/** @typedef {import("./source.js").Planes} Planes */

/** @param {Planes | null} planes */
export function showStacks(planes) {
  for (const name of STACKS) {
    const stack = planes?.[name];
    byId(`${name}-slices`).textContent = stack ? stackText(stack) : "–";
    byId(`${name}-text`).textContent = stack ? prescriptionText(stack.prescription) : "";
  }
}
