/** Runs the network beside the page, so that the page stays awake. Everything comes from this server. */

/** @type {Promise<{ort: any, session: any}> | null} */
let opened = null;

async function openNetwork() {
  const folder = new URL("ort/", self.location.href).href;
  const ort = await import(`${folder}ort.wasm.min.mjs`);
  ort.env.wasm.wasmPaths = folder;
  ort.env.wasm.numThreads = 1;
  const answer = await fetch("model.onnx");
  if (!answer.ok) throw new Error("the server gives out no network");
  const session = await ort.InferenceSession.create(new Uint8Array(await answer.arrayBuffer()), {
    executionProviders: ["wasm"],
  });
  return { ort, session };
}

self.addEventListener("message", async (event) => {
  const { pixels, shape } = event.data;
  try {
    opened ??= openNetwork();
    const { ort, session } = await opened;
    const start = performance.now();
    const image = new ort.Tensor("float32", pixels, [1, 1, ...shape]);
    const { probability } = await session.run({ image });
    const answer = { probability: probability.data, ms: performance.now() - start };
    self.postMessage(answer);
  } catch (error) {
    opened = null;
    self.postMessage({ problem: String(/** @type {Error} */ (error).message) });
  }
});
