// Runs the library in a thread of its own. Each message is a question `{id, question}`; the answer comes back with the same id.
// While the files are loaded, messages `{loaded, stage}` say how many bytes are here.

import { loadPyodide } from "./pyodide.mjs";

const plainFetch = self.fetch;
let loaded = 0;

// Pyodide says nothing about its progress, so what it fetches is counted on the way.
self.fetch = async (...request) => {
  const response = await plainFetch(...request);
  if (!response.ok) throw new Error(`${response.url} answers ${response.status}`);
  const counting = new TransformStream({
    transform(chunk, controller) {
      loaded += chunk.byteLength;
      self.postMessage({ loaded });
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(counting), response);
};

async function start() {
  const library = fetch("library.zip").then((response) => response.arrayBuffer());
  const python = await loadPyodide({ indexURL: "./" });
  self.postMessage({ stage: "Importing the library…" });
  python.FS.writeFile("/library.zip", new Uint8Array(await library));
  python.runPython("import sys; sys.path.insert(0, '/library.zip'); from answers import answer");
  return python.globals.get("answer");
}

const started = start();
started.catch(() => {}); // whoever asks hears of it

self.onmessage = async ({ data: { id, question } }) => {
  try {
    const answer = await started;
    const begun = performance.now();
    const text = answer(JSON.stringify(question));
    self.postMessage({ id, answer: text, milliseconds: performance.now() - begun });
  } catch (error) {
    self.postMessage({ id, error: String(error.message ?? error) });
  }
};
