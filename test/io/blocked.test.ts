import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHdf5 } from "../../src/io/hdf5-write.ts";
import { withHdf5 } from "../../src/io/hdf5.ts";
import {
  memorySource,
  openMatrix,
  type OpenMatrixOptions,
  readSample,
  type Source,
} from "../../src/io/index.ts";
import { pathSource } from "../../src/io/node.ts";
import { checkRoom } from "../../src/io/room.ts";
import { compressedRows } from "../../src/io/row-blocks.ts";
import {
  collectBlocks,
  dense,
  type Dense,
  type Expression,
  idList,
  selectRows,
  type Sparse,
  type SpatialDataset,
  toBlocked,
  toSparse,
} from "../../src/model/index.ts";
import { realData } from "../support/shared.ts";
import { files, tenx } from "./samples.ts";

const fixtures = join(import.meta.dirname, "..", "fixtures", "io");
const fixture = (name: string): Source => {
  const bytes = readFileSync(join(fixtures, name));
  const isGzip = name.endsWith(".gz");
  return memorySource(new Map([[name.replace(/\.gz$/, ""), isGzip ? gunzipSync(bytes) : bytes]]));
};

/** The matrix that `readSample` has of the same values. */
function inMemory(ds: SpatialDataset, values: string): Expression<Sparse> {
  const found = ds.counts?.values === values ? ds.counts : ds.layers[values];
  if (found === undefined || found === null) throw new Error(`no ${values} in the sample`);
  return found.kind === "dense"
    ? { ...toSparse(found as Dense), values: found.values }
    : (found as Expression<Sparse>);
}

const bytesOf = ({ indptr, indices, data }: Sparse): Buffer =>
  Buffer.concat(
    [indptr, indices, data].map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)),
  );

/** Opens a matrix and compares it with what `readSample` reads: names and, for several sizes of blocks, all values. */
async function compare(source: string | Source, options: OpenMatrixOptions = {}): Promise<void> {
  const { matrix, cells, genes } = await openMatrix(source, options);
  const { dataset: ds } = await readSample(source, options.values ? { values: options.values } : {});
  expect(idList(genes.ids)).toEqual(idList(ds.genes.ids));
  expect(genes.columns).toEqual(ds.genes.columns);
  const whole = inMemory(ds, matrix.values);
  // readSample leaves out rows that are placed nowhere.
  const rows = Uint32Array.from(idList(ds.cells.ids), (id) => cells.ids.indexOf(id));
  for (const most of [cells.ids.length > 500 ? 97 : 1, 100_000]) {
    const blocks = { ...matrix, blocks: () => matrix.blocks(most) };
    const read = await collectBlocks(blocks);
    expect(read.rows).toBe(cells.ids.length);
    expect(bytesOf(selectRows(read, rows)).equals(bytesOf(whole))).toBe(true);
  }
}

describe.skipIf(realData === null)("openMatrix agrees with readSample on real files", () => {
  const st = join(realData ?? "", "st");
  it.each([
    "visium_dlpfc_151673",
    "visium_v1_scanpy/filtered_feature_bc_matrix.h5",
    "visium_v2_probe_scanpy/raw_probe_bc_matrix.h5",
    "xenium_sfe/cell_feature_matrix.h5",
    "xenium_mini_seio",
    "tenx_edgecases_scanpy/1.2.0/filtered_gene_bc_matrices_h5.h5",
    "tenx_edgecases_scanpy/1.2.0/multiple_genomes.h5",
    "tenx_edgecases_scanpy/3.0.0/filtered_feature_bc_matrix.h5",
    "h5ad_legacy_archives/v0.7.0/adata.h5ad",
    "starmap_mpfc/20180417_BZ5_control.h5ad",
    "squidpy_test_h5ad/test_data.h5ad",
    "h5ad_dlpfc_151674/151674.h5ad",
    "h5ad_dlpfc_151674/151674_sub300x500_csc.h5ad",
    "h5ad_dlpfc_151674/151674_sub300x500_dense.h5ad",
    "stlearn_bca/test_data.h5",
    "spatialdata_blobs_v2",
    "spatialdata_blobs_v3",
    "spatialdata_xenium_sfe/xenium_sfe_v2.zarr",
    "spatialdata_xenium_sfe/xenium_sfe_v3.zarr",
  ])("%s", async (name) => {
    const path = join(st, name);
    expect(existsSync(path)).toBe(true);
    await compare(path);
  });
});

describe("openMatrix agrees with readSample", () => {
  it.each([
    "anndata-v2.zarr.zip",
    "anndata-v3.zarr.zip",
    "spatialdata-v2.zarr.zip",
    "spatialdata-v3.zarr.zip",
    "compound-lzf.h5ad.gz",
    "encodings-0.12.19.h5ad.gz",
    "encodings-0.13.4.h5ad.gz",
  ])("%s", async (name) => compare(fixture(name)));
});

/** An h5ad with X as its logarithms, full; a layer of counts by columns; raw by rows over one gene more. */
function threeMatrices(): Promise<Uint8Array> {
  return createHdf5((w) => {
    const typed = (type: string): Record<string, string> => ({
      "encoding-type": type,
      "encoding-version": "0.1.0",
    });
    const frame = (path: string, names: readonly string[], kinds?: readonly string[]): void => {
      const order = kinds === undefined ? [] : ["feature_types"];
      w.group(path, { ...typed("dataframe"), _index: "_index", "column-order": order });
      w.strings(`${path}/_index`, names);
      if (kinds !== undefined) w.strings(`${path}/feature_types`, kinds);
    };
    const sparse = (path: string, type: string, cols: number, parts: readonly number[][]): void => {
      w.group(path, { ...typed(type), shape: BigInt64Array.of(2n, BigInt(cols)) });
      w.numbers(`${path}/indptr`, Int32Array.from(parts[0]));
      w.numbers(`${path}/indices`, Int32Array.from(parts[1]));
      w.numbers(`${path}/data`, Float32Array.from(parts[2]));
    };
    w.group("", typed("anndata"));
    frame("obs", ["a", "b"]);
    frame("var", ["g", "h", "P"], ["Gene Expression", "Gene Expression", "Antibody Capture"]);
    w.numbers("X", Float32Array.of(0, 1.5, 9.5, 0.5, 0, 8.5), typed("array"), [2, 3]);
    w.group("layers", typed("dict"));
    sparse("layers/counts", "csc_matrix", 3, [
      [0, 1, 2, 4],
      [1, 0, 0, 1],
      [2, 3, 9, 8],
    ]);
    w.group("raw", typed("raw"));
    frame("raw/var", ["g", "h", "i", "k"]);
    sparse("raw/X", "csr_matrix", 4, [
      [0, 2, 4],
      [0, 3, 1, 2],
      [1, 2, 3, 4],
    ]);
  });
}

describe("openMatrix chooses", () => {
  const read = async (source: Source, options?: OpenMatrixOptions): Promise<unknown> => {
    const { matrix, genes } = await openMatrix(source, options);
    const { indptr, indices, data } = await collectBlocks(matrix);
    return [matrix.values, idList(genes.ids).join(), [...indptr], [...indices], [...data]];
  };

  it("X, a layer or raw; genes among features of other kinds; some of the genes", async () => {
    const source = files({ "a.h5ad": await threeMatrices() });
    expect(await read(source)).toEqual(["log", "g,h", [0, 1, 2], [1, 0], [1.5, 0.5]]);
    expect(await read(source, { matrix: "counts" })).toEqual(["counts", "g,h", [0, 1, 2], [1, 0], [3, 2]]);
    expect(await read(source, { matrix: "raw" })).toEqual([
      "counts",
      "g,h,i,k",
      [0, 2, 4],
      [0, 3, 1, 2],
      [1, 2, 3, 4],
    ]);
    expect(await read(source, { matrix: "raw", genes: ["k", "h"] })).toEqual([
      "counts",
      "h,k",
      [0, 1, 2],
      [1, 0],
      [2, 3],
    ]);
    expect(await read(source, { genes: ["h"], values: "normalized" })).toEqual([
      "normalized",
      "h",
      [0, 1, 1],
      [0],
      [1.5],
    ]);
    const { report } = await openMatrix(source, { matrix: "counts", genes: ["h", "Q"] });
    expect(report.found[0]).toBe("2 genes x 2 cells from a.h5ad, read in blocks.");
    expect(report.dropped.map((d) => [d.what, d.count])).toEqual([
      ["features of other kinds", 1],
      ["gene", 1],
    ]);
    expect(report.warnings).toEqual([
      '"layers/counts" is stored by columns (csc): it was read whole and turned.',
      "Genes asked for that are not in the sample: Q.",
    ]);
    for (const [options, what] of [
      [{ matrix: "spliced" }, "it has X, raw, counts"],
      [{ genes: ["Q"] }, "none of the genes asked for, Q"],
    ] as const)
      await expect(openMatrix(source, options)).rejects.toThrow(what);
  });

  it("the one matrix of a folder, and says which there are where it cannot", async () => {
    const h5 = await tenx(
      ["a", "b"],
      ["G", "H"],
      [
        [1, 0],
        [0, 2],
      ],
    );
    const other = await tenx(["a"], ["G"], [[7]]);
    const outs = {
      "outs/raw_feature_bc_matrix.h5": other,
      "outs/filtered_feature_bc_matrix.h5": h5,
      "outs/x.csv": "",
    };
    expect(await read(files(outs))).toEqual(["counts", "id0,id1", [0, 1, 2], [0, 1], [1, 2]]);
    expect(await read(files(outs), { file: "outs/raw_feature_bc_matrix.h5" })).toEqual([
      "counts",
      "id0",
      [0, 1],
      [0],
      [7],
    ]);
    await expect(openMatrix(files({ "a.h5": h5, "b.h5ad": other }))).rejects.toMatchObject({
      code: "input",
      message: expect.stringContaining("a.h5, b.h5ad"),
    });
    await expect(openMatrix(files({ "a.csv": "", "b.csv": "" }))).rejects.toThrow("found none");
  });
});

describe("openMatrix at the edges", () => {
  it("refuses an empty matrix, counts below 0 and blocks of no rows", async () => {
    const empty = files({ "a.h5": await tenx([], ["G"], []) });
    await expect(openMatrix(empty)).rejects.toThrow("must hold observations and features, found 0 x 1");
    const h5 = files({ "a.h5": await tenx(["a"], ["G"], [[-1]]) });
    await expect(openMatrix(h5, { values: "counts" })).rejects.toMatchObject({ code: "values" });
    const { matrix, report } = await openMatrix(h5, { values: "log" });
    expect(report.warnings).toEqual(["The values look like scaled; they are taken as log as asked."]);
    expect(() => matrix.blocks(0)).toThrow("A block must have at least 1 row, found 0.");
    expect(() => toBlocked(inRows).blocks(0.5)).toThrow("A block must have at least 1 row, found 0.5.");
  });

  it("closes its file when a pass is left before its end", async () => {
    const h5 = await tenx(["a", "b"], ["G"], [[1], [2]]);
    let opened = 0;
    const plain = files({ "a.h5": h5 });
    const open: Source["open"] = (name) => {
      const file = plain.open(name);
      opened++;
      return file && { ...file, close: () => void (opened--, file.close()) };
    };
    const { matrix } = await openMatrix({ ...plain, open });
    expect(opened).toBe(0);
    for await (const block of matrix.blocks(1)) {
      expect([block.rows, opened]).toEqual([1, 1]);
      break;
    }
    expect(opened).toBe(0);
  });
});

const inRows: Sparse = toSparse(dense(1, 1, Float32Array.of(1)));

describe("compressed rows", () => {
  // A file of 9 kB that says to hold 34 GB is refused as damaged, so it is lengthened (by a hole) to what deflate can pack them to.
  const folder = mkdtempSync(join(tmpdir(), "tissular-huge-"));
  const huge = join(folder, "huge.h5");
  beforeAll(() => {
    copyFileSync(join(fixtures, "huge.h5"), huge);
    truncateSync(huge, 40_000_000);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Row r of the fixture by its rule. */
  const ruled = (from: number, to: number): [number[], number[]] => {
    const entries = Array.from({ length: to - from }, (_, i) => from + i);
    return [entries.map((e) => (e % 97) + 1), entries.map((e) => e % 1_000_003)];
  };

  it("are read beyond 2^31 and 2^32 stored entries", async () => {
    const source = await pathSource(huge);
    await withHdf5(source, "huge.h5", async (file) => {
      const rows = await compressedRows(file, "matrix", 7, 2 ** 30);
      const starts = [
        0,
        5,
        2 ** 31 - 3,
        2 ** 31 + 4,
        2 ** 32 - 2,
        2 ** 32 + 6,
        2 ** 32 + 997,
        2 ** 32 + 1000,
      ];
      expect([rows.end(0, 10), rows.end(2, 10), rows.end(4, 10)]).toEqual([1, 3, 7]);
      for (const r of [0, 2, 4, 6]) {
        const { indptr, indices, data } = await rows.read(file, r, r + 1);
        const [values, columns] = ruled(starts[r], starts[r + 1]);
        expect([[...data], [...indices], [...indptr]]).toEqual([values, columns, [0, values.length]]);
      }
    });
  });

  it("are refused by readSample where they do not fit, with the number and the way", async () => {
    await expect(readSample(huge)).rejects.toMatchObject({
      code: "memory",
      message: expect.stringContaining("4,294,968,296 stored entries, which need 34.4 GB"),
      hint: expect.stringContaining("openMatrix"),
    });
    expect(() => checkRoom("m.h5", 500_000_000, 2, 8e9)).not.toThrow();
    expect(() => checkRoom("m.h5", 500_000_001, 2, 8e9)).toThrow("there are 8.0 GB");
    expect(() => checkRoom("m.h5", 2 ** 32, 1, 1e12)).toThrow("at most 4,294,967,295 are held at once");
  });

  it("are refused where offsets are unsound, before anything is read", async () => {
    const broken = (indptr: readonly number[]): Promise<Uint8Array> =>
      createHdf5((w) => {
        w.group("m");
        w.numbers("m/indptr", BigInt64Array.from(indptr, BigInt));
        w.numbers("m/indices", Int32Array.of(0, 1, 0));
        w.numbers("m/data", Float32Array.of(1, 2, 3));
      });
    for (const [indptr, what] of [
      [[0, 2, 1, 3], "go down at row 1"],
      [[0, 1, 2, 4], "the offsets end at 4"],
      [[0, 1, 3], "4 row offsets from 0 are needed"],
    ] as const) {
      const work = withHdf5(files({ "m.h5": await broken(indptr) }), "m.h5", (file) =>
        compressedRows(file, "m", 3, 2),
      );
      await expect(work).rejects.toThrow(what);
    }
  });
});
