import { checkOptions, runRules } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { checkAborted, forEachBlock, type RunOptions } from "../core/progress.ts";
import type { Sparse } from "./matrix.ts";

/** Groups summed between two breaths. */
const BLOCK = 4096;

/**
 * Sums the rows of each group: row g of the result is the sum of all rows i with `group[i] === g`; a group of -1 is left
 * out, a group without rows is empty. Sums are added in double precision, in the order of rows.
 *
 * @param x n x p
 * @param group length n, each -1 or below `groups`
 * @returns groups x p
 * @throws {SpatialError} `input` where there is not one group per row, or one is not below `groups`
 *
 * Cost: two passes over the stored entries, sorting the columns of each group; memory of the result and 16 bytes per column.
 * Checked against brute force.
 *
 * @example
 * ```ts
 * import { sparse, sumRows, toDense } from "tissular/model";
 * const x = sparse(3, 2, Uint32Array.of(0, 1, 2, 4), Uint32Array.of(1, 0, 0, 1), Float32Array.of(5, 7, 1, 2));
 * const sums = await sumRows(x, Int32Array.of(1, -1, 1), 2);
 * if (toDense(sums).data.join() !== "0,0,1,7") throw new Error("rows 0 and 2 together, row 1 left out");
 * ```
 */
export async function sumRows(
  x: Sparse,
  group: Int32Array,
  groups: number,
  run: RunOptions = {},
): Promise<Sparse> {
  checkOptions("sumRows", run, runRules);
  checkAborted(run.signal);
  if (group.length !== x.rows || group.some((g) => g < -1 || g >= groups)) {
    throw new SpatialError("input", `sumRows needs ${x.rows} groups from -1 to ${groups - 1}.`, {
      subject: "group",
    });
  }
  const first = new Uint32Array(groups + 1);
  for (const g of group) if (g >= 0) first[g + 1]++;
  for (let g = 0; g < groups; g++) first[g + 1] += first[g];
  const next = first.slice(0, groups);
  const rows = new Uint32Array(first[groups]);
  group.forEach((g, i) => {
    if (g >= 0) rows[next[g]++] = i;
  });
  const indptr = new Uint32Array(groups + 1);
  const seen = new Int32Array(x.cols).fill(-1);
  const touched = new Uint32Array(x.cols);
  /** Columns of a group, ascending only if asked for. */
  const columnsOf = (g: number): number => {
    let count = 0;
    for (let r = first[g]; r < first[g + 1]; r++) {
      for (let e = x.indptr[rows[r]]; e < x.indptr[rows[r] + 1]; e++) {
        const j = x.indices[e];
        if (seen[j] === g) continue;
        seen[j] = g;
        touched[count++] = j;
      }
    }
    return count;
  };
  await forEachBlock(
    "sum",
    groups,
    BLOCK,
    (start, end) => {
      for (let g = start; g < end; g++) indptr[g + 1] = indptr[g] + columnsOf(g);
    },
    halfOf(run, 0),
  );
  seen.fill(-1);
  const indices = new Uint32Array(indptr[groups]);
  const data = new Float32Array(indptr[groups]);
  const sums = new Float64Array(x.cols);
  await forEachBlock(
    "sum",
    groups,
    BLOCK,
    (start, end) => {
      for (let g = start; g < end; g++) {
        const columns = touched.subarray(0, columnsOf(g)).sort();
        for (let r = first[g]; r < first[g + 1]; r++)
          for (let e = x.indptr[rows[r]]; e < x.indptr[rows[r] + 1]; e++) sums[x.indices[e]] += x.data[e];
        let at = indptr[g];
        for (const j of columns) {
          indices[at] = j;
          data[at++] = sums[j];
          sums[j] = 0;
        }
      }
    },
    halfOf(run, 0.5),
  );
  return { kind: "sparse", rows: groups, cols: x.cols, indptr, indices, data };
}

/** The same run, whose progress is the half of a whole that begins at `from`. */
function halfOf(run: RunOptions, from: number): RunOptions {
  const { onProgress } = run;
  if (onProgress === undefined) return run;
  return { ...run, onProgress: (p) => onProgress({ ...p, fraction: from + p.fraction / 2 }) };
}
