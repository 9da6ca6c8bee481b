// The callosum on one midsagittal slice in JavaScript: the very ONNX file that Python runs.
//
//   node mask.mjs RUNTIME MODEL.onnx IMAGE.f32 HEIGHT WIDTH PROBABILITY.f32
//
// RUNTIME is onnxruntime-web (WebAssembly, as in a browser) or onnxruntime-node. IMAGE.f32 holds
// raw intensities as 32-bit floats, row by row, at the pixel size of the model; rows superior to
// inferior, columns anterior to posterior. The probability of each pixel is written likewise.

import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [runtime, model, image, height, width, output] = process.argv.slice(2);
if (output === undefined) {
  console.error("usage: node mask.mjs RUNTIME MODEL.onnx IMAGE.f32 HEIGHT WIDTH PROBABILITY.f32");
  process.exit(1);
}

// From the folder in which npm installed it.
const require = createRequire(pathToFileURL(join(process.cwd(), "mask.mjs")));
const ort = require(runtime);

const shape = [1, 1, Number(height), Number(width)];
const bytes = await readFile(image);
const pixels = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
const session = await ort.InferenceSession.create(await readFile(model));
const answer = await session.run({ image: new ort.Tensor("float32", pixels, shape) });
const probability = answer.probability.data;
await writeFile(output, Buffer.from(probability.buffer, probability.byteOffset, 4 * probability.length));
console.log(JSON.stringify({ runtime, pixels: probability.filter((p) => p > 0.5).length }));
process.exit(0); // WebAssembly threads would keep the process alive
