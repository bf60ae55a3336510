import type { RankGenesResult } from "../cluster/index.ts";
import type { TestInteractionsResult } from "../communicate/index.ts";
import { leading } from "../kernels/select.ts";
import type { MoranResult } from "../spatial/index.ts";

/** Rows in descending order of a value; missing values are left out, equal values keep their order. */
export function descending(values: ArrayLike<number>): number[] {
  const rows: number[] = [];
  for (let j = 0; j < values.length; j++) if (values[j] === values[j]) rows.push(j);
  return rows.sort((a, b) => values[b] - values[a] || a - b);
}

/** Genes by Moran's I, highest first. */
export function topSpatialGenes(moran: MoranResult, count: number): number[] {
  const rows = Array.from(moran.i.keys()).filter((j) => !Number.isNaN(moran.i[j]));
  return leading(rows, moran.i, count);
}

/** For each group the genes with the highest scores among those higher inside than outside (adjusted p < 0.05). */
export function topMarkers(markers: RankGenesResult, each: number): number[][] {
  const p = markers.scores.length / markers.groups.length;
  return markers.groups.map((_, g) => {
    const scores = markers.scores.subarray(g * p, (g + 1) * p);
    const rows: number[] = [];
    for (let j = 0; j < p; j++) if (scores[j] > 0 && markers.pAdjusted[g * p + j] < 0.05) rows.push(j);
    return leading(rows, scores, each);
  });
}

/** Interaction rows by adjusted p, then by score. */
export function topInteractions(result: TestInteractionsResult): number[] {
  return Array.from(result.score.keys()).sort(
    (a, b) => result.pAdjusted[a] - result.pAdjusted[b] || result.score[b] - result.score[a] || a - b,
  );
}
