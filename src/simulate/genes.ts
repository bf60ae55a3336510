import { type Rng, stream } from "../core/rng.ts";
import { cos, exp, log, PI, sin } from "../kernels/math.ts";
import { normal, shuffle } from "../kernels/random.ts";
import { cellTypes, mitochondrialGenes, silentPairs, talkingPairs } from "./catalog.ts";
import type { Layout, Parameters } from "./difficulty.ts";

/** Why a gene varies: a planted spatial pattern, its cell type, its module, or not at all. */
export type GeneClass = "planted" | "cell-type" | "module" | "null";

/** One gene's rule. `target` is the cell type or module it rises in, or the number of its pattern; -1 for null genes. */
export interface Gene {
  readonly name: string;
  readonly class: GeneClass;
  readonly target: number;
  /** Ratio of expression where it is up to where it is not; 1 for null genes. */
  readonly fold: number;
  /** Relative expression where it is not up. */
  readonly base: number;
}

/** A smooth pattern over the tissue, from 0 to 1. */
export interface Pattern {
  readonly kind: "gradient" | "hotspot" | "stripes";
  readonly at: (u: number, v: number) => number;
}

/** A ligand and its receptor, planted between two types or null. */
export interface Pair {
  readonly ligand: string;
  readonly receptor: string;
  /** Index of the sending and receiving type; -1 for null pairs. */
  readonly sender: number;
  readonly receiver: number;
}

/** Every gene's rule, in the order of the matrix, with the patterns and pairs they refer to. */
export interface Program {
  readonly genes: readonly Gene[];
  readonly patterns: readonly Pattern[];
  readonly pairs: readonly Pair[];
}

/** Genes per type, module and planted pattern in a tissue of 600 genes or more; smaller panels have fewer in proportion. */
const PER_TYPE = 16;
const PER_MODULE = 10;
const PLANTED = 24;
const PLANTED_PAIRS = 12;
const NULL_PAIRS = 24;

/** Chooses every gene's class, target and expression, and puts the genes in random order. */
export function writeProgram(
  seed: number,
  size: number,
  types: number,
  modules: number,
  layout: Layout,
  parameters: Parameters,
): Program {
  const rng = stream(seed, 2, 0);
  const share = Math.min(1, size / 600);
  const count = (full: number): number => Math.max(1, Math.round(full * share));
  const kinds = cellTypes.slice(0, types).map((t) => t.name);
  const planted = talkingPairs
    .map((p) => ({ ...p, sender: kinds.indexOf(p.sender), receiver: kinds.indexOf(p.receiver) }))
    .filter((p) => p.sender >= 0 && p.receiver >= 0)
    .slice(0, count(PLANTED_PAIRS));
  const silent = silentPairs.slice(0, count(NULL_PAIRS)).map((p) => ({ ...p, sender: -1, receiver: -1 }));

  const genes: Gene[] = [];
  let fillers = 0;
  const filler = (): string => `GENE${String(++fillers).padStart(4, "0")}`;
  /** Genes whose truth matters are never among the faintest: at least half the typical gene. */
  const add = (name: string, kind: GeneClass, target: number, fold: number, least: number = 0.5): void => {
    genes.push({ name, class: kind, target, fold, base: Math.max(least, exp(0.9 * normal(rng))) });
  };

  for (let t = 0; t < types; t++) {
    for (let k = 0; k < count(PER_TYPE); k++) {
      add(cellTypes[t].markers[k] ?? filler(), "cell-type", t, varied(rng, parameters.typeFold));
    }
  }
  for (const pair of planted) {
    add(pair.ligand, "cell-type", pair.sender, parameters.typeFold);
    add(pair.receptor, "cell-type", pair.receiver, parameters.typeFold);
  }
  for (let m = 0; m < modules; m++) {
    for (let k = 0; k < count(PER_MODULE); k++)
      add(filler(), "module", m, varied(rng, parameters.moduleFold));
  }
  const patterns = Array.from({ length: count(PLANTED) }, (_, k) => drawPattern(stream(seed, 2, 1, k), k));
  patterns.forEach((_, k) => add(filler(), "planted", k, parameters.plantedFold, 2));
  for (const pair of silent) {
    add(pair.ligand, "null", -1, 1);
    add(pair.receptor, "null", -1, 1);
  }
  if (layout === "visium") for (const name of mitochondrialGenes) add(name, "null", -1, 1, 3);
  while (genes.length < size) add(filler(), "null", -1, 1, 0);
  return { genes: shuffle(rng, genes), patterns, pairs: [...planted, ...silent] };
}

/** A fold spread around the given one: between its square root and its power of 1.5. */
function varied(rng: Rng, fold: number): number {
  return exp(log(fold) * (0.5 + rng.uniform()));
}

function drawPattern(rng: Rng, k: number): Pattern {
  const angle = 2 * PI * rng.uniform();
  const along = (u: number, v: number): number => u * cos(angle) + v * sin(angle);
  if (k % 3 === 0) {
    return { kind: "gradient", at: (u, v) => Math.min(1, Math.max(0, 0.5 + 0.6 * along(u, v))) };
  }
  if (k % 3 === 1) {
    const from = 0.55 * Math.sqrt(rng.uniform());
    const around = 2 * PI * rng.uniform();
    const center = { u: from * cos(around), v: from * sin(around) };
    const width = 0.3 + 0.15 * rng.uniform();
    return {
      kind: "hotspot",
      at: (u, v) =>
        exp((-(u - center.u) * (u - center.u) - (v - center.v) * (v - center.v)) / (2 * width * width)),
    };
  }
  const turns = PI * (1.5 + 1.5 * rng.uniform());
  const phase = 2 * PI * rng.uniform();
  return { kind: "stripes", at: (u, v) => 0.5 + 0.5 * sin(turns * along(u, v) + phase) };
}
