import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { memorySource, readSample, type Source } from "../../src/io/index.ts";
import { writeFolder } from "../../src/io/node-write.ts";
import { openZarr } from "../../src/io/zarr.ts";
import { zipSource } from "../../src/io/zip.ts";
import { categorical, type Sparse } from "../../src/model/index.ts";
import { files, text } from "./samples.ts";

const archive = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../fixtures/io/${name}.zarr.zip`, import.meta.url)));
const unzipped = (name: string): Promise<Source> => zipSource(files({ "a.zip": archive(name) }), "a.zip");
const unpacked = async (name: string): Promise<Map<string, Uint8Array>> => {
  const source = await unzipped(name);
  return new Map(await Promise.all(source.names.map(async (n) => [n, await source.bytes(n)] as const)));
};

describe.each(["anndata-v2", "anndata-v3"])(
  "readSample agrees with anndata on %s (test/oracles/make_zarr.py)",
  (name) => {
    const check = async (source: Source | string): Promise<void> => {
      const { dataset: ds, report } = await readSample(source);
      expect([ds.platform, ds.observation, ds.cells.ids.at(3)]).toEqual(["anndata-zarr", "cell", "z"]);
      const counts = ds.counts as Sparse;
      expect([[...counts.indptr], [...counts.indices], [...counts.data]]).toEqual([
        [0, 1, 2, 3, 6],
        [1, 0, 2, 0, 1, 2],
        [2, 3, 4, 1, 1, 1],
      ]);
      expect((ds.layers["log"].data as Float32Array)[0]).toBeCloseTo(1.0986123, 6);
      expect([...ds.layers["scaled"].data.slice(0, 3)]).toEqual([-1, 1.25, -1.25]);
      expect(ds.cells.columns).toEqual({
        region: categorical(Int32Array.of(0, 0, 0, 0), ["r"]),
        instance: Int32Array.of(1, 2, 3, 4),
        kind: categorical(Int32Array.of(0, -1, 1, 1), ["b", "a"]),
        flag: Uint8Array.of(1, 0, 1, 1),
        some: Float64Array.of(7, NaN, 9, 1),
        ratio: Float64Array.of(0.5, NaN, 1.5, 2),
      });
      expect([ds.genes.ids.at(2), ds.genes.columns["name"]]).toEqual(["g3", ["A", "B", "C"]]);
      expect(ds.positions?.data).toEqual(Float64Array.of(1.5, 2, 3, 4, 5, 6, 7, 8));
      expect(ds.embeddings["umap"].data).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7));
      expect(report.dropped).toEqual([]);
    };

    it("in an archive, in memory, in a folder on disk", async () => {
      await check(files({ "a.zarr.zip": archive(name) }));
      const inside = await unpacked(name);
      await check(memorySource(inside));
      const base = mkdtempSync(join(tmpdir(), "tissular-zarr-"));
      try {
        await writeFolder(join(base, "deep", "a.zarr"), inside);
        await check(join(base, "deep", "a.zarr"));
        await check(base);
      } finally {
        rmSync(base, { recursive: true });
      }
    });

    it("whatever its consolidated description is called, and without one", async () => {
      const inside = await unpacked(name);
      const renamed = new Map([...inside].map(([k, v]) => [k.replace(/^\.zmetadata$/, "zmetadata"), v]));
      await check(memorySource(renamed));
      const root = inside.get("zarr.json");
      if (root === undefined) inside.delete(".zmetadata");
      else {
        const { consolidated_metadata: _, ...rest } = JSON.parse(new TextDecoder().decode(root)) as Record<
          string,
          unknown
        >;
        inside.set("zarr.json", text(JSON.stringify(rest)));
      }
      await check(memorySource(inside));
    });

    it("names a chunk that is damaged and a value that is missing", async () => {
      const inside = await unpacked(name);
      const chunk = [...inside.keys()].find((k) => /^X\/data\/(c\/)?0$/.test(k)) as string;
      inside.set(chunk, Uint8Array.of(1, 2, 3));
      await expect(readSample(memorySource(inside))).rejects.toMatchObject({
        code: "format",
        message: expect.stringContaining('"X/data"') as string,
      });
      inside.set(chunk, new Uint8Array(0));
      await expect(readSample(memorySource(inside))).rejects.toMatchObject({ name: "SpatialError" });
    });
  },
);

describe("openZarr at the edges", () => {
  const array = (extra: object): string =>
    JSON.stringify({
      zarr_format: 2,
      shape: [2, 3],
      chunks: [2, 3],
      dtype: "<i8",
      compressor: null,
      fill_value: 7,
      order: "C",
      filters: null,
      ...extra,
    });
  const six = new Uint8Array(BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 2n ** 40n).buffer);

  it("reads wide integers, columns first, missing chunks and rows in parts", async () => {
    const tree = await openZarr(
      files({
        ".zgroup": "{}",
        "a/.zarray": array({}),
        "a/0.0": six,
        "f/.zarray": array({ order: "F" }),
        "f/0.0": six,
        "m/.zarray": array({}),
      }),
      "",
    );
    expect(await tree.numbers("a")).toEqual(Float64Array.of(1, 2, 3, 4, 5, 2 ** 40));
    expect(await tree.numbers("a", 0, 1)).toEqual(Int32Array.of(1, 2, 3));
    expect(await tree.numbers("f")).toEqual(Float64Array.of(1, 3, 5, 2, 4, 2 ** 40));
    expect(await tree.offsets("m", 1)).toEqual(Uint32Array.of(7, 7, 7));
    expect([tree.keys(""), tree.info("a").type]).toEqual([["a", "f", "m"], "integer"]);
    await expect(tree.offsets("a")).rejects.toMatchObject({ code: "format" });
    await expect(tree.strings("a")).rejects.toMatchObject({ code: "format" });
    await expect(tree.numbers("b")).rejects.toMatchObject({ code: "format" });
  });

  it("refuses shapes beyond memory, unknown packing, broken descriptions", async () => {
    const open = (zarray: string): Promise<unknown> =>
      openZarr(files({ ".zgroup": "{}", "a/.zarray": zarray }), "").then((tree) => tree.numbers("a"));
    await expect(open(array({ shape: [1e9, 1e3] }))).rejects.toMatchObject({ code: "memory" });
    await expect(open(array({ shape: [-1, 3] }))).rejects.toMatchObject({ code: "format" });
    await expect(open(array({ shape: "x" }))).rejects.toMatchObject({ code: "format" });
    await expect(open(array({ dtype: "<M8[ns]" }))).rejects.toMatchObject({ code: "format" });
    await expect(open("{")).rejects.toMatchObject({ code: "format", subject: "a/.zarray" });
    const odd = files({ "a/.zarray": array({ compressor: { id: "odd" } }), "a/0.0": six });
    const tree = await openZarr(odd, "");
    await expect(tree.numbers("a")).rejects.toMatchObject({ code: "unsupported" });
    await expect(readSample(files({ ".zgroup": "{}", "a/.zarray": array({}) }))).rejects.toMatchObject({
      code: "not-found",
      hint: "The zarr store there is neither a SpatialData nor an AnnData.",
    });
  });
});

describe("zipSource at the edges", () => {
  it("refuses cut and damaged archives", async () => {
    const whole = archive("anndata-v2");
    await expect(readSample(files({ "a.zip": whole.subarray(0, 5000) }))).rejects.toMatchObject({
      code: "format",
    });
    const broken = whole.slice();
    broken.fill(0, 0, 10_000);
    broken.set(whole.subarray(0, 4));
    await expect(readSample(files({ "a.zip": broken }))).rejects.toMatchObject({ code: "format" });
  });
});
