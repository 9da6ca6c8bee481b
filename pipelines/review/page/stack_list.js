/** The three stacks in words, as an operator would set them. */

import { byId } from "./dom.js";
import { STACKS } from "./stacks.js";

/** @typedef {import("./source.js").Planes} Planes */

/** @param {Planes | null} planes */
export function showStacks(planes) {
  for (const name of STACKS) {
    const stack = planes?.[name];
    byId(`${name}-slices`).textContent = stack ? `${stack.n_slices} × ${stack.thickness_mm} mm` : "–";
    byId(`${name}-text`).textContent = stack ? stack.prescription.replaceAll("-", "−") : "";
  }
}
