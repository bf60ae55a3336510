import { log } from "../kernels/math.ts";
import type { CoOccurrenceResult } from "./cooccurrence.ts";
import { entropy } from "./diversity.ts";

export interface SpatialEntropyResult {
  /** largest distance of each ring, as in the co-occurrence; length t */
  readonly thresholds: Float64Array;
  /** Leibovici's entropy of the pairs up to each distance, nats, length t; NaN without pairs */
  readonly leibovici: Float64Array;
  /** Altieri's entropy of all pairs, nats: mutualInformation + residual */
  readonly entropy: number;
  /** the part that distance explains, nats */
  readonly mutualInformation: number;
  /** the part that is left, nats */
  readonly residual: number;
  /** how much pairs of each ring tell, nats, length t: their mean by `weight` is `mutualInformation` */
  readonly partialInformation: Float64Array;
  /** part of all pairs that lie in each ring, length t */
  readonly weight: Float64Array;
}

/**
 * How disordered is the tissue once place counts, and at what distances is there order?
 *
 * Z is the unordered pair of categories of two observations, W the ring of distances that the pair lies in. Leibovici (2009,
 * doi:10.1007/978-3-642-03832-7_24): H(Z) of the pairs up to a distance. Altieri et al. (2018, doi:10.1007/s10651-017-0383-1): H(Z) = I(Z; W) + H(Z | W) over all
 * rings; partialInformation_w = sum_z p(z | w) log(p(z | w) / p(z)). Where neither place nor distance matters I is 0.
 *
 * @param pairs a `coOccurrence`: its rings are W
 *
 * Cost: k^2 t. Checked against a plain implementation on 56 labelled places.
 *
 * @example
 * ```ts
 * import { categories, positions } from "tissular/model";
 * import { coOccurrence, spatialEntropy } from "tissular/spatial";
 * const places = positions(Float64Array.of(0, 0, 1, 0, 10, 0, 11, 0), "um", 1);
 * const pairs = await coOccurrence(categories(["a", "a", "b", "b"]), places, { thresholds: [2, 20] });
 * const { mutualInformation, residual } = spatialEntropy(pairs);
 * if (!(mutualInformation > 0.5 && residual < 0.3)) throw new Error("near ones are alike, far ones are not");
 * ```
 */
export function spatialEntropy(pairs: CoOccurrenceResult): SpatialEntropyResult {
  const { thresholds, counts } = pairs;
  const k = pairs.categories.length;
  const t = thresholds.length;
  const kinds = (k * (k + 1)) / 2;
  const rings = Array.from({ length: t }, (_, w) => {
    const of = new Float64Array(kinds);
    let at = 0;
    for (let a = 0; a < k; a++)
      for (let b = a; b < k; b++) of[at++] = counts[(a * k + b) * t + w] / (a === b ? 2 : 1);
    return of;
  });
  const sum = (of: Float64Array): number => of.reduce((s, c) => s + c, 0);
  const so = new Float64Array(kinds);
  const leibovici = Float64Array.from(rings, (ring) => {
    ring.forEach((c, z) => (so[z] += c));
    const n = sum(so);
    return n > 0 ? entropy(so.map((c) => c / n)) : NaN;
  });
  const all = sum(so);
  const weight = Float64Array.from(rings, (ring) => sum(ring) / all);
  const partialInformation = Float64Array.from(rings, (ring) => {
    const n = sum(ring);
    return ring.reduce((s, c, z) => (c > 0 ? s + (c / n) * log(((c / n) * all) / so[z]) : s), 0);
  });
  const mutualInformation = partialInformation.reduce((s, v, w) => s + weight[w] * v, 0);
  const total = leibovici[t - 1] ?? NaN;
  return {
    thresholds,
    leibovici,
    entropy: total,
    mutualInformation,
    residual: total - mutualInformation,
    partialInformation,
    weight,
  };
}
