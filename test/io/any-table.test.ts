import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTable, type ReadTableOptions } from "../../src/io/index.ts";
import { unpackLz4 } from "../../src/io/lz4.ts";
import { idList, type Sparse, type SpatialDataset, toDense } from "../../src/model/index.ts";
import { text } from "./samples.ts";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/io/tables/${name}`, import.meta.url));
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(fixture(name)));
const truth = JSON.parse(readFileSync(fixture("truth.json"), "utf8")) as {
  cells: string[];
  genes: string[];
  counts: number[][];
  x: number[];
  area: number[];
};

/** Counts by cell and gene, other kinds of features too, whatever the order. */
function counts(ds: SpatialDataset): Record<string, Record<string, number>> {
  const out: Record<string, Record<string, number>> = {};
  const blanks = ds.features["Blank"];
  const parts = [
    [ds.counts as Sparse, ds.genes] as const,
    ...(blanks ? [[blanks.values, blanks.table] as const] : []),
  ];
  for (const [m, genes] of parts) {
    const { data } = toDense(m);
    for (let i = 0; i < m.rows; i++)
      for (let j = 0; j < m.cols; j++)
        if (data[i * m.cols + j] !== 0)
          (out[ds.cells.ids.at(i)] ??= {})[genes.ids.at(j)] = data[i * m.cols + j];
  }
  return out;
}

const expected = (times: number): Record<string, Record<string, number>> =>
  Object.fromEntries(
    truth.cells.flatMap((cell, i) => {
      const row = truth.genes.flatMap((gene, j) =>
        truth.counts[i][j] === 0 ? [] : [[gene, times * truth.counts[i][j]] as const],
      );
      return row.length === 0 ? [] : [[cell, Object.fromEntries(row)]];
    }),
  );

describe("readTable agrees with pandas", () => {
  const molecules = { long: { cell: "barcode", gene: "target" } };
  const tables: readonly (readonly [string, ReadTableOptions, number])[] = [
    ["wide.parquet", {}, 1],
    ["wide.lz4.feather", {}, 1],
    ["wide.arrow", {}, 1],
    ["long.parquet", {}, 1],
    ["long.csv", {}, 1],
    ["long.lz4.feather", molecules, 40],
  ];
  for (const places of ["places.parquet", "places.lz4.feather"])
    it.each(tables)(`%s with ${places}`, async (name, options, times) => {
      const { dataset, report } = await readTable(fixture(name), fixture(places), options);
      expect(counts(dataset)).toEqual(expected(times));
      expect(Object.keys(dataset.features)).toEqual(["Blank"]);
      expect(dataset.positions).toMatchObject({ unit: "um", micronsPerUnit: 1 });
      const row = new Map(truth.cells.map((cell, i) => [cell, i]));
      const at = idList(dataset.cells.ids).map((cell) => row.get(cell) ?? -1);
      expect(at.map((_, i) => dataset.positions?.data[2 * i])).toEqual(at.map((i) => truth.x[i]));
      expect([...(dataset.cells.columns["area"] as Float64Array)]).toEqual(at.map((i) => truth.area[i]));
      expect(report.files).toEqual([name, places]);
    });

  it("in text too, the names of columns said, rows of one cell and gene added", async () => {
    const long = text("c\tg\tk\nb\tActb\t2\na\tGad1\t1\nb\tActb\t3\n");
    const places = text("id,x,y\na,1,2\nb,3,4\n");
    const { dataset, params } = await readTable(long, places, { long: { cell: "c", gene: "g", count: "k" } });
    expect(counts(dataset)).toEqual({ a: { Gad1: 1 }, b: { Actb: 5 } });
    expect(params.long).toEqual({ cell: "c", gene: "g", count: "k" });
    await expect(readTable(long, places, { long: { cell: "c", gene: "?" } })).rejects.toMatchObject({
      code: "option",
      subject: "long.gene",
    });
  });

  it("names the packing that is not read, and files that are damaged", async () => {
    const places = fixture("places.parquet");
    await expect(readTable(fixture("wide.zstd.feather"), places)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("ZSTD") as string,
    });
    for (const name of ["wide.lz4.feather", "wide.arrow", "wide.parquet"]) {
      const bytes = bytesOf(name);
      for (const length of [16, bytes.length >> 1, bytes.length - 20])
        await expect(readTable(bytes.subarray(0, length), places)).rejects.toMatchObject({
          name: "SpatialError",
        });
    }
  });
});

describe("Arrow and LZ4 at the edges", () => {
  it("changed bytes are a SpatialError or a table, never a crash", async () => {
    const whole = bytesOf("wide.lz4.feather");
    const places = fixture("places.parquet");
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = whole.slice();
        for (const [at, value] of changes) bytes[at] = value;
        const outcome = await readTable(bytes, places).then(
          () => "read",
          (error: Error) => error.name,
        );
        expect(["read", "SpatialError"]).toContain(outcome);
      }),
      { numRuns: 300, seed: 11 },
    );
  });

  it("a frame gives exactly the bytes it says, or is refused", () => {
    // "abcabcabcabc!": three literals, a copy of nine from three back, a last literal
    const frame = Uint8Array.of(
      4,
      34,
      77,
      24,
      96,
      64,
      130,
      8,
      0,
      0,
      0,
      0x35,
      97,
      98,
      99,
      3,
      0,
      0x10,
      33,
      0,
      0,
      0,
      0,
    );
    expect(new TextDecoder().decode(unpackLz4(frame, 13))).toBe("abcabcabcabc!");
    for (const size of [12, 14, 1e9, -1]) expect(() => unpackLz4(frame, size)).toThrow(RangeError);
    for (let n = 0; n < frame.length; n++)
      expect(() => unpackLz4(frame.subarray(0, n), 13)).toThrow(RangeError);
  });
});
