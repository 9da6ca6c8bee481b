/** The three stacks in words, as an operator would set them. */

import { byId, element } from "./dom.js";
import { STACKS } from "./stacks.js";

/** @typedef {import("./source.js").Planes} Planes */

/** @param {Planes | null} planes */
export function showStacks(planes) {
  const rows = STACKS.map((name) => {
    const stack = planes?.[name];
    const slices = stack ? `${stack.n_slices} × ${stack.thickness_mm} mm` : "–";
    return element("tr", { class: name }, [
      element("th", { scope: "row" }, [name[0].toUpperCase() + name.slice(1)]),
      element("td", {}, [stack ? stack.prescription.replaceAll("-", "−") : "–"]),
      element("td", {}, [slices]),
    ]);
  });
  byId("stack-rows").replaceChildren(...rows);
}
