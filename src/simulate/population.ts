import { stream } from "../core/rng.ts";
import { cos, exp, PI, sin } from "../kernels/math.ts";
import { choose, dirichlet, normal, poisson, shuffle } from "../kernels/random.ts";
import type { Anatomy } from "./anatomy.ts";
import type { Layout, Parameters } from "./difficulty.ts";
import { type Places, SPOT_RADIUS } from "./observations.ts";

/** Mean number of cells under a Visium spot. */
const CELLS_PER_SPOT = 8;

/** Which cells each observation holds. */
export interface Population {
  /** true module at the middle of each observation; length n */
  readonly module: Int32Array;
  /** its most frequent cell type; length n */
  readonly type: Int32Array;
  /** how many cells it holds; length n */
  readonly cells: Int32Array;
  /** share of each type among its cells; length n * types, row-major */
  readonly typeShare: Float64Array;
  /** share of each module among its cells; length n * modules, row-major */
  readonly moduleShare: Float64Array;
  /** expected molecules relative to the mean observation; length n */
  readonly size: Float64Array;
  /** um^2; length n */
  readonly cellArea: Float64Array;
  readonly nucleusArea: Float64Array;
}

/**
 * Draws each observation's cells. A cell's module is where it lies, so a spot on a border mixes both sides; its type
 * follows the module's composition: (1 - mixing) its two residents + mixing the tissue-wide mix.
 */
export function populate(
  seed: number,
  layout: Layout,
  types: number,
  modules: number,
  parameters: Parameters,
  anatomy: Anatomy,
  places: Places,
): Population {
  const n = places.ids.length;
  const composition = compose(seed, types, modules, parameters.mixing);
  const module = new Int32Array(n);
  const type = new Int32Array(n);
  const cells = new Int32Array(n);
  const typeShare = new Float64Array(n * types);
  const moduleShare = new Float64Array(n * modules);
  const size = new Float64Array(n);
  const cellArea = new Float64Array(n);
  const nucleusArea = new Float64Array(n);
  const spots = layout === "visium";
  const spread = spots ? SPOT_RADIUS / places.radius : 0;

  for (let i = 0; i < n; i++) {
    const rng = stream(seed, 4, 1, i);
    const u = places.uv[2 * i];
    const v = places.uv[2 * i + 1];
    const held = spots ? 1 + poisson(rng, CELLS_PER_SPOT - 1) : 1;
    for (let c = 0; c < held; c++) {
      const angle = 2 * PI * rng.uniform();
      const from = spread * Math.sqrt(rng.uniform());
      const m = anatomy.moduleAt(u + from * cos(angle), v + from * sin(angle));
      const t = choose(rng, composition[m]);
      moduleShare[i * modules + m] += 1 / held;
      typeShare[i * types + t] += 1 / held;
    }
    module[i] = anatomy.moduleAt(u, v);
    for (let t = 1; t < types; t++)
      if (typeShare[i * types + t] > typeShare[i * types + type[i]]) type[i] = t;
    cells[i] = held;
    const variance = parameters.depthSpread * parameters.depthSpread;
    size[i] = exp(parameters.depthSpread * normal(rng) - variance / 2);
    cellArea[i] = Math.round(1e4 * 90 * exp(0.3 * normal(rng))) / 1e4;
    nucleusArea[i] = Math.round(1e4 * cellArea[i] * (0.2 + 0.2 * rng.uniform())) / 1e4;
  }
  return { module, type, cells, typeShare, moduleShare, size, cellArea, nucleusArea };
}

/** Share of each type in each module: modules x types. Every module has a first resident and a second one. */
function compose(seed: number, types: number, modules: number, mixing: number): readonly Float64Array[] {
  const rng = stream(seed, 4, 0);
  const common = dirichlet(rng, new Float64Array(types).fill(10));
  const residents = shuffle(
    rng,
    Uint8Array.from({ length: types }, (_, t) => t),
  );
  return Array.from({ length: modules }, (_, m) => {
    const shares = common.map((s) => mixing * s);
    shares[residents[m % types]] += 0.65 * (1 - mixing);
    shares[residents[(m + modules) % types]] += 0.35 * (1 - mixing);
    return shares;
  });
}
