import { checkOptions, integer, runRules } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { stream } from "../core/rng.ts";
import { type Passes, runBlocked, runInMemory } from "../kernels/passes.ts";
import { shuffle } from "../kernels/random.ts";
import {
  type BlockedMatrix,
  type Expression,
  type Matrix,
  requireValues,
  type Sparse,
} from "../model/index.ts";

export interface ScoreGenesOptions {
  /** Control genes drawn from each bin that has a gene of the set; default 50. */
  readonly controls?: number;
  /** Bins of equally many genes by mean expression; default 25. */
  readonly bins?: number;
  readonly seed?: number;
}

export interface ScoreGenesResult {
  /** length n; NaN where no control gene is left */
  readonly score: Float64Array;
  /** columns of the control genes, ascending */
  readonly controls: Uint32Array;
  readonly params: { readonly controls: number; readonly bins: number; readonly seed: number };
}

/**
 * How strongly does each cell express a set of genes, beyond what genes of like abundance do?
 *
 * score_i = mean over the set of x_ij - mean over control genes of x_ij. Genes are put into bins by their mean; for every bin that
 * has a gene of the set, `controls` other genes are drawn, all where there are fewer (Tirosh et al. 2016,
 * doi:10.1126/science.aad0501). Hypoxia, proliferation and cell-type programs are scored this way. Cost: two passes over the stored
 * entries. Checked against scanpy's `score_genes`, which draws from the set too and drops what it drew.
 *
 * @param x n cells x p genes, log values
 * @param genes columns of the set; each counts once
 * @throws {SpatialError} `values` for counts; `input` for an empty set or a column that is not there
 *
 * @example
 * ```ts
 * import { scoreGenes } from "tissular/annotate";
 * import { dense, expression, toSparse } from "tissular/model";
 * const x = expression(toSparse(dense(2, 4, Float32Array.of(3, 3, 1, 1, 1, 1, 3, 3))), "log");
 * const { score, controls } = scoreGenes(x, [0, 1], { bins: 2 });
 * if (controls.join() !== "2,3" || score.join() !== "2,-2") throw new Error("up in the first, down in the second");
 * ```
 */
export function scoreGenes(
  x: Expression<Sparse>,
  genes: ArrayLike<number>,
  options: ScoreGenesOptions = {},
): ScoreGenesResult {
  checkOptions("scoreGenes", options, rules);
  return runInMemory(x, scored("scoreGenes", x, genes, options));
}

/**
 * `scoreGenes` of a matrix that is read in blocks: the same scores in two passes, in the memory of one block.
 *
 * @throws {SpatialError} as `scoreGenes`; `aborted`
 *
 * @example
 * ```ts
 * import { scoreGenesBlocked } from "tissular/annotate";
 * import { dense, expression, toBlocked, toSparse } from "tissular/model";
 * const x = toBlocked(expression(toSparse(dense(2, 4, Float32Array.of(3, 3, 1, 1, 1, 1, 3, 3))), "log"));
 * if ((await scoreGenesBlocked(x, [0, 1], { bins: 2 })).score.join() !== "2,-2") throw new Error("the same");
 * ```
 */
export async function scoreGenesBlocked(
  x: Expression<BlockedMatrix>,
  genes: ArrayLike<number>,
  options: ScoreGenesOptions & RunOptions = {},
): Promise<ScoreGenesResult> {
  checkOptions("scoreGenesBlocked", options, { ...rules, ...runRules });
  return runBlocked("score genes", x, scored("scoreGenesBlocked", x, genes, options), options);
}

const rules = { controls: integer(1), bins: integer(2), seed: integer() };

function* scored(
  verb: string,
  x: Expression<Matrix>,
  genes: ArrayLike<number>,
  { controls: most = 50, bins = 25, seed = 0 }: ScoreGenesOptions,
): Passes<ScoreGenesResult> {
  requireValues(verb, x, "log", "normalized", "scaled");
  if (genes.length === 0) {
    throw new SpatialError("input", `${verb} needs at least one gene, found none.`, {
      subject: "genes",
      hint: "Are the names spelled as in the sample? geneNames(dataset.genes) lists them.",
    });
  }
  const inSet = membership(genes, x.cols);
  const sums = new Float64Array(x.cols);
  yield ({ indices, data }) => {
    for (let e = 0; e < data.length; e++) sums[indices[e]] += data[e];
  };
  const controls = chooseControls(sums, inSet, most, bins, seed);
  const ofControls = membership(controls, x.cols);
  const size = inSet.reduce((count, is) => count + is, 0);
  const score = new Float64Array(x.rows);
  yield ({ rows, indptr, indices, data }, start) => {
    for (let i = 0; i < rows; i++) {
      let [own, other] = [0, 0];
      for (let e = indptr[i]; e < indptr[i + 1]; e++) {
        own += inSet[indices[e]] * data[e];
        other += ofControls[indices[e]] * data[e];
      }
      score[start + i] = own / size - other / controls.length;
    }
  };
  return { score, controls, params: { controls: most, bins, seed } };
}

/** 1 for the columns named, length p. */
function membership(columns: ArrayLike<number>, p: number): Uint8Array {
  const is = new Uint8Array(p);
  for (let k = 0; k < columns.length; k++) {
    if (!(columns[k] >= 0 && columns[k] < p && Number.isInteger(columns[k]))) {
      throw new SpatialError("input", `Genes must be columns below ${p}, found ${columns[k]}.`, {
        subject: "genes",
      });
    }
    is[columns[k]] = 1;
  }
  return is;
}

/** Genes outside the set from each bin that has one of the set. */
function chooseControls(
  sums: Float64Array,
  inSet: Uint8Array,
  most: number,
  bins: number,
  seed: number,
): Uint32Array {
  const perBin = Math.max(1, Math.round(sums.length / (bins - 1)));
  const bin = lowestRanks(sums).map((place) => Math.floor((place + 1) / perBin));
  const chosen: number[] = [];
  for (const b of [...new Set(bin.filter((_, j) => inSet[j] === 1))].sort((a, c) => a - c)) {
    const others = Array.from(bin.keys()).filter((j) => bin[j] === b && inSet[j] === 0);
    if (others.length > most) shuffle(stream(seed, b), others);
    chosen.push(...others.slice(0, most));
  }
  return Uint32Array.from(chosen).sort();
}

/** How many values are smaller, for each value. */
function lowestRanks(values: Float64Array): Uint32Array {
  const sorted = values.slice().sort();
  const first = new Map<number, number>();
  sorted.forEach((v, at) => first.has(v) || first.set(v, at));
  return Uint32Array.from(values, (v) => first.get(v)!);
}
