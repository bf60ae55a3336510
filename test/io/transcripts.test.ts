import { parquetWriteBuffer } from "hyparquet-writer";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { memorySource, openTranscripts, readSample, readTranscripts } from "../../src/io/index.ts";
import { startNames } from "../../src/io/names.ts";
import type { Transcripts } from "../../src/model/index.ts";
import { files, tenx, text } from "./samples.ts";

type Line = readonly [
  cell: string,
  feature: string,
  x: number,
  y: number,
  z: number,
  qv: number,
  fov: string,
];

const LINES: readonly Line[] = Array.from({ length: 5000 }, (_, i) => [
  i % 7 === 0 ? "UNASSIGNED" : `aaaa${String.fromCharCode(97 + (i % 5))}${"abcdefgh"[i % 8]}ca-1`,
  [
    "CD4",
    "CD8A",
    "NegControlProbe_00042",
    "NegControlCodeword_0500",
    "BLANK_0069",
    "antisense_BRCA1",
    "DeprecatedCodeword_7",
    "Intergenic_Region_3",
  ][i % 8],
  (i % 100) + 0.25,
  Math.floor(i / 100) + 0.125,
  (i % 9) - 3,
  (i * 7) % 41,
  `A${i % 3}`,
]);
const HEADER = "cell_id,feature_name,x_location,y_location,z_location,qv,fov_name,overlaps_nucleus,extra";

const csv = (lines: readonly Line[] = LINES, end = "\n"): string =>
  [HEADER, ...lines.map((l, i) => `${l.join(",")},${i % 2},"a ""b"", c"`)].join(end) + end;

function parquet(asBytes: boolean, rowGroupSize = 1000, lines = LINES): Uint8Array {
  const names = (of: (l: Line) => string): { data: unknown[]; type: "STRING" | "BYTE_ARRAY" } =>
    asBytes
      ? { data: lines.map((l) => text(of(l))), type: "BYTE_ARRAY" }
      : { data: lines.map(of), type: "STRING" };
  return new Uint8Array(
    parquetWriteBuffer({
      rowGroupSize,
      columnData: [
        { name: "transcript_id", data: lines.map((_, i) => BigInt(i) + 281474976710656n), type: "INT64" },
        { name: "cell_id", ...names((l) => l[0]) },
        { name: "overlaps_nucleus", data: lines.map((_, i) => i % 2), type: "INT32" },
        { name: "feature_name", ...names((l) => l[1]) },
        { name: "x_location", data: lines.map((l) => l[2]), type: "FLOAT" },
        { name: "y_location", data: lines.map((l) => l[3]), type: "FLOAT" },
        { name: "z_location", data: lines.map((l) => l[4]), type: "FLOAT" },
        { name: "qv", data: lines.map((l) => l[5]), type: "FLOAT" },
        { name: "fov_name", ...names((l) => l[6]) },
      ],
    }),
  );
}

const one = (name: string, bytes: Uint8Array | string) =>
  memorySource(new Map([[name, typeof bytes === "string" ? text(bytes) : bytes]]));

/** Transcripts as lines again, with names for numbers. */
function linesOf(t: Transcripts): Line[] {
  const fov = t.columns["fov"] as NonNullable<Transcripts["cell"]>;
  return Array.from({ length: t.length }, (_, i) => [
    t.cell === null || t.cell.codes[i] < 0 ? "UNASSIGNED" : t.cell.categories[t.cell.codes[i]],
    t.features[t.feature[i]],
    t.x[i],
    t.y[i],
    t.z?.[i] ?? NaN,
    t.quality?.[i] ?? NaN,
    fov.categories[fov.codes[i]],
  ]);
}

describe("readTranscripts", () => {
  it("reads the same from parquet, bytes in parquet, text, packed text and text with CRLF", async () => {
    const sources = [
      one("transcripts.parquet", parquet(false)),
      one("anything.parquet", parquet(true)),
      one("transcripts.csv", csv()),
      one("transcripts.csv", `\ufeff${csv(LINES, "\r\n")}`),
      one("x_transcripts.csv.gz", gzipSync(csv())),
      one("transcripts.csv.gz", Buffer.concat([gzipSync(csv().slice(0, 5000)), gzipSync(csv().slice(5000))])),
    ];
    for (const source of sources) {
      const { transcripts, report, params } = await readTranscripts(source);
      expect(linesOf(transcripts)).toEqual(LINES.filter((l) => l[5] >= 20));
      expect([transcripts.unit, transcripts.micronsPerUnit, report.platform]).toEqual(["um", 1, "xenium"]);
      expect(report.dropped).toEqual([
        {
          what: "transcript",
          count: LINES.filter((l) => l[5] < 20).length,
          why: "read less surely than quality 20",
        },
      ]);
      expect(params.minQuality).toBe(20);
      const kinds = new Map(transcripts.features.map((name, k) => [name, transcripts.featureKinds[k]]));
      expect(Object.fromEntries(kinds)).toEqual({
        CD4: "Gene Expression",
        CD8A: "Gene Expression",
        NegControlProbe_00042: "Negative Control Probe",
        NegControlCodeword_0500: "Negative Control Codeword",
        BLANK_0069: "Unassigned Codeword",
        antisense_BRCA1: "Negative Control Probe",
        DeprecatedCodeword_7: "Deprecated Codeword",
        Intergenic_Region_3: "Genomic Control",
      });
      const nucleus = transcripts.columns["overlaps_nucleus"] as Uint8Array;
      expect(Array.from(nucleus)).toEqual(LINES.flatMap((l, i) => (l[5] >= 20 ? [i % 2] : [])));
      const all = await readTranscripts(source, { minQuality: 0 });
      expect(linesOf(all.transcripts)).toEqual(LINES);
    }
  });

  it("takes a region and genes, the same with and without ranges in the footer", async () => {
    const region = [10, 3, 20.25, 11] as const;
    const within = (l: Line): boolean =>
      l[2] >= 10 && l[2] <= 20.25 && l[3] >= 3 && l[3] <= 11 && l[1] === "CD4";
    for (const source of [one("transcripts.parquet", parquet(false)), one("transcripts.csv", csv())]) {
      const { transcripts, report } = await readTranscripts(source, {
        region,
        genes: ["CD4", "none"],
        minQuality: 0,
      });
      expect(linesOf(transcripts)).toEqual(LINES.filter(within));
      expect(report.dropped.reduce((n, { count }) => n + count, transcripts.length)).toBe(5000);
    }
    const triangle = [
      [0, 0],
      [50, 0],
      [0, 50],
    ] as const;
    const { transcripts } = await readTranscripts(one("t.csv", csv()), { region: triangle, minQuality: 0 });
    expect(transcripts.length).toBe(LINES.filter((l) => l[2] + l[3] < 50).length);
  });

  it("does not read groups of rows that hold nothing wanted", async () => {
    const bytes = parquet(false);
    let read = 0;
    const plain = one("transcripts.parquet", bytes);
    const source = {
      ...plain,
      slice: async (name: string, start: number, end: number) => {
        read += end - start;
        return plain.slice(name, start, end);
      },
    };
    const opened = await openTranscripts(source, { region: [0, 45, 100, 60] });
    const before = read;
    let [rows, unread] = [0, 0];
    for await (const block of opened.blocks()) {
      rows += block.length;
      unread += block.dropped.unread;
    }
    expect(unread).toBe(4000);
    expect(rows).toBe(LINES.filter((l) => l[3] >= 45 && l[5] >= 20).length);
    expect(read - before).toBeLessThan(bytes.length / 3);
  });

  it("gives the same names in every pass and block; each row is a transcript or dropped", async () => {
    const many = Array.from({ length: 60 }, () => LINES).flat();
    const opened = await openTranscripts(one("transcripts.csv", csv(many)), { minQuality: 25 });
    expect(opened.total).toBeNull();
    expect(await opened.features()).toHaveLength(8);
    let [blocks, rows] = [0, 0];
    const first: string[] = [];
    for await (const block of opened.blocks()) {
      blocks++;
      rows += block.length + block.dropped.quality;
      expect(block.length).toBeLessThanOrEqual(131_072);
      first.push(block.features.join());
      expect(linesOf(block)[0][1]).toBe(block.features[block.feature[0]]);
    }
    expect([blocks, rows, new Set(first).size]).toEqual([
      1 + Math.floor(many.filter((l) => l[5] >= 25).length / 131_072),
      300_000,
      1,
    ]);
  });

  it("reads CosMx: cells by field and number, y turned down, 0 is no cell", async () => {
    const rows = Array.from({ length: 40 }, (_, i) => {
      const [fov, local] = [1 + (i % 2), [100 * i, 95 * i]];
      return `${fov},${i % 4},${1000 * fov + local[0]},${50_000 - local[1]},${local[0]},${local[1]},0,${["CD4", "NegPrb3", "SystemControl1"][i % 3]},${["Nuclear", "None", "Cytoplasm"][i % 3]}`;
    });
    const source = one(
      "S1_tx_file.csv",
      `fov,cell_ID,x_global_px,y_global_px,x_local_px,y_local_px,z,target,CellComp\n${rows.join("\n")}\n`,
    );
    const { transcripts, report } = await readTranscripts(source);
    expect([report.platform, transcripts.unit, transcripts.length]).toEqual(["cosmx", "px", 40]);
    expect(transcripts.y[3]).toBe(-(50_000 - 285));
    expect(transcripts.cell?.categories).toEqual(["2_1", "1_2", "2_3"]);
    expect(Array.from(transcripts.cell?.codes.slice(0, 5) ?? [])).toEqual([-1, 0, 1, 2, -1]);
    expect(transcripts.micronsPerUnit).toBeCloseTo(0.12028, 4);
    expect(transcripts.featureKinds).toEqual(["Gene Expression", "Negative Control Probe", "System Control"]);
    expect(transcripts.columns["compartment"]).toMatchObject({ categories: ["Nuclear", "Cytoplasm"] });
  });

  it("reads MERSCOPE, with ids beyond 2^53, and seqFISH without depth or cells", async () => {
    const merscope = one(
      "detected_transcripts.csv",
      ",barcode_id,global_x,global_y,global_z,x,y,fov,gene,cell_id\n0,5,1.5,2.5,3,9,9,7,CD4,112824700230101249\n1,5,3.5,2.5,3,9,9,7,Blank-3,-1\n",
    );
    const { transcripts } = await readTranscripts(merscope);
    expect(transcripts.cell).toEqual({
      kind: "categorical",
      codes: Int32Array.of(0, -1),
      categories: ["112824700230101249"],
    });
    expect([...transcripts.x, ...transcripts.featureKinds]).toEqual([1.5, 3.5, "Gene Expression", "Blank"]);
    const seqfish = await readTranscripts(one("Roi1_TranscriptList.csv", "name,x,y\nCD4,1,2\n"));
    expect(seqfish.report).toMatchObject({
      platform: "seqfish",
      warnings: [expect.stringContaining("how large")],
    });
    expect([seqfish.transcripts.z, seqfish.transcripts.cell, seqfish.transcripts.quality]).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe("openTranscripts at the edges", () => {
  it("refuses what is damaged, no transcripts, several, or genes that are not there", async () => {
    const broken = csv().replace("\nUNASSIGNED,NegControlCodeword_0500", "\nUNASSIGNED");
    await expect(readTranscripts(one("t.csv", broken))).rejects.toMatchObject({
      code: "format",
      message: expect.stringContaining("found 8 in line") as string,
    });
    await expect(readTranscripts(one("t.csv.gz", gzipSync(csv()).subarray(0, 9000)))).rejects.toMatchObject({
      code: "format",
    });
    await expect(openTranscripts(one("t.csv", "id,x,y\n1,2,3\n"))).rejects.toMatchObject({ code: "format" });
    await expect(openTranscripts(one("t.csv", ""))).rejects.toMatchObject({ code: "format" });
    await expect(openTranscripts(one("t.h5", "x"))).rejects.toMatchObject({ code: "not-found" });
    const two = memorySource(
      new Map([
        ["a/transcripts.csv", text(csv())],
        ["b/transcripts.csv", text(csv())],
      ]),
    );
    await expect(openTranscripts(two)).rejects.toMatchObject({
      code: "input",
      hint: expect.stringContaining("file") as string,
    });
    expect((await openTranscripts(two, { file: "b/transcripts.csv" })).files).toEqual(["b/transcripts.csv"]);
    for (const source of [one("t.csv", csv()), one("t.parquet", parquet(false))])
      await expect(readTranscripts(source, { genes: ["ACTB"] })).rejects.toMatchObject({
        code: "not-found",
        subject: "genes",
      });
    await expect(openTranscripts(one("t.csv", csv()), { quality: 3 } as object)).rejects.toMatchObject({
      code: "option",
    });
    await expect(readTranscripts(one("t.csv", csv()), { signal: AbortSignal.abort() })).rejects.toMatchObject(
      { code: "aborted" },
    );
  });

  it("takes parquet before text, an empty table, and one whose every transcript is passed over", async () => {
    const both = memorySource(
      new Map([
        ["transcripts.csv.gz", text("junk")],
        ["transcripts.parquet", parquet(false)],
        ["._transcripts.csv", text("x")],
      ]),
    );
    expect((await openTranscripts(both)).total).toBe(5000);
    expect((await readTranscripts(one("t.csv", `${HEADER}\n`))).transcripts.length).toBe(0);
    const none = await readTranscripts(one("t.csv", csv()), { minQuality: 41 });
    expect([none.transcripts.length, none.report.dropped[0].count]).toEqual([0, 5000]);
  });
});

it("readSample holds transcripts in the dataset when asked", async () => {
  const cells = "cell_id,x_centroid,y_centroid\naaaaaaca-1,1,2\naaaabbca-1,3,4\n";
  const source = files({
    "cell_feature_matrix.h5": await tenx(
      ["aaaaaaca-1", "aaaabbca-1"],
      ["CD4", "CD8A"],
      [
        [1, 2],
        [3, 4],
      ],
      ["Gene Expression", "Gene Expression"],
    ),
    "cells.csv": text(cells),
    "transcripts.parquet": parquet(false),
  });
  expect((await readSample(source)).dataset.transcripts).toBeUndefined();
  const { dataset, report, params } = await readSample(source, { transcripts: true, genes: ["CD8A"] });
  expect(dataset.transcripts?.length).toBe(LINES.filter((l) => l[5] >= 20 && l[1] === "CD8A").length);
  expect(report.files).toContain("transcripts.parquet");
  expect(params.transcripts).toBe(true);
  const without = { ...source, names: source.names.filter((n) => !n.startsWith("t")) };
  const { report: warned } = await readSample(without, { transcripts: true });
  expect(warned.warnings).toContain("There are no transcripts beside the counts.");
});

it("names are numbered alike from bytes and texts, however many", () => {
  const names = startNames((name) => name === "");
  const all = Array.from({ length: 3000 }, (_, k) => `n${(k * 37) % 1500}`);
  const bytes = text(all.join(","));
  let at = 0;
  const codes = all.map((name) => {
    const code = names.ofBytes(bytes, at, at + name.length);
    at += name.length + 1;
    return code;
  });
  expect(codes.map((code) => names.list()[code])).toEqual(all);
  expect(all.map((name) => names.ofText(name))).toEqual(codes);
  expect([names.ofBytes(bytes, 0, 0), names.ofText("new"), names.list().length]).toEqual([-1, 1500, 1501]);
});
