/**
 * A picture with its place as one message between page and server: the length of a JSON object in
 * four bytes, little endian; the object; the pixels as float32, row by row.
 */

import { LEVELS } from "./window_level.js";

/** @typedef {import("./place.js").Place} Place */

/**
 * @param {ArrayBuffer} message
 * @returns {{place: Place, facts: {n_slices: number, is_volume: boolean}, pixels: Float32Array<ArrayBuffer>}}
 */
export function decodePicture(message) {
  const length = new DataView(message).getUint32(0, true);
  const told = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length)));
  return { place: told, facts: told, pixels: new Float32Array(message, 4 + length) };
}

/**
 * @param {Place} place
 * @param {Float32Array<ArrayBuffer>} pixels
 * @returns {ArrayBuffer}
 */
export function encodePicture(place, pixels) {
  const told = new TextEncoder().encode(JSON.stringify(place));
  const message = new Uint8Array(4 + told.length + pixels.byteLength);
  new DataView(message.buffer).setUint32(0, told.length, true);
  message.set(told, 4);
  message.set(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength), 4 + told.length);
  return message.buffer;
}

/**
 * Pixels in 4096 gray levels, from the darkest to the brightest.
 * @param {Float32Array} pixels
 */
export function asLevels(pixels) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of pixels) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const scale = high > low ? (LEVELS - 1) / (high - low) : 0;
  return Uint16Array.from(pixels, (value) => Math.round((value - low) * scale));
}
