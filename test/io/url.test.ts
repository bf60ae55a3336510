import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openMatrix, readSample, urlSource } from "../../src/io/index.ts";
import { unwrapped } from "../../src/io/archives.ts";
import { idList, type Sparse } from "../../src/model/index.ts";
import { platforms } from "./platforms.ts";
import { files, text } from "./samples.ts";

type Files = Record<string, Uint8Array>;
type Manner = "ranges" | "whole" | "cut" | "busy" | "secret" | "moved" | "endless" | "unsaid";

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../fixtures/io/${name}`, import.meta.url)));
const served: Files = {
  "a.csv": text("id,x\n"),
  "empty.csv": new Uint8Array(0),
  "s v3.zarr.zip": fixture("spatialdata-v3.zarr.zip"),
};
const requests: { path: string; method: string; range: string | undefined; bytes: number }[] = [];
let server: Server;
let root: string;
let busy = 0;

/** Answers /MANNER/NAME. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "", "http://localhost");
  const [, manner, ...rest] = url.pathname.split("/") as [string, Manner, ...string[]];
  const name = decodeURIComponent(rest.join("/"));
  const bytes = served[name];
  const { range } = request.headers;
  const seen = { path: url.pathname, method: request.method ?? "", range, bytes: 0 };
  requests.push(seen);
  if (manner === "secret" && url.searchParams.get("key") !== "1") return void response.writeHead(403).end();
  if (manner === "moved")
    return void response.writeHead(302, { location: `/ranges/${rest.join("/")}` }).end();
  if (manner === "busy" && busy-- > 0) return void response.writeHead(503).end();
  if (bytes === undefined) return void response.writeHead(404).end();
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
  const part = bytes.subarray(Number(from), Number(to) + 1);
  if (manner === "endless") return void response.writeHead(200, { "content-length": 3e9 }).flushHeaders();
  if (manner === "whole" || from === undefined) {
    seen.bytes = bytes.length;
    return void response
      .writeHead(200, { "content-length": bytes.length })
      .end(request.method === "HEAD" ? "" : bytes);
  }
  if (Number(from) >= bytes.length)
    return void response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
  const head = manner === "unsaid" ? {} : { "content-range": `bytes ${from}-${to}/${bytes.length}` };
  response.writeHead(206, { ...head, "content-length": part.length });
  seen.bytes = part.length;
  if (manner !== "cut" || part.length < 3) return void response.end(part);
  response.write(part.subarray(0, 2), () => response.destroy());
}

beforeAll(async () => {
  for (const [name, content] of Object.entries(await platforms["visium"]()))
    served[`outs/${name}`] = typeof content === "string" ? text(content) : content;
  for (const version of ["v2", "v3"]) {
    const archive = files({ "a.zip": fixture(`spatialdata-${version}.zarr.zip`) });
    const { source } = await unwrapped(archive);
    for (const name of source.names) served[`${version}.zarr/${name}`] = await source.bytes(name);
  }
  server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const at = server.address();
  root = `http://127.0.0.1:${typeof at === "object" && at !== null ? at.port : 0}`;
});
afterAll(() => new Promise((done) => server.close(done)));

const outs = (): string[] =>
  Object.keys(served).flatMap((name) => (name.startsWith("outs/") ? [name.slice(5)] : []));

describe("urlSource", () => {
  it.each(["ranges", "whole", "moved", "unsaid"])("reads a file whole and in parts (%s)", async (manner) => {
    const source = await urlSource(`${root}/${manner}/a.csv`);
    expect([source.names, source.size("a.csv"), source.open("a.csv")]).toEqual([["a.csv"], 5, null]);
    expect(await source.slice("a.csv", 1, 4)).toEqual(text("d,x"));
    expect(await source.slice("a.csv", 3, 99)).toEqual(text("x\n"));
    expect(await source.bytes("a.csv")).toEqual(text("id,x\n"));
    const empty = await urlSource(`${root}/${manner}/empty.csv`);
    expect([empty.size("empty.csv"), await empty.bytes("empty.csv")]).toEqual([0, new Uint8Array(0)]);
  });

  it("keeps the query with each name below a folder, but out of what it says", async () => {
    const source = await urlSource(`${root}/secret/outs/?key=1`, {
      names: ["spatial/scalefactors_json.json"],
    });
    expect(source.size("spatial/scalefactors_json.json")).toBeGreaterThan(10);
    expect(source.label).not.toContain("key");
  });

  it("names the status of what is not there, at once", async () => {
    const count = requests.length;
    await expect(urlSource(`${root}/ranges/none.h5`)).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining("404") as string,
    });
    expect(requests.length).toBe(count + 1);
    await expect(urlSource(`${root}/secret/a.csv`)).rejects.toMatchObject({
      message: expect.stringContaining("403") as string,
      hint: expect.stringContaining("login") as string,
    });
    await expect(urlSource("http://127.0.0.1:1/a.csv")).rejects.toMatchObject({ code: "not-found" });
  });

  it("asks again where a server is busy, but not for ever", async () => {
    busy = 2;
    expect((await urlSource(`${root}/busy/a.csv`)).size("a.csv")).toBe(5);
    busy = 99;
    await expect(urlSource(`${root}/busy/a.csv`)).rejects.toMatchObject({
      message: expect.stringContaining("503") as string,
    });
  });

  it("refuses bodies that are cut, files too large to be fetched whole, folders, other schemes", async () => {
    const cut = await urlSource(`${root}/cut/a.csv`);
    await expect(cut.bytes("a.csv")).rejects.toMatchObject({
      code: "format",
      message: expect.stringContaining("ends after 2 of 5 bytes") as string,
    });
    await expect(urlSource(`${root}/endless/a.csv`)).rejects.toMatchObject({ code: "memory" });
    await expect(urlSource(`${root}/ranges/outs/`)).rejects.toMatchObject({ code: "option" });
    await expect(urlSource("file:///etc/passwd")).rejects.toMatchObject({ code: "option" });
    await expect(urlSource(root, { names: ["../a.csv"] })).rejects.toMatchObject({ code: "option" });
  });

  it("stops when asked to", async () => {
    const signal = AbortSignal.abort();
    await expect(urlSource(`${root}/ranges/a.csv`, { signal })).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("readSample by address", () => {
  it.each(["ranges", "whole"])("named files of a folder give what the files give (%s)", async (manner) => {
    const here = await readSample(files(await platforms["visium"]()));
    const there = await readSample(await urlSource(`${root}/${manner}/outs`, { names: outs() }));
    expect(idList(there.dataset.cells.ids)).toEqual(idList(here.dataset.cells.ids));
    expect((there.dataset.counts as Sparse).data).toEqual((here.dataset.counts as Sparse).data);
    expect(there.dataset.positions?.data).toEqual(here.dataset.positions?.data);
    expect(there.report).toEqual(here.report);
  });

  it("a matrix and its positions, both by address", async () => {
    const matrix = `${root}/ranges/outs/filtered_feature_bc_matrix.h5`;
    const { dataset } = await readSample(matrix, {
      positions: `${root}/ranges/outs/spatial/tissue_positions.csv`,
    });
    expect(dataset.positions?.rows).toBe(120);
    const { matrix: blocked } = await openMatrix(matrix);
    expect([blocked.rows, blocked.cols]).toEqual([120, 200]);
  });

  it("an archive of a store, of which only the parts needed are fetched", async () => {
    const archive = served["s v3.zarr.zip"];
    requests.length = 0;
    const { dataset, report } = await readSample(`${root}/ranges/s v3.zarr.zip`);
    expect([report.platform, dataset.positions !== null]).toEqual(["spatialdata", true]);
    expect(requests.reduce((sum, r) => sum + r.bytes, 0)).toBeLessThan(2 * archive.length);
    expect(requests.every((r) => r.range !== undefined)).toBe(true);
  });

  it.each(["v2", "v3"])("a SpatialData store of version %s", async (version) => {
    const here = await readSample(files({ "a.zip": fixture(`spatialdata-${version}.zarr.zip`) }));
    const there = await readSample(`${root}/ranges/${version}.zarr`);
    expect(there.report.platform).toBe("spatialdata");
    expect(idList(there.dataset.cells.ids)).toEqual(idList(here.dataset.cells.ids));
    expect((there.dataset.counts as Sparse).data).toEqual((here.dataset.counts as Sparse).data);
    expect(there.dataset.positions).toEqual(here.dataset.positions);
    expect(Object.keys(there.dataset.shapes ?? {})).toEqual(Object.keys(here.dataset.shapes ?? {}));
  });
});
