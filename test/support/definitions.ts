import { readFileSync } from "node:fs";
import { type Rng, stream } from "../../src/core/index.ts";
import { gridGraph } from "../../src/graph/index.ts";
import { normal } from "../../src/kernels/random.ts";
import { type Dense, dense, type Expression, expression, type Graph } from "../../src/model/index.ts";

/** esda's results on the spots of spots.ts, made by test/oracles/make_autocorrelation.py. */
export const esda = JSON.parse(
  readFileSync(new URL("../fixtures/autocorrelation.json", import.meta.url), "utf8"),
) as {
  readonly pairs: readonly (readonly [number, number])[];
  readonly joins: { readonly bb: number; readonly ww: number; readonly bw: number };
  readonly geary: Readonly<Record<string, readonly number[]>>;
  readonly g: Readonly<Record<string, readonly number[]>>;
  readonly bivariate: Readonly<Record<string, readonly number[]>>;
  readonly local: Readonly<Record<string, readonly number[]>>;
};

/** The weights of a graph as rows of numbers. */
export function matrix(graph: Graph, rowStandardize: boolean): number[][] {
  return Array.from({ length: graph.nodes }, (_, i) => {
    const row = new Array<number>(graph.nodes).fill(0);
    for (let e = graph.indptr[i]; e < graph.indptr[i + 1]; e++) row[graph.indices[e]] = graph.weights[e];
    const sum = rowStandardize ? row.reduce((s, v) => s + v, 0) : 1;
    return row.map((v) => (sum === 0 ? 0 : v / sum));
  });
}

/** All orders of a few things. */
export function orders<T>(of: readonly T[]): T[][] {
  if (of.length < 2) return [[...of]];
  return of.flatMap((first, k) => orders(of.filter((_, t) => t !== k)).map((rest) => [first, ...rest]));
}

/** sum over i and j of f */
export function sumPairs(n: number, f: (i: number, j: number) => number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) sum += f(i, j);
  return sum;
}

export const average = (v: readonly number[]): number => v.reduce((s, a) => s + a, 0) / v.length;
export const centred = (v: readonly number[]): number[] => v.map((a) => a - average(v));
export const varianceOf = (v: readonly number[]): number => average(centred(v).map((a) => a * a));

/** A field of side x side spots, each with up to six neighbors. */
export function hexagons(side: number): Graph {
  const row = Int32Array.from({ length: side * side }, (_, i) => Math.floor(i / side));
  const col = Int32Array.from(row, (r, i) => 2 * (i % side) + (r % 2));
  return gridGraph(row, col);
}

/** Values without pattern: normal ones, or skewed log counts of which many are 0. */
export function noise(rng: Rng, length: number, kind: "normal" | "counts"): Float64Array {
  if (kind === "normal") return Float64Array.from({ length }, () => normal(rng));
  // An exponentially mixed count: a geometric distribution of mean 1.
  return Float64Array.from({ length }, () => Math.log1p(Math.floor(Math.log2(1 / (1 - rng.uniform())))));
}

/** n x p values without pattern. */
export function genesWithoutPattern(
  rng: Rng,
  n: number,
  p: number,
  kind: "normal" | "counts",
): Expression<Dense> {
  return expression(
    dense(n, p, Float32Array.from(noise(rng, n * p, kind))),
    kind === "normal" ? "scaled" : "log",
  );
}

/** n x p values with a share of their variance in a pattern: alike within squares of `width` spots. */
export function genesWithPattern(seed: number, side: number, p: number, share: number): Expression<Dense> {
  const rng = stream(seed, 77);
  const width = 4;
  const across = Math.ceil(side / width);
  const data = new Float64Array(side * side * p);
  for (let j = 0; j < p; j++) {
    const levels = noise(rng, across * across, "normal");
    for (let i = 0; i < side * side; i++) {
      const square = Math.floor(Math.floor(i / side) / width) * across + Math.floor((i % side) / width);
      data[i * p + j] = Math.sqrt(share) * levels[square] + Math.sqrt(1 - share) * normal(rng);
    }
  }
  return expression(dense(side * side, p, data), "scaled");
}
