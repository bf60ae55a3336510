import { breathe, checkAborted, forEachBlock, type RunOptions } from "../core/progress.ts";
import { type Rng, stream } from "../core/rng.ts";
import { symmetricEigen } from "../kernels/linalg.ts";
import { cos, PI, sin } from "../kernels/math.ts";
import { type Call, ranges, type ThreadArena, withThreads } from "../kernels/wasm/threads.ts";
import type { Graph } from "../model/index.ts";

/** Vectors carried along; more than the three wanted, so that these separate from the rest quickly. */
const BLOCK = 8;
/** Rows that a call goes over (about 1 ms), and stored entries from which several threads do. */
const ROWS = 2048;
const THREADED = 65536;
/** Degree of the polynomial that lifts the wanted end of the spectrum, and how often it is applied. */
const DEGREE = 20;
const ROUNDS = 5;
/** Nodes of a block: some 10 ms. */
const NODES = 16384;
/** Smaller components lie on a circle: they have no two directions of their own. */
const SMALLEST = 10;
/** 2 pi (1 - 1 / golden ratio): successive turns fill a disc evenly. */
const GOLDEN_ANGLE = 2.399963229728653;

/**
 * A first layout of a graph, n x 2: within each connected component the second and third eigenvectors of the normalized
 * adjacency D^-1/2 W D^-1/2, approximated by Chebyshev-filtered subspace iteration; components lie side by side, largest
 * in the middle, each on an area in proportion to its size.
 */
export async function spectralLayout(graph: Graph, seed: number, run: RunOptions): Promise<Float64Array> {
  const layout = new Float64Array(graph.nodes * 2);
  const parts = components(graph);
  const local = new Uint32Array(graph.nodes);
  let placed = 0;
  for (let c = 0; c < parts.length; c++) {
    await breathe();
    checkAborted(run.signal);
    const nodes = parts[c];
    const size = nodes.length;
    const own =
      size < SMALLEST ? circle(size) : await eigenvectors(graph, nodes, local, stream(seed, 1, c), run);
    let widest = 0;
    for (const v of own) widest = Math.max(widest, Math.abs(v));
    const scale = widest > 0 ? (0.5 * Math.sqrt(size)) / widest : 0;
    const radius = c === 0 ? 0 : Math.sqrt(placed + size / 2);
    for (let t = 0; t < size; t++) {
      layout[nodes[t] * 2] = radius * cos(c * GOLDEN_ANGLE) + own[t * 2] * scale;
      layout[nodes[t] * 2 + 1] = radius * sin(c * GOLDEN_ANGLE) + own[t * 2 + 1] * scale;
    }
    placed += size;
  }
  return layout;
}

/** The nodes of each connected component, ascending; largest component first, then by first node. */
function components({ nodes, indptr, indices }: Graph): Uint32Array[] {
  const found: Uint32Array[] = [];
  const seen = new Uint8Array(nodes);
  const queue = new Uint32Array(nodes);
  for (let first = 0; first < nodes; first++) {
    if (seen[first] === 1) continue;
    seen[first] = 1;
    queue[0] = first;
    let length = 1;
    for (let at = 0; at < length; at++) {
      for (let e = indptr[queue[at]]; e < indptr[queue[at] + 1]; e++) {
        if (seen[indices[e]] === 1) continue;
        seen[indices[e]] = 1;
        queue[length++] = indices[e];
      }
    }
    found.push(queue.slice(0, length).sort());
  }
  return found.sort((x, y) => y.length - x.length || x[0] - y[0]);
}

function circle(size: number): Float64Array {
  const points = new Float64Array(size * 2);
  for (let t = 0; t < size && size > 1; t++) {
    points[t * 2] = cos((2 * PI * t) / size);
    points[t * 2 + 1] = sin((2 * PI * t) / size);
  }
  return points;
}

/** D^-1/2 W D^-1/2 of one component, in the arena. */
interface Adjacency {
  readonly size: number;
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
  readonly data: Float32Array;
}

/** `local` is room for each node's number within its component. */
async function adjacency(
  graph: Graph,
  nodes: Uint32Array,
  local: Uint32Array,
  arena: ThreadArena,
  signal: AbortSignal | undefined,
): Promise<Adjacency> {
  const size = nodes.length;
  const indptr = arena.u32(size + 1);
  const root = new Float64Array(size);
  const count = (from: number, to: number): void => {
    for (let t = from; t < to; t++) {
      local[nodes[t]] = t;
      const [start, end] = [graph.indptr[nodes[t]], graph.indptr[nodes[t] + 1]];
      indptr[t + 1] = indptr[t] + end - start;
      let degree = 0;
      for (let e = start; e < end; e++) degree += graph.weights[e];
      root[t] = Math.sqrt(degree);
    }
  };
  await forEachBlock("UMAP", size, NODES, count, { signal });
  const indices = arena.u32(indptr[size]);
  const data = arena.f32(indptr[size]);
  const fill = (from: number, to: number): void => {
    for (let t = from; t < to; t++) {
      let m = indptr[t];
      for (let e = graph.indptr[nodes[t]]; e < graph.indptr[nodes[t] + 1]; e++) {
        indices[m] = local[graph.indices[e]];
        data[m] = graph.weights[e] / (root[t] * root[indices[m]]);
        m++;
      }
    }
  };
  await forEachBlock("UMAP", size, NODES, fill, { signal });
  return { size, indptr, indices, data };
}

/** The second and third eigenvectors from the top of a component's adjacency, interleaved: length 2 n. */
async function eigenvectors(
  graph: Graph,
  nodes: Uint32Array,
  local: Uint32Array,
  rng: Rng,
  run: RunOptions,
): Promise<Float64Array> {
  const n = nodes.length;
  let entries = 0;
  for (const i of nodes) entries += graph.indptr[i + 1] - graph.indptr[i];
  const bytes = 4 * (n + 1 + 2 * entries) + 8 * BLOCK * (2 * n + 3 * BLOCK);
  return withThreads(bytes, { ...run, threads: entries < THREADED ? 1 : run.threads }, async (arena) => {
    const a = await adjacency(graph, nodes, local, arena, run.signal);
    let block = arena.f64(n * BLOCK);
    let spare = arena.f64(n * BLOCK);
    const small = arena.f64(3 * BLOCK * BLOCK);
    for (let t = 0; t < block.length; t++) block[t] = rng.uniform() - 0.5;
    let cut = 0.9;
    for (let round = 0; round < ROUNDS; round++) {
      [block, spare] = await filtered(arena, a, block, spare, cut);
      const least = await toRitzVectors(arena, a, block, spare, small);
      // What lies below the least value carried along is unwanted.
      cut = Math.min(0.999, Math.max(0, least));
    }
    const pair = new Float64Array(n * 2);
    for (let i = 0; i < n; i++) {
      pair[i * 2] = block[i * BLOCK + 1];
      pair[i * 2 + 1] = block[i * BLOCK + 2];
    }
    return pair;
  });
}

/** Writes factor (a x - center x) / half - out, or without the last. */
function applied(
  arena: ThreadArena,
  { size, indptr, indices, data }: Adjacency,
  x: Float64Array,
  out: Float64Array,
  [factor, center, half]: readonly [number, number, number],
  minusOut: boolean,
): Promise<void> {
  const matrix = [indptr.byteOffset, indices.byteOffset, data.byteOffset, factor, center, half];
  const before = minusOut ? out.byteOffset : 0;
  const calls = ranges(size, ROWS).map(([from, to]) => [
    from,
    to,
    ...matrix,
    x.byteOffset,
    before,
    out.byteOffset,
  ]);
  return arena.spread(null, "filterRows", calls);
}

/** T_m(a) applied to the block, T_m the Chebyshev polynomial on [-1, cut]: small there, growing fast above; and a spare block. */
async function filtered(
  arena: ThreadArena,
  a: Adjacency,
  block: Float64Array,
  spare: Float64Array,
  cut: number,
): Promise<[Float64Array, Float64Array]> {
  const center = (cut - 1) / 2;
  const half = (cut + 1) / 2;
  let [before, now] = [block, spare];
  await applied(arena, a, before, now, [1, center, half], false);
  for (let degree = 2; degree <= DEGREE; degree++) {
    await applied(arena, a, now, before, [2, center, half], true);
    [before, now] = [now, before];
  }
  return [now, before];
}

/**
 * Puts the best approximations of eigenvectors within the span of the columns of y in their place, in descending order of their
 * values, of which the least is returned.
 */
async function toRitzVectors(
  arena: ThreadArena,
  a: Adjacency,
  y: Float64Array,
  image: Float64Array,
  small: Float64Array,
): Promise<number> {
  const k = BLOCK;
  await applied(arena, a, y, image, [1, 0, 1], false);
  const [within, across, combine] = [0, 1, 2].map((t) => small.subarray(t * k * k, (t + 1) * k * k));
  const calls = Array.from({ length: k }, (_, t): Call => {
    const [other, out] = t < k / 2 ? [y, within] : [image, across];
    return [a.size, (2 * t) % k, y.byteOffset, other.byteOffset, out.byteOffset];
  });
  await arena.spread(null, "crossRows", calls);
  const gram = symmetricEigen(within.slice(), k);
  // Columns of `whiten` make orthonormal combinations of y; directions that rounding has emptied count for nothing.
  const whiten = new Float64Array(k * k);
  for (let c = 0; c < k; c++) {
    if (!(gram.values[c] > 1e-12 * gram.values[0])) continue;
    for (let r = 0; r < k; r++) whiten[r * k + c] = gram.vectors[c * k + r] / Math.sqrt(gram.values[c]);
  }
  const inner = times(transposed(whiten), times(across, whiten));
  const { values, vectors } = symmetricEigen(inner, k);
  combine.set(times(whiten, transposed(vectors)));
  await arena.spread(
    null,
    "combineRows",
    ranges(a.size, ROWS).map(([from, to]) => [from, to, y.byteOffset, combine.byteOffset]),
  );
  return values[k - 1];
}

function times(x: Float64Array, y: Float64Array): Float64Array {
  const k = BLOCK;
  const out = new Float64Array(k * k);
  for (let r = 0; r < k; r++)
    for (let t = 0; t < k; t++) for (let c = 0; c < k; c++) out[r * k + c] += x[r * k + t] * y[t * k + c];
  return out;
}

function transposed(x: Float64Array): Float64Array {
  const k = BLOCK;
  return Float64Array.from({ length: k * k }, (_, t) => x[(t % k) * k + Math.floor(t / k)]);
}
