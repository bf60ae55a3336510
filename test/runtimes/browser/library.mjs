// The library bundled for a browser gives the same bits in Chromium as in Node: simulate, write, read back, analyse, h5ad, report.
import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { unzipSync } from "fflate";
import { launch, serve } from "./launch.mjs";

/** An OME-TIFF whose tiles are JPEG 2000, which a wasm library unpacks. */
const tiff = unzipSync(readFileSync(resolve(import.meta.dirname, "../../fixtures/io/tiff-images.zip")))[
  "pyramid.ome.tif"
];

const program = `
const tiff = Uint8Array.from(atob("${Buffer.from(tiff).toString("base64")}"), (c) => c.charCodeAt(0));
import { simulateTissue, writeSimulated } from "./dist/simulate.js";
import { hdf5Digest, memorySource, openImages, readSample, thumbnail, writeH5ad } from "./dist/io.js";
import { analyze } from "./dist/pipeline.js";
import { tsne } from "./dist/reduce.js";
import { renderReport } from "./dist/report.js";

const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");
const sha = async (bytes) => hex(await crypto.subtle.digest("SHA-256", bytes));

export async function digests() {
  const tissue = simulateTissue({ observations: 500, genes: 300, seed: 3 });
  const files = await writeSimulated(tissue, "visium");
  const sample = await readSample(memorySource(files));
  const analysis = await analyze({ ...sample, title: "browser" }, { permutations: 200 });
  const report = await renderReport(analysis);
  const [image] = await openImages(memorySource(new Map([["pyramid.ome.tif", tiff]])));
  return {
    pixels: await sha((await image.read(0)).data),
    thumbnail: await sha((await thumbnail(image)).encoded.bytes),
    counts: await sha(analysis.dataset.counts.data),
    pca: await sha(analysis.pca.scores.data),
    tsne: await sha((await tsne(analysis.pca.scores, { earlyIterations: 50, iterations: 50 })).embedding.data),
    umap: await sha(analysis.umap.embedding.data),
    clusters: await sha(analysis.clusters.labels.codes),
    modules: await sha(analysis.modules.labels.codes),
    moran: await sha(analysis.moran.i),
    interactions: analysis.interactions === null ? "none" : await sha(analysis.interactions.p),
    h5ad: await hdf5Digest(await writeH5ad(analysis.dataset)),
    report: await sha(new TextEncoder().encode(report)),
  };
}
globalThis.digests = digests;
`;
const root = resolve(import.meta.dirname, "../../..");
const bundled = await build({
  stdin: { contents: program, resolveDir: root, loader: "js" },
  bundle: true,
  format: "esm",
  platform: "browser",
  write: false,
  logLevel: "error",
});
const code = bundled.outputFiles[0].text;

await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
const node = await globalThis.digests();

const server = await serve({
  "/": ["text/html", '<!doctype html><script type="module" src="/program.js"></script>'],
  "/program.js": ["text/javascript", code],
});
const browser = await launch();
let failed = false;
try {
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(server.url);
  await page.waitForFunction(() => globalThis.digests !== undefined);
  const there = await page.evaluate(() => globalThis.digests());
  for (const [name, digest] of Object.entries(node)) {
    console.log(`${digest === there[name] ? "ok" : "not ok"} - ${name} in Chromium as in Node`);
    failed ||= digest !== there[name];
  }
  if (problems.length > 0) console.log(`not ok - page errors: ${problems.join("; ")}`);
  failed ||= problems.length > 0;
} finally {
  await browser.close();
  server.close();
}
process.exit(failed ? 1 : 0);
