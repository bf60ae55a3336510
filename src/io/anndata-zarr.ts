import { checkOptions } from "../core/check.ts";
import type { SpatialDataset } from "../model/dataset.ts";
import { anndataParts, anndataRules, type WriteAnndataOptions, writeElements } from "./anndata-write.ts";
import { leftOut } from "./left-out.ts";
import { createZarr } from "./zarr-write.ts";

/**
 * A dataset as an AnnData in zarr, the same elements as `writeH5ad`, as files by relative name for `writeFolder`. It is
 * version 2 of zarr, which anndata 0.8 and every later one open, packed with gzip, its description consolidated.
 *
 * @throws {SpatialError} `input` where `x` names no matrix or counts are not in memory; `option`; `aborted`
 *
 * Cost: linear in the stored values, packed with gzip. Equal datasets are equal bytes, whatever the runtime. Checked
 * against anndata 0.8 and 0.13 value for value.
 *
 * @example
 * ```ts
 * import { dataset, expression, ids, sparse, table } from "tissular/model";
 * import { memorySource, readSample, writeAnndataZarr } from "tissular/io";
 * const counts = expression(sparse(1, 1, Uint32Array.of(0, 1), Uint32Array.of(0), Float32Array.of(2)), "counts");
 * const made = dataset({ counts, cells: table(ids(["a"])), genes: table(ids(["g"]), { name: ["g"] }) });
 * const { dataset: read } = await readSample(memorySource(await writeAnndataZarr(made)));
 * if (read.counts?.kind !== "sparse" || read.counts.data[0] !== 2) throw new Error("same counts");
 * ```
 */
export async function writeAnndataZarr(
  ds: SpatialDataset,
  options: WriteAnndataOptions = {},
): Promise<Map<string, Uint8Array>> {
  checkOptions("writeAnndataZarr", options, anndataRules);
  const parts = await anndataParts("writeAnndataZarr", ds, options.x);
  return createZarr((w) => writeElements(w, parts, options, leftOut(ds, "anndata-zarr")), options);
}
