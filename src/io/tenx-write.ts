import { checkOptions, runRules, string } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import { geneNames, inMemory, type SpatialDataset } from "../model/dataset.ts";
import type { Sparse } from "../model/matrix.ts";
import { type Column, idList, isCategorical, type Table } from "../model/table.ts";
import { GENES } from "./assemble.ts";
import { newHdf5 } from "./hdf5-output.ts";
import { gzipParts, memoryOutput } from "./source.ts";

/** Genes and features of other kinds side by side, as 10x keeps them. */
interface TenxParts {
  readonly matrices: readonly Sparse[];
  readonly features: readonly {
    readonly id: string;
    readonly name: string;
    readonly kind: string;
    readonly genome: string;
  }[];
  readonly entries: number;
}

function tenxParts(verb: string, ds: SpatialDataset, genome: string): TenxParts {
  if (ds.counts === null) {
    throw new SpatialError("input", `${verb} needs counts, which this dataset has not.`, {
      subject: "counts",
      hint: "A layer is written as h5ad.",
    });
  }
  const parts = [
    { kind: GENES, values: inMemory(ds.counts, verb), table: ds.genes },
    ...Object.entries(ds.features).map(([kind, set]) => ({ kind, ...set })),
  ];
  return {
    matrices: parts.map((part) => part.values),
    features: parts.flatMap(({ kind, table }) => {
      const names = geneNames(table);
      const genomes = genomesOf(table);
      return idList(table.ids).map((id, j) => ({ id, name: names[j], kind, genome: genomes?.(j) ?? genome }));
    }),
    entries: parts.reduce((sum, { values }) => sum + values.data.length, 0),
  };
}

function genomesOf({ columns }: Table): ((j: number) => string) | null {
  const column: Column | undefined = columns["genome"];
  if (column === undefined) return null;
  if (isCategorical(column)) return (j) => column.categories[column.codes[j]] ?? "";
  return Array.isArray(column) ? (j) => column[j] as string : null;
}

/** Options of `writeTenxH5`. */
export interface WriteTenxH5Options extends RunOptions {
  /** Genome of the features that have no column `genome`. Default "". */
  readonly genome?: string;
}

/** Values of a packed piece. */
const CHUNK = 65_536;

/**
 * Counts as a 10x matrix in HDF5 (the layout of Cell Ranger 3 and later): genes first, then features of other kinds under
 * their `feature_type`, names of fixed length, whole counts as 32-bit integers. Positions, columns and everything else have
 * no place in it: see `leftOut(ds, "10x-h5")`.
 *
 * @throws {SpatialError} `input` where there are no counts in memory; `option`; `aborted`
 *
 * Cost: linear in the stored values. Checked by scanpy's `read_10x_h5` value for value.
 *
 * @example
 * ```ts
 * import { dataset, expression, ids, sparse, table } from "tissular/model";
 * import { memorySource, readSample, writeTenxH5 } from "tissular/io";
 * const counts = expression(sparse(1, 1, Uint32Array.of(0, 1), Uint32Array.of(0), Float32Array.of(2)), "counts");
 * const made = dataset({ counts, cells: table(ids(["AAAC-1"])), genes: table(ids(["ENSG1"]), { name: ["CD4"] }) });
 * const bytes = await writeTenxH5(made, { genome: "GRCh38" });
 * const { dataset: read } = await readSample(memorySource(new Map([["filtered_feature_bc_matrix.h5", bytes]])));
 * if (read.genes.ids.at(0) !== "ENSG1") throw new Error("the same gene");
 * ```
 */
export async function writeTenxH5(ds: SpatialDataset, options: WriteTenxH5Options = {}): Promise<Uint8Array> {
  checkOptions("writeTenxH5", options, { genome: string(), ...runRules });
  const { matrices, features, entries } = tenxParts("writeTenxH5", ds, options.genome ?? "");
  const n = ds.cells.ids.length;
  const indptr = new BigInt64Array(n + 1);
  const indices = new BigInt64Array(entries);
  const values = new Float32Array(entries);
  let m = 0;
  for (let i = 0; i < n; i++) {
    let first = 0;
    for (const x of matrices) {
      for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++) {
        indices[m] = BigInt(first + x.indices[e]);
        values[m++] = x.data[e];
      }
      first += x.cols;
    }
    indptr[i + 1] = BigInt(m);
    if (i % 4096 === 0) await step(options, "gather", i / n);
  }
  const isWhole = values.every((v) => v === (v | 0));
  const memory = memoryOutput(0);
  await newHdf5(memory, async (file) => {
    const put = (
      name: string,
      data: BigInt64Array | Int32Array | Float32Array,
      dtype: "<q" | "<i" | "<f",
    ): void => void file.create_dataset({ name: `matrix/${name}`, data, dtype, ...packed(data.length) });
    const putText = (name: string, data: readonly string[]): void => {
      const encoder = new TextEncoder();
      const longest = data.reduce((most, v) => Math.max(most, encoder.encode(v).length), 1);
      const dtype = `S${longest}` as const;
      file.create_dataset({ name: `matrix/${name}`, data: [...data], dtype, ...packed(data.length) });
    };
    file.create_attribute("filetype", "matrix");
    file.create_attribute("version", 2, null, "<q");
    file.create_attribute("software_version", "tissular");
    file.create_attribute("library_ids", ["sample"]);
    file.create_attribute("original_gem_groups", [1], null, "<q");
    file.create_group("matrix");
    file.create_group("matrix/features");
    putText("barcodes", idList(ds.cells.ids));
    put("data", isWhole ? Int32Array.from(values) : values, isWhole ? "<i" : "<f");
    await step(options, "write", 0.3);
    put("indices", indices, "<q");
    await step(options, "write", 0.7);
    put("indptr", indptr, "<q");
    put("shape", Int32Array.of(features.length, n), "<i");
    putText("features/_all_tag_keys", ["genome"]);
    putText(
      "features/feature_type",
      features.map((f) => f.kind),
    );
    putText(
      "features/genome",
      features.map((f) => f.genome),
    );
    putText(
      "features/id",
      features.map((f) => f.id),
    );
    putText(
      "features/name",
      features.map((f) => f.name),
    );
    await step(options, "write", 1);
  });
  return memory.bytes();
}

function packed(length: number): { chunks: number[]; compression: "gzip"; compression_opts: number } {
  return { chunks: [Math.max(1, Math.min(CHUNK, length))], compression: "gzip", compression_opts: 4 };
}

async function step(options: RunOptions, name: string, fraction: number): Promise<void> {
  checkAborted(options.signal);
  options.onProgress?.({ step: name, fraction });
  await breathe();
}

/**
 * Counts as a 10x text folder: `matrix.mtx.gz` (features x barcodes), `features.tsv.gz` (id, name, kind) and
 * `barcodes.tsv.gz`, by name, for `writeFolder`. Genes come first, then features of other kinds. Positions, columns and
 * everything else have no place in it: see `leftOut(ds, "mtx")`.
 *
 * @throws {SpatialError} `input` where there are no counts in memory, or a name has a tab or a line break; `option`; `aborted`
 *
 * Cost: linear in the stored values. Checked by scanpy's `read_10x_mtx` value for value.
 *
 * @example
 * ```ts
 * import { dataset, expression, ids, sparse, table } from "tissular/model";
 * import { memorySource, readSample, writeMtx } from "tissular/io";
 * const counts = expression(sparse(1, 1, Uint32Array.of(0, 1), Uint32Array.of(0), Float32Array.of(2)), "counts");
 * const made = dataset({ counts, cells: table(ids(["AAAC-1"])), genes: table(ids(["ENSG1"]), { name: ["CD4"] }) });
 * const { dataset: read } = await readSample(memorySource(await writeMtx(made)));
 * if (read.genes.ids.at(0) !== "ENSG1") throw new Error("the same gene");
 * ```
 */
export async function writeMtx(
  ds: SpatialDataset,
  options: RunOptions = {},
): Promise<Map<string, Uint8Array>> {
  checkOptions("writeMtx", options, runRules);
  const { matrices, features, entries } = tenxParts("writeMtx", ds, "");
  const n = ds.cells.ids.length;
  const isWhole = matrices.every((x) => x.data.every((v) => v === Math.floor(v)));
  const encoder = new TextEncoder();
  const kind = isWhole ? "integer" : "real";
  const parts = [
    encoder.encode(`%%MatrixMarket matrix coordinate ${kind} general\n${features.length} ${n} ${entries}\n`),
  ];
  let lines: string[] = [];
  for (let i = 0; i < n; i++) {
    let first = 1;
    for (const x of matrices) {
      for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++)
        lines.push(`${first + x.indices[e]} ${i + 1} ${x.data[e]}\n`);
      first += x.cols;
    }
    if (lines.length >= CHUNK || i === n - 1) {
      parts.push(encoder.encode(lines.join("")));
      lines = [];
      await step(options, "write", (i + 1) / n);
    }
  }
  const table = (rows: readonly (readonly string[])[]): Promise<Uint8Array> => {
    for (const text of rows.flat()) {
      if (/[\t\r\n]/.test(text))
        throw new SpatialError(
          "input",
          `A name must have no tab or line break, found ${JSON.stringify(text)}.`,
        );
    }
    return gzipParts([encoder.encode(rows.map((row) => `${row.join("\t")}\n`).join(""))]);
  };
  return new Map([
    ["matrix.mtx.gz", await gzipParts(parts)],
    ["features.tsv.gz", await table(features.map((f) => [f.id, f.name, f.kind]))],
    ["barcodes.tsv.gz", await table(idList(ds.cells.ids).map((id) => [id]))],
  ]);
}
