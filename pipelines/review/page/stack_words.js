/** How both pages, report and review, write stacks. The report carries this file too. */

export const MINUS = "\u2212";

/**
 * What a console is told of a stack's orientation, such as "T > C −5.8 > S 1.2".
 * @param {string} prescription
 */
export function prescriptionText(prescription) {
  return prescription.replaceAll("-", MINUS);
}

/**
 * Slices, gap and field of view of a stack, and which of its angles were not measured.
 * @param {{n_slices: number, thickness_mm: number, gap_mm: number, fov_mm: number[], assumed: string[]}} stack
 */
export function stackText({ n_slices, thickness_mm, gap_mm, fov_mm, assumed }) {
  const [width, height] = fov_mm;
  const parts = [
    `${n_slices} \u00d7 ${plainNumber(thickness_mm)} mm`,
    `gap ${plainNumber(gap_mm)} mm`,
    `FOV ${plainNumber(width)} \u00d7 ${plainNumber(height)} mm`,
  ];
  // Lines break between the parts only.
  const sizes = parts.map((part) => part.replaceAll(" ", "\u00a0")).join(", ");
  return assumed.length ? `${sizes}; ${assumed.join(" and ")} assumed, not measured` : sizes;
}

/**
 * At most two decimals, and none that are zeros.
 * @param {number} value
 */
function plainNumber(value) {
  return String(Math.round(value * 100) / 100);
}
