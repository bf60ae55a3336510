import { boolean, checkOptions, literal, either, number, oneOf } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { cos, exp, PI, pow } from "../kernels/math.ts";
import type { Graph } from "../model/index.ts";

export type WeightKernel =
  | "binary"
  | "inverse"
  | "gaussian"
  | "exponential"
  | "uniform"
  | "triangular"
  | "quadratic"
  | "quartic"
  | "tricube"
  | "cosine";

export interface WeighEdgesOptions {
  /** How weight falls with distance; default "binary". */
  readonly kernel?: WeightKernel;
  /**
   * What the kernels from "gaussian" on measure distances by: a length in the unit of the distances, or "adaptive": of each observation
   * the distance of its farthest neighbor.
   */
  readonly bandwidth?: number | "adaptive";
  /** Exponent of "inverse": weight = 1 / distance^power; default 1. */
  readonly power?: number;
  /** Smaller distances count as this much in "inverse"; default 0. */
  readonly minDistance?: number;
  /** Let the weights of each observation's neighbors add up to 1; default false. */
  readonly rowStandardize?: boolean;
}

/** Weight at t bandwidths, all 1 at t = 0. */
const kernels: Readonly<Record<string, (t: number) => number>> = {
  gaussian: (t) => exp((-t * t) / 2),
  exponential: (t) => exp(-t),
  uniform: (t) => (t <= 1 ? 1 : 0),
  triangular: (t) => Math.max(0, 1 - t),
  quadratic: (t) => Math.max(0, 1 - t * t),
  quartic: (t) => Math.max(0, 1 - t * t) * Math.max(0, 1 - t * t),
  tricube: (t) => (t < 1 ? (1 - t * t * t) * (1 - t * t * t) * (1 - t * t * t) : 0),
  cosine: (t) => (t < 1 ? cos((PI * t) / 2) : 0),
};

/**
 * How much does each neighbor count? The same graph with weights that follow its distances d, in bandwidths t = d / h:
 *
 * | kernel | weight |
 * |---|---|
 * | binary | 1 |
 * | inverse | 1 / max(d, minDistance)^power |
 * | gaussian | exp(-t^2 / 2) |
 * | exponential | exp(-t) |
 * | uniform | 1 to t = 1, then 0 |
 * | triangular | 1 - t, and 0 from t = 1 on, as the others below |
 * | quadratic (Epanechnikov) | 1 - t^2 |
 * | quartic (bisquare) | (1 - t^2)^2 |
 * | tricube | (1 - t^3)^3 |
 * | cosine | cos(pi t / 2) |
 *
 * All begin at 1: constants in front (PySAL's) would cancel in any statistic of standardized weights. With bandwidth "adaptive" h is
 * the distance of the observation's farthest neighbor, so that in a `kNearestGraph` it is the k-th nearest. Where all neighbors lie at
 * the observation's own place h is 0, and they weigh 1. Nodes without neighbors keep an empty row; entries of weight 0 stay.
 *
 * @param graph n nodes with distances
 * @returns the graph with new weights; directed where rows are standardized or the bandwidth is adaptive, as i's weight for j is then not j's for i
 * @throws {SpatialError} `input` where "inverse" meets a distance of 0 (observations at one place) without `minDistance`; `option`
 *   where a kernel lacks its bandwidth or an option does not belong to the kernel
 *
 * Cost: one pass over the edges. Checked against liana 1.x Gaussian weights (to single precision).
 *
 * @example
 * ```ts
 * import { kNearestGraph, weighEdges } from "tissular/graph";
 * import { positions } from "tissular/model";
 * const graph = kNearestGraph(positions(Float64Array.of(0, 0, 1, 0, 4, 0), "um", 1), { k: 2 });
 * const { weights } = weighEdges(graph, { kernel: "inverse", rowStandardize: true });
 * if (Math.abs(weights[0] - 0.8) > 1e-6) throw new Error("1 and 1/4, divided by their sum");
 * ```
 */
export function weighEdges(graph: Graph, options: WeighEdgesOptions = {}): Graph {
  checkOptions("weighEdges", options, {
    kernel: oneOf("binary", "inverse", ...Object.keys(kernels)),
    bandwidth: either(number(Number.MIN_VALUE), literal("adaptive")),
    power: number(0),
    minDistance: number(0),
    rowStandardize: boolean(),
  });
  const { kernel = "binary", bandwidth, rowStandardize = false } = options;
  checkKernel(kernel, options);
  const { nodes, indptr, distances } = graph;
  const values = new Float64Array(distances.length);
  if (kernel === "binary") values.fill(1);
  else if (kernel === "inverse") inverse(graph, options, values);
  else {
    const weight = kernels[kernel];
    for (let i = 0; i < nodes; i++) {
      let h = bandwidth === "adaptive" ? 0 : (bandwidth as number);
      for (let e = indptr[i]; bandwidth === "adaptive" && e < indptr[i + 1]; e++)
        h = Math.max(h, distances[e]);
      for (let e = indptr[i]; e < indptr[i + 1]; e++) values[e] = h === 0 ? 1 : weight(distances[e] / h);
    }
  }
  for (let i = 0; rowStandardize && i < nodes; i++) {
    let sum = 0;
    for (let e = indptr[i]; e < indptr[i + 1]; e++) sum += values[e];
    for (let e = indptr[i]; sum > 0 && e < indptr[i + 1]; e++) values[e] /= sum;
  }
  const directed = graph.directed || rowStandardize || bandwidth === "adaptive";
  return { ...graph, directed, weights: Float32Array.from(values) };
}

function checkKernel(kernel: WeightKernel, options: WeighEdgesOptions): void {
  const wrong = (option: string, message: string): never => {
    throw new SpatialError("option", `weighEdges: ${message}`, { subject: option });
  };
  const measured = Object.hasOwn(kernels, kernel);
  if (measured && options.bandwidth === undefined)
    wrong("bandwidth", `kernel "${kernel}" needs a bandwidth: a length, or "adaptive".`);
  if (!measured && options.bandwidth !== undefined)
    wrong("bandwidth", `kernel "${kernel}" has no bandwidth.`);
  for (const option of ["power", "minDistance"] as const)
    if (kernel !== "inverse" && options[option] !== undefined)
      wrong(option, `option "${option}" belongs to kernel "inverse", found kernel "${kernel}".`);
}

function inverse(graph: Graph, options: WeighEdgesOptions, values: Float64Array): void {
  const { power = 1, minDistance = 0 } = options;
  for (let e = 0; e < values.length; e++) {
    const d = Math.max(graph.distances[e], minDistance);
    if (d === 0) {
      throw new SpatialError(
        "input",
        `weighEdges: a distance of 0 has no inverse; found neighbors at one place.`,
        {
          subject: "graph",
          hint: "Give minDistance (the size of a cell, say), or use a kernel with a bandwidth.",
        },
      );
    }
    values[e] = 1 / (power === 1 ? d : pow(d, power));
  }
}
