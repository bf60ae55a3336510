import type { RunOptions } from "../core/progress.ts";
import type { Dense, Expression, Sparse } from "../model/index.ts";
import { genesOf } from "./genes.ts";
import type { GeneValues } from "./nngp.ts";

/** Genes that are held together. */
export interface GeneBlocks {
  /** genes from cuts[b] to cuts[b + 1] - 1 are block b */
  readonly cuts: readonly number[];
  /** sizes of the largest block */
  readonly most: { readonly genes: number; readonly values: number };
  readonly block: (b: number) => GeneValues;
}

/** Values held at a time (8 bytes each). */
const HELD = 2.4e7;

/** The columns of x at its `used` rows, in blocks of many genes. */
export async function geneBlocks(
  x: Expression<Sparse> | Expression<Dense>,
  used: Uint32Array,
  run: RunOptions,
): Promise<GeneBlocks> {
  const stored = new Uint32Array(x.cols).fill(x.kind === "dense" ? x.rows : 0);
  if (x.kind === "sparse") for (const j of x.indices) stored[j]++;
  const cuts = [0];
  const most = { genes: 0, values: 0 };
  let values = 0;
  const cut = (j: number): void => {
    most.genes = Math.max(most.genes, j - cuts[cuts.length - 1]);
    most.values = Math.max(most.values, values);
    cuts.push(j);
    values = 0;
  };
  stored.forEach((count, j) => {
    if (values > 0 && values + count > HELD) cut(j);
    values += count;
  });
  cut(x.cols);
  const genes = await genesOf(x, run);
  const place = new Int32Array(x.rows).fill(-1);
  used.forEach((i, t) => (place[i] = t));
  const block = (b: number): GeneValues => {
    const [from, to] = [cuts[b], cuts[b + 1]];
    const indptr = new Uint32Array(to - from + 1);
    let room = 0;
    for (let j = from; j < to; j++) room += stored[j];
    const rows = new Uint32Array(room);
    const held = new Float32Array(room);
    let at = 0;
    genes.each(from, to, (gene, all, start, found, count) => {
      for (let t = 0; t < count; t++) {
        const i = place[all[start + t]];
        if (i < 0) continue;
        rows[at] = i;
        held[at++] = found[t];
      }
      indptr[gene - from + 1] = at;
    });
    return { indptr, rows: rows.subarray(0, at), values: held.subarray(0, at) };
  };
  return { cuts, most, block };
}
