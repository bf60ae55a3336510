import { checkOptions, integer, runRules, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { forEachBlock, type RunOptions } from "../core/progress.ts";
import type { Dense, Expression, Sparse } from "../model/index.ts";
import { genesOf } from "./genes.ts";

export interface DistanceGradientOptions extends RunOptions {
  /** Bins of equal width between the smallest and the largest distance; default 20. */
  readonly bins?: number;
  /** Edges of the bins, ascending, instead; the last bin has its upper edge too. Observations outside are left out. */
  readonly edges?: ArrayLike<number>;
}

export interface DistanceGradientResult {
  /** edges of the b bins, length b + 1 */
  readonly edges: Float64Array;
  /** observations of each bin, length b */
  readonly cells: Int32Array;
  /** mean of each gene (row) in each bin, NaN in an empty one; p x b */
  readonly means: Float64Array;
  /** change of the value per unit of distance, least squares over observations; NaN where distances do not vary; length p */
  readonly slope: Float64Array;
  /** Pearson correlation of value and distance; NaN for constant genes; length p */
  readonly correlation: Float64Array;
  readonly params: { readonly cells: number };
}

/**
 * Which genes rise or fall with the distance from a boundary, a vessel or a border?
 *
 * Observations without a distance (NaN) or outside the bins are left out. There is no p-value: neighbors are alike, so a test that takes observations as
 * independent would find nearly every gene. Rank genes by `correlation` and look at `means`.
 *
 * @param x n x p, usually log values
 * @param distance length n, e.g. of `moduleBoundary` or `distanceToFeature`
 * @throws {SpatialError} `input` where lengths differ or no observation is left; `option`; `aborted`
 *
 * Cost: one pass over the stored values and 8 p b bytes. Checked against brute force.
 *
 * @example
 * ```ts
 * import { dense, expression } from "tissular/model";
 * import { distanceGradient } from "tissular/spatial";
 * const x = expression(dense(4, 1, Float32Array.of(0, 1, 2, 3)), "log");
 * const { means, slope } = await distanceGradient(x, [-20, -10, 0, 10], { bins: 2 });
 * if (means.join() !== "0.5,2.5" || Math.abs(slope[0] - 0.1) > 1e-12) throw new Error("0.1 a micrometre");
 * ```
 */
export async function distanceGradient(
  x: Expression<Sparse> | Expression<Dense>,
  distance: ArrayLike<number>,
  options: DistanceGradientOptions = {},
): Promise<DistanceGradientResult> {
  checkOptions("distanceGradient", options, {
    bins: integer(1, 100_000),
    edges: such("at least 2 ascending numbers", isAscending),
    ...runRules,
  });
  if (distance.length !== x.rows) {
    throw new SpatialError(
      "input",
      `distanceGradient needs a distance per observation, found ${distance.length} for ${x.rows}.`,
      { subject: "distance" },
    );
  }
  const edges =
    options.edges === undefined ? evenEdges(distance, options.bins ?? 20) : Float64Array.from(options.edges);
  const b = edges.length - 1;
  const bin = Int32Array.from(distance, (d) => binOf(edges, d));
  const cells = new Int32Array(b);
  let [n, sum] = [0, 0];
  bin.forEach((at, i) => {
    if (at < 0) return;
    cells[at]++;
    n++;
    sum += distance[i];
  });
  if (n === 0) {
    throw new SpatialError("input", "distanceGradient: no observation has a distance within the bins.", {
      subject: "distance",
    });
  }
  const centre = sum / n;
  let spread = 0;
  bin.forEach((at, i) => at >= 0 && (spread += (distance[i] - centre) * (distance[i] - centre)));

  const p = x.cols;
  const means = new Float64Array(p * b);
  const [slope, correlation] = [new Float64Array(p), new Float64Array(p)];
  const genes = await genesOf(x, options);
  const work = (from: number, to: number): void =>
    genes.each(from, to, (gene, rows, start, values, count, shift) => {
      const ofGene = means.subarray(gene * b, (gene + 1) * b);
      let [total, squares, products] = [0, 0, 0];
      for (let t = 0; t < count; t++) {
        const i = rows[start + t];
        if (bin[i] < 0) continue;
        ofGene[bin[i]] += values[t];
        total += values[t];
        squares += values[t] * values[t];
        products += values[t] * (distance[i] - centre);
      }
      const variance = Math.max(0, squares - (total * total) / n);
      for (let k = 0; k < b; k++) ofGene[k] = ofGene[k] / cells[k] + shift;
      slope[gene] = products / spread;
      correlation[gene] = variance > 1e-13 * squares ? products / Math.sqrt(spread * variance) : NaN;
    });
  await forEachBlock("gradient", p, genes.block(0), work, options);
  return { edges, cells, means, slope, correlation, params: { cells: n } };
}

function isAscending(value: unknown): boolean {
  const list = Array.from((value ?? []) as ArrayLike<unknown>);
  return (
    list.length > 1 &&
    list.every(
      (v, k) => typeof v === "number" && Number.isFinite(v) && (k === 0 || v > (list[k - 1] as number)),
    )
  );
}

function evenEdges(distance: ArrayLike<number>, bins: number): Float64Array {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < distance.length; i++) {
    if (!Number.isFinite(distance[i])) continue;
    low = Math.min(low, distance[i]);
    high = Math.max(high, distance[i]);
  }
  return Float64Array.from({ length: bins + 1 }, (_, k) =>
    k === bins ? high : low + ((high - low) * k) / bins,
  );
}

/** The bin of a distance, -1 outside. */
function binOf(edges: Float64Array, d: number): number {
  const last = edges.length - 1;
  if (!(d >= edges[0] && d <= edges[last])) return -1;
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (d >= edges[middle]) low = middle;
    else high = middle;
  }
  return low;
}
