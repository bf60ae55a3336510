import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { hdf5Digest, readSample, writeH5ad } from "../../src/io/index.ts";
import { decodePng } from "../../src/io/images.ts";
import { gunzip } from "../../src/io/source.ts";
import {
  categorical,
  dataset,
  expression,
  ids,
  type Sparse,
  sparse,
  type SpatialDataset,
  table,
} from "../../src/model/index.ts";
import { realData } from "../support/shared.ts";
import { expectations } from "./expectations.ts";
import { files, full } from "./samples.ts";

const fixture = async (version: string): Promise<Uint8Array> =>
  gunzip(readFileSync(new URL(`../fixtures/io/encodings-${version}.h5ad.gz`, import.meta.url)), "fixture");

describe.each(["0.12.19", "0.13.4"])(
  "readSample agrees with anndata %s on every encoding (test/oracles/make_h5ad.py)",
  (version) => {
    it("reads obs: categories, truth values, nullable, wide and small integers, texts", async () => {
      const { dataset: ds } = await readSample(files({ "a.h5ad": await fixture(version) }));
      expect([0, 1, 2].map((i) => ds.cells.ids.at(i))).toEqual(["cell/1", "cell 2", "c3"]);
      expect(ds.cells.columns).toEqual({
        kind: categorical(Int32Array.of(0, -1, 1), ["b", "a"]),
        level: categorical(Int32Array.of(1, 0, 1), ["1", "3"]),
        flag: Uint8Array.of(1, 0, 1),
        maybe: Float64Array.of(1, NaN, 0),
        some: Float64Array.of(7, NaN, 9),
        wide: Float64Array.of(2 ** 40, 1, -5),
        small: Int32Array.of(1, 2, 3),
        ratio: Float64Array.of(0.5, NaN, 1.5),
        note: ["one", "zwei", "trois é"],
      });
    });

    it("reads X, layers in columns and dense, features of another kind apart", async () => {
      const { dataset: ds, report } = await readSample(files({ "a.h5ad": await fixture(version) }));
      const counts = ds.counts as Sparse;
      expect([[...counts.indptr], [...counts.indices], [...counts.data]]).toEqual([
        [0, 1, 2, 3],
        [1, 0, 2],
        [2, 3, 4],
      ]);
      expect(ds.features["Antibody Capture"].values.data).toEqual(Float32Array.of(1, 5));
      expect([ds.layers["log"].values, ds.layers["scaled"].values, ds.layers["scaled"].kind]).toEqual([
        "log",
        "scaled",
        "dense",
      ]);
      const scaled = [-1, 4 / 3, -4 / 3, 2, -2 / 3, -4 / 3, -1, -2 / 3, 8 / 3];
      scaled.forEach((v, k) => expect(ds.layers["scaled"].data[k]).toBeCloseTo(v, 6));
      expect([ds.genes.ids.length, ds.genes.columns["name"]]).toEqual([3, ["A", "B", "A"]]);
      expect(report.warnings).toContain("1 gene name repeats an earlier one; genes are told apart by id.");
    });

    it("reads coordinates, embeddings and float images; names what it leaves out", async () => {
      const { dataset: ds, report } = await readSample(files({ "a.h5ad": await fixture(version) }));
      expect(ds.positions?.data).toEqual(Float64Array.of(1.5, 2, 3, 4, 5, 6));
      expect(ds.embeddings["umap"].data).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
      const [image] = ds.images ?? [];
      expect([image.name, image.width, image.height, image.scale]).toEqual(["lowres", 3, 2, 0.5]);
      const rgb = await decodePng(image.encoded.bytes, "image");
      expect([...rgb.data.slice(0, 3), rgb.data[17]]).toEqual([0, 15, 30, 255]);
      expect(report.dropped.map((d) => d.what)).toEqual([
        "raw",
        "obsp: connectivities",
        "uns: colors",
        'obsm "frame"',
      ]);
    });
  },
);

describe("writeH5ad", () => {
  it("always reads back as it was", async () => {
    const ds = await full();
    const bytes = await writeH5ad(ds, {
      library: "s/1",
      uns: { note: "x", list: [1.5], on: true, empty: null },
    });
    const { dataset: read, report } = await readSample(files({ "r.h5ad": bytes }));
    expect(read.counts).toEqual(ds.counts);
    expect(read.layers).toEqual(ds.layers);
    expect(read.cells.columns).toEqual(ds.cells.columns);
    expect(read.genes.columns).toEqual(ds.genes.columns);
    expect(read.features["Blank"].values).toEqual(ds.features["Blank"].values);
    expect(read.positions).toEqual(ds.positions);
    expect(read.embeddings).toEqual(ds.embeddings);
    expect(read.graphs).toEqual(ds.graphs);
    expect([read.platform, read.observation]).toEqual(["visium", "spot"]);
    const [before, after] = await Promise.all(
      [ds, read].map((d) => decodePng((d.images ?? [])[0].encoded.bytes, "image")),
    );
    expect(after).toEqual(before);
    expect(report.dropped.map((d) => d.what)).toEqual(["uns: list, neighbors, note, on, spatial_neighbors"]);
  });

  it("has equal content for equal datasets, other content for others, and changes nothing", async () => {
    const ds = await full();
    const before = JSON.stringify(ds, (_, v: unknown) =>
      ArrayBuffer.isView(v) ? Array.from(v as Uint8Array) : v,
    );
    const digest = await hdf5Digest(await writeH5ad(ds));
    expect(await hdf5Digest(await writeH5ad(await full()))).toBe(digest);
    const other = {
      ...ds,
      cells: table(ds.cells.ids, { ...ds.cells.columns, good: Uint8Array.of(1, 1, 1) }),
    };
    expect(await hdf5Digest(await writeH5ad(other))).not.toBe(digest);
    expect(
      JSON.stringify(ds, (_, v: unknown) => (ArrayBuffer.isView(v) ? Array.from(v as Uint8Array) : v)),
    ).toBe(before);
  });

  it("writes the matrix that is asked for, long truth columns and no columns at all", async () => {
    const ds = await full();
    const chosen = await readSample(files({ "r.h5ad": await writeH5ad(ds, { x: "counts" }) }));
    expect(chosen.report.found).toContain('Layer "log" holds log values.');
    const n = 5000;
    const long = dataset({
      counts: expression(
        sparse(n, 1, new Uint32Array(n + 1), new Uint32Array(0), new Float32Array(0)),
        "counts",
      ),
      cells: table(ids(Array.from({ length: n }, (_, i) => `c${i}`)), {
        odd: Uint8Array.from({ length: n }, (_, i) => i & 1),
      }),
      genes: table(ids(["g"])),
    });
    const { dataset: read } = await readSample(files({ "r.h5ad": await writeH5ad(long) }));
    expect(read.cells.columns).toEqual(long.cells.columns);
    expect(read.genes.columns).toEqual({});
  });

  it("a cell without coordinates is left out at reading and reported", async () => {
    const ds = await full();
    const data = Float64Array.of(0, 1, NaN, 3, 4, 5);
    const bytes = await writeH5ad({ ...ds, positions: { ...ds.positions, data } as typeof ds.positions });
    const { dataset: read, report } = await readSample(files({ "r.h5ad": bytes }));
    expect([read.cells.ids.length, read.cells.ids.at(1)]).toEqual([2, "c"]);
    expect(report.dropped).toContainEqual({ what: "spot", count: 1, why: "coordinates are no numbers" });
  });

  it("refuses what it cannot write", async () => {
    const ds = await full();
    await expect(writeH5ad(ds, { x: "nope" })).rejects.toMatchObject({ code: "input" });
    await expect(writeH5ad(ds, { what: 1 } as object)).rejects.toMatchObject({ code: "option" });
    await expect(writeH5ad({ ...ds, counts: null, layers: {} })).rejects.toMatchObject({ code: "input" });
    await expect(writeH5ad(ds, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
    await expect(hdf5Digest(new Uint8Array(100))).rejects.toMatchObject({ code: "format" });
  });
});

const python = process.env["TISSULAR_PYTHON"] ?? null;
if (python === null)
  console.warn("TISSULAR_PYTHON (a Python with anndata) is not set: files are not read back by Python.");

describe.skipIf(python === null)("writeH5ad agrees with anndata, value for value", () => {
  const check = async (ds: SpatialDataset, x: string): Promise<string> => {
    const folder = mkdtempSync(join(tmpdir(), "tissular-h5ad-"));
    try {
      writeFileSync(join(folder, "r.h5ad"), await writeH5ad(ds, { x, library: "slide" }));
      writeFileSync(join(folder, "r.json"), JSON.stringify(await expectations(ds, x, "slide")));
      const script = fileURLToPath(new URL("../oracles/check_h5ad.py", import.meta.url));
      const files = [join(folder, "r.h5ad"), join(folder, "r.json")];
      return execFileSync(python ?? "", [script, ...files], { encoding: "utf8" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it("a dataset with every kind of part", async () => {
    expect(await check(await full(), "log")).toContain("3 x 2 as written");
    expect(await check(await full(), "counts")).toContain("3 x 2 as written");
  });

  for (const name of [
    "visium_v1_scanpy",
    "xenium_sfe",
    "merscope_cellbound_sfe",
    "stlearn_bca",
    "visium_dlpfc_151673",
  ]) {
    it.skipIf(realData === null)(name, async () => {
      const { dataset: ds } = await readSample(join(realData ?? "", "st", name));
      expect(await check(ds, ds.counts ? "counts" : "scaled")).toContain("as written");
    });
  }
});
