import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { memorySource, readSample, type Source } from "../../src/io/index.ts";
import { zipSource } from "../../src/io/zip.ts";
import { idList, type Sparse, type SpatialDataset, sumProbes, toDense } from "../../src/model/index.ts";
import { realData } from "../support/shared.ts";
import { files, tenx } from "./samples.ts";

const fixtures = join(import.meta.dirname, "..", "fixtures", "io");
const archive = memorySource(
  new Map([["visium-cytassist.zip", readFileSync(join(fixtures, "visium-cytassist.zip"))]]),
);
const truth = JSON.parse(readFileSync(join(fixtures, "visium-cytassist.json"), "utf8")) as {
  barcodes: string[];
  inside: number[];
  genes: number[][];
  proteins: number[][];
  probes: number[][];
  places: [number, number][];
};

/** The files of the run whose names fit, under the names that `rename` gives them. */
async function run(which: RegExp, rename: (name: string) => string = (n) => n): Promise<Source> {
  const whole = await zipSource(archive, "visium-cytassist.zip");
  const names = whole.names.filter((n) => which.test(n));
  return memorySource(
    new Map(await Promise.all(names.map(async (n) => [rename(n), await whole.bytes(n)] as const))),
  );
}

const dense = (x: Sparse): number[][] => {
  const { data, cols, rows } = toDense(x);
  return Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * cols, (i + 1) * cols)));
};
const inside = <T>(rows: readonly T[]): T[] => truth.inside.map((k) => rows[k]);

describe("readSample: Visium with CytAssist and proteins", () => {
  const expectRun = (ds: SpatialDataset): void => {
    expect([ds.platform, ds.observation]).toEqual(["visium", "spot"]);
    expect(idList(ds.cells.ids)).toEqual(inside(truth.barcodes));
    expect(dense(ds.counts as Sparse)).toEqual(inside(truth.genes));
    expect(Array.from(ds.positions?.data ?? [])).toEqual(inside(truth.places).flat());
    expect(ds.positions?.micronsPerUnit).toBeCloseTo(0.5, 2);
  };

  it("agrees with h5py; proteins are apart from genes, the one of a gene's name too", async () => {
    const { dataset: ds, report } = await readSample(await run(/^outs/));
    expectRun(ds);
    expect(ds.genes.columns["name"]).toEqual(["CD4", "CD8A", "GAPDH", "TP53"]);
    const { values, table } = ds.features["Antibody Capture"];
    expect([idList(table.ids), dense(values)]).toEqual([["CD4.1", "mouse_IgG2a"], inside(truth.proteins)]);
    expect(table.columns["isotype_control"]).toMatchObject({
      codes: Int32Array.of(0, 1),
      categories: ["FALSE", "TRUE"],
    });
    expect(report.found.join()).toContain('2 features of kind "Antibody Capture", kept apart from genes');
    expect(report.warnings.join()).toContain("raw_probe_bc_matrix.h5 also lies there");
  });

  it("finds the parts under a sample's name, in its folder, above it and flat", async () => {
    for (const rename of [
      (n: string) => n.replace("outs/", ""),
      (n: string) => `a/b/${n}`,
      (n: string) => n.replace("outs/", "").replace(/([^/]+)$/, "S1_$1"),
      (n: string) => n.replace("outs/", "S1_").replace("spatial/", "spatial/"),
      (n: string) => n.replace(/^.*\//, ""),
    ])
      expectRun((await readSample(await run(/filtered|spatial/, rename))).dataset);
  });

  it("refuses molecules with the reason", async () => {
    await expect(readSample(await run(/molecule_info/))).rejects.toMatchObject({
      code: "format",
      hint: expect.stringContaining("filtered_feature_bc_matrix.h5") as string,
    });
    await expect(readSample(await run(/molecule_info|spatial/))).rejects.toMatchObject({
      code: "not-found",
      hint: expect.stringContaining("lists single molecules") as string,
    });
  });

  it("refuses two sections by name", async () => {
    const one = await run(/filtered|spatial/, (n) => n.replace("outs", "a"));
    const two = await run(/filtered|spatial/, (n) => n.replace("outs", "b"));
    const both = new Map<string, Uint8Array>();
    for (const source of [one, two]) for (const n of source.names) both.set(n, await source.bytes(n));
    await expect(readSample(memorySource(both))).rejects.toMatchObject({
      message: expect.stringContaining("a/ (visium), b/ (visium)") as string,
    });
  });

  it("reads what CellBender writes", async () => {
    const { dataset: ds } = await readSample(await run(/cellbender/));
    expect(dense(ds.counts as Sparse)).toEqual(inside(truth.genes));
  });
});

describe("probes", () => {
  it("stay apart with what is said of them, and sum to the genes of Space Ranger's own matrix", async () => {
    const { dataset: ds, report } = await readSample(await run(/raw_probe|spatial/));
    expect([ds.cells.ids.length, dense(ds.counts as Sparse)]).toEqual([truth.barcodes.length, truth.probes]);
    expect(report.warnings.join()).toContain("counts probes, not genes");
    expect(ds.genes.columns["filtered_probes"]).toEqual(Uint8Array.of(0, 1, 1, 0, 1, 1, 1, 1));
    const genes = await sumProbes(ds);
    expect(idList(genes.genes.ids)).toEqual([
      "ENSG00000010610",
      "ENSG00000153563",
      "ENSG00000111640",
      "ENSG00000141510",
    ]);
    expect(genes.genes.columns["name"]).toEqual(["CD4", "CD8A", "GAPDH", "TP53"]);
    expect(dense(genes.counts as Sparse)).toEqual(truth.genes);
    await expect(sumProbes(genes)).rejects.toMatchObject({ code: "input", subject: "genes" });
  });

  it.skipIf(realData === null)("agree with h5py on a real probe matrix", async () => {
    const { dataset: ds } = await readSample(`${realData as string}/st/visium_v2_probe_scanpy`);
    const { genes, counts } = await sumProbes(ds);
    const total = (x: SpatialDataset["counts"]): number => (x as Sparse).data.reduce((a, v) => a + v, 0);
    expect([ds.genes.ids.length, total(ds.counts)]).toEqual([1000, 3372]);
    expect([genes.ids.length, total(counts)]).toEqual([671, 2838]);
  });
});

const HEADER = "barcode,in_tissue,array_row,array_col,pxl_row_in_fullres,pxl_col_in_fullres\n";
const rows = (inTissue: (k: number) => string, pixel: (v: number) => string): string =>
  [0, 1, 2]
    .map((k) => `${"ACG"[k]}${"ACG"[k]}-1,${inTissue(k)},0,${2 * k},${pixel(7)},${pixel(100 + 50 * k)}`)
    .join("\n") + "\n";
const int = (k: number): string => (k === 2 ? "0" : "1");
const whole = String;

describe("readSample: positions of Visium", () => {
  const read = async (name: string, content: string | Uint8Array): Promise<SpatialDataset> =>
    (
      await readSample(
        files({
          "filtered_feature_bc_matrix.h5": await tenx(["GG-1", "AA-1"], ["A"], [[1], [2]]),
          [`spatial/${name}`]: content,
        }),
      )
    ).dataset;
  const expectPlaces = (ds: SpatialDataset, shift: number = 0): void => {
    expect(Array.from(ds.positions?.data ?? [])).toEqual([200, 7, 100, 7].map((v) => v + shift));
    expect(ds.cells.columns["in_tissue"]).toEqual(Int32Array.of(0, 1));
    expect(ds.cells.columns["array_col"]).toEqual(Int32Array.of(4, 0));
    expect(ds.positions?.micronsPerUnit).toBeCloseTo(2, 12);
  };

  it("with or without a header, under either name, packed or not", async () => {
    const body = rows(int, whole);
    for (const name of ["tissue_positions_list.csv", "tissue_positions.csv"])
      for (const text of [body, HEADER + body]) {
        expectPlaces(await read(name, text));
        expectPlaces(await read(`${name}.gz`, gzipSync(text)));
      }
    expectPlaces(await read("tissue_positions_list.txt", body));
    expectPlaces(
      await read("tissue_positions.csv", HEADER.replace("\n", "\r\n") + body.replaceAll("\n", "\r\n")),
    );
  });

  it("with whole numbers, truth values or quoted texts for in_tissue, and pixels between pixels", async () => {
    for (const inTissue of [
      (k: number) => (k === 2 ? "False" : "True"),
      (k: number) => (k === 2 ? "FALSE" : "TRUE"),
      (k: number) => `"${int(k)}"`,
      (k: number) => `${int(k)}.0`,
    ])
      expectPlaces(await read("tissue_positions.csv", HEADER + rows(inTissue, whole)));
    expectPlaces(await read("tissue_positions.csv", HEADER + rows(int, (v) => String(v + 0.25))), 0.25);
  });

  it("as parquet, whatever type in_tissue has", async () => {
    for (const [type, data] of [
      ["INT64", [1n, 1n, 0n]],
      ["INT32", [1, 1, 0]],
      ["DOUBLE", [1, 1, 0]],
      ["BOOLEAN", [true, true, false]],
      ["STRING", ["1", "1", "0"]],
      ["STRING", ["True", "True", "False"]],
    ] as const) {
      const columns = [
        { name: "barcode", data: ["AA-1", "CC-1", "GG-1"], type: "STRING" as const },
        { name: "in_tissue", data: [...data], type },
        { name: "array_row", data: [0, 0, 0], type: "INT32" as const },
        { name: "array_col", data: [0, 2, 4], type: "DOUBLE" as const },
        { name: "pxl_row_in_fullres", data: [7, 7, 7], type: "DOUBLE" as const },
        { name: "pxl_col_in_fullres", data: [100, 150, 200], type: "DOUBLE" as const },
      ];
      expectPlaces(
        await read("tissue_positions.parquet", new Uint8Array(parquetWriteBuffer({ columnData: columns }))),
      );
    }
  });

  it("joins by barcode whatever the order, and refuses positions of another sample", async () => {
    const turned = rows(int, whole).trim().split("\n").reverse().join("\n");
    expectPlaces(await read("tissue_positions_list.csv", turned));
    await expect(
      read("tissue_positions_list.csv", turned.replaceAll(/[ACG]{2}-1/g, "TT-1")),
    ).rejects.toMatchObject({
      name: "SpatialError",
    });
    await expect(read("tissue_positions_list.csv", "TT-1,1,0,0,7,7\nTC-1,1,0,2,7,9\n")).rejects.toMatchObject(
      {
        code: "join",
      },
    );
  });
});
