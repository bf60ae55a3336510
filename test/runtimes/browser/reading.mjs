// Files chosen in Chromium read as in Node: a vendor's folder on the page and in a Worker; large HDF5 only in a Worker.
import { build } from "esbuild";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { csvNumbers, csvStrings, parseCsv, pathSource, readSample } from "../../../dist/io.js";
import { simulateTissue, writeSimulated } from "../../../dist/simulate.js";
import { launch, serve } from "./launch.mjs";

const digests = `
const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");
const sha = async (bytes) => hex(await crypto.subtle.digest("SHA-256", bytes));
const names = (ids) => new TextEncoder().encode(Array.from({ length: ids.length }, (_, i) => ids.at(i)).join());
export async function digestsOf({ dataset, report }) {
  const { counts, cells, genes, positions, shapes } = dataset;
  return {
    counts: await sha(counts.data),
    columns: await sha(counts.indices),
    cells: await sha(names(cells.ids)),
    genes: await sha(names(genes.ids)),
    positions: positions && (await sha(positions.data)),
    shapes: await Promise.all(Object.values(shapes ?? {}).map((s) => sha(s.coordinates))),
    found: JSON.stringify([report.platform, report.found, report.joined]),
  };
}`;
const reading = `
import { blobSource, readSample } from "./dist/io.js";
${digests}
globalThis.read = async (files) => {
  try {
    return await digestsOf(await readSample(blobSource(files)));
  } catch (error) {
    return { code: error.code ?? String(error), hint: error.hint };
  }
};
globalThis.chosen = () => {
  const files = [...document.querySelector("input").files];
  return files.map((blob) => ({ name: blob.webkitRelativePath || blob.name, blob }));
};
globalThis.readInWorker = (files) => new Promise((done) => {
  const worker = new Worker("/program.js", { type: "module" });
  worker.onmessage = ({ data }) => (worker.terminate(), done(data));
  worker.onerror = (event) => (worker.terminate(), done({ code: event.message }));
  worker.postMessage(files);
});
if (globalThis.document === undefined) onmessage = async ({ data }) => postMessage(await globalThis.read(data));
`;
const root = resolve(import.meta.dirname, "../../..");
const bundled = await build({
  stdin: { contents: reading, resolveDir: root, loader: "js" },
  bundle: true,
  format: "esm",
  platform: "browser",
  write: false,
  logLevel: "error",
});
const { digestsOf } = await import(`data:text/javascript,${encodeURIComponent(digests)}`);

const folder = mkdtempSync(join(tmpdir(), "tissular-reading-"));
const write = (name, content) => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
};
const visium = simulateTissue({ observations: 300, genes: 300, seed: 3 });
for (const [name, content] of await writeSimulated(visium, "visium")) write(`visium/${name}`, content);
const xenium = simulateTissue({ layout: "cells", observations: 400, genes: 300, seed: 4 });
for (const [name, content] of await writeSimulated(xenium, "xenium")) {
  if (name !== "cells.csv.gz") write(`xenium/${name}`, content);
  else write("xenium/cells.parquet", await asParquet(content));
}
write("large.h5", (await writeSimulated(visium, "visium")).get("filtered_feature_bc_matrix.h5"));
truncateSync(join(folder, "large.h5"), 3e9); // what follows is a hole; more than can be held whole

/** The table of cells as Xenium writes it since version 2. */
async function asParquet(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const csv = parseCsv(new Uint8Array(await new Response(stream).arrayBuffer()), "cells.csv");
  const columnData = csv.header.map((name, j) =>
    name === "cell_id"
      ? { name, data: csvStrings(csv, j), type: "STRING" }
      : { name, data: csvNumbers(csv, j), type: "DOUBLE" },
  );
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

const server = await serve({
  "/": ["text/html", '<!doctype html><input type="file"><script type="module" src="/program.js"></script>'],
  "/program.js": ["text/javascript", bundled.outputFiles[0].text],
});
const browser = await launch();
let failed = false;
const check = (what, holds, found) => {
  console.log(`${holds ? "ok" : "not ok"} - ${what}${holds ? "" : `: ${JSON.stringify(found)}`}`);
  failed ||= !holds;
};
const same = (a, b) => {
  const plain = (all) => JSON.stringify(all).replaceAll(/(visium|xenium)\//g, "");
  return plain(a) === plain(b);
};
try {
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(server.url);
  await page.waitForFunction(() => globalThis.read !== undefined);
  const choose = async (name, isFolder) => {
    await page.evaluate((on) => (document.querySelector("input").webkitdirectory = on), isFolder);
    await page.setInputFiles("input", join(folder, name));
  };
  for (const sample of ["visium", "xenium"]) {
    const node = await digestsOf(await readSample(await pathSource(folder + `/${sample}`)));
    await choose(sample, true);
    for (const [where, verb] of [
      ["on the page", "read"],
      ["in a Worker", "readInWorker"],
    ]) {
      const there = await page.evaluate((name) => globalThis[name](globalThis.chosen()), verb);
      check(`a folder of ${sample} chosen in Chromium, ${where}, as in Node`, same(there, node), there);
    }
  }
  await choose("large.h5", false);
  const node = await digestsOf(await readSample(join(folder, "large.h5")));
  const there = await page.evaluate(() => globalThis.readInWorker(globalThis.chosen()));
  check("HDF5 of 3 GB is read in a Worker, by parts, as in Node", same(there, node), there);
  const refused = await page.evaluate(() => globalThis.read(globalThis.chosen()));
  check("and refused on the page", refused.code === "memory" && /Worker/.test(refused.hint), refused);
  check("no errors on the page", problems.length === 0, problems);
} finally {
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
