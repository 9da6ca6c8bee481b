// Picture and details of each case, in blocks that are read behind this script and decoded on demand.

const detailBlocks = document.getElementsByClassName("details");
const decoded = new Map();
const firstBlock = JSON.parse(detailBlocks[0]?.textContent ?? "[]");

/** What is known of a case beside its row; null while the browser has not read that far. */
function detailsOf(row) {
  const number = Math.floor(row.place / firstBlock.length);
  const block = detailBlocks[number];
  // What something follows is read to its end.
  if (!block?.nextElementSibling && document.readyState === "loading") return null;
  if (!decoded.has(number)) decoded.set(number, number ? JSON.parse(block.textContent) : firstBlock);
  return decoded.get(number)[row.place % firstBlock.length];
}

/** Calls back once every block is read. */
function onceRead(callback) {
  document.addEventListener("DOMContentLoaded", callback, { once: true });
}
