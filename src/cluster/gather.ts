import { log, LN2 } from "../kernels/math.ts";
import type { RunOptions } from "../core/progress.ts";
import { type Call, threadsFor, withThreads } from "../kernels/wasm/threads.ts";
import type { Points } from "./tied.ts";

/** Points of a call, and calls whose sums are kept at a time. */
const BLOCK = 1024;
const SLOTS = 128;
/** Points x groups x dimensions of a round from which threads are worth their while. */
const THREADED = 262144;

/** What is asked of all points: who is nearest, or by which shares they belong to groups of these log-odds x . slope + offset. */
export interface Look {
  readonly points: Points;
  /** k x d: centers, or slopes */
  readonly rows: Float64Array;
  /** length k; null where the nearest center counts */
  readonly offsets: Float64Array | null;
}

/** Sums over all points. */
export interface Sums {
  /** length k: of the shares */
  readonly mass: Float64Array;
  /** k x d: of share times point */
  readonly sums: Float64Array;
  /** of log(sum of e^(x . slope + offset)) */
  readonly logs: number;
}

/** Looks at all points, once for each of several looks; `looks` are of one kind. */
export type Gather = (looks: readonly Look[]) => Promise<Sums[]>;

/**
 * Runs `work` with points of d dimensions where threads reach them; it may take up to `most` looks at a time at k groups each. Sums
 * are over blocks of a fixed size, in order, so that they have the same bits on any number of threads.
 */
export async function withGather<T>(
  all: readonly Points[],
  k: number,
  most: number,
  run: RunOptions,
  work: (gather: Gather) => Promise<T>,
): Promise<T> {
  const d = all[0].d;
  const places = [...new Set(all)];
  const quads = places.map(({ n }) => Math.ceil(n / 4));
  const room = 6 + 2 * k * (d + 1);
  const largest = Math.max(...places.map(({ n }) => n));
  const threads = largest * most * k * d < THREADED ? 1 : run.threads;
  const fixed = 4 * d * quads.reduce((a, b) => a + b, 0) + most * k * (d + 1) + SLOTS * room;
  return await withThreads(
    8 * (fixed + 4 * k * threadsFor({ threads })),
    { signal: run.signal, threads },
    async (arena) => {
      const address = new Map(
        places.map((points, t) => [points, inQuads(points, arena.f64(4 * d * quads[t]))]),
      );
      const rows = arena.f64(most * k * d);
      const offsets = arena.f64(most * k);
      const scores = arena.f64(4 * k * arena.threads);
      const out = arena.f64(SLOTS * room);
      return work(async (looks) => {
        const sums = looks.map((look) => {
          const groups = look.rows.length / d;
          return { mass: new Float64Array(groups), sums: new Float64Array(groups * d), logs: 0 };
        });
        for (const [t, look] of looks.entries()) {
          rows.set(look.rows, t * k * d);
          if (look.offsets !== null) offsets.set(look.offsets, t * k);
        }
        let calls: Call[] = [];
        let of: number[] = [];
        const flush = async (): Promise<void> => {
          if (looks[0]?.offsets === null) await arena.spread(null, "gatherNearest", calls);
          else await arena.spread(null, "gatherShares", calls, { 8: 32 * k });
          of.forEach((t, slot) => add(sums[t], out.subarray(slot * room, (slot + 1) * room), d));
          calls = [];
          of = [];
        };
        for (const [t, { points }] of looks.entries()) {
          for (let from = 0; from < points.n; from += BLOCK) {
            const to = Math.min(points.n, from + BLOCK);
            const groups = sums[t].mass.length;
            const before = [from / 4, Math.ceil(to / 4), points.n, d, groups, address.get(points)!];
            const center = rows.byteOffset + 8 * t * k * d;
            const result = out.byteOffset + 8 * of.length * room;
            calls.push(
              looks[t].offsets === null
                ? [...before, center, result]
                : [...before, center, offsets.byteOffset + 8 * t * k, scores.byteOffset, result],
            );
            of.push(t);
            if (of.length === SLOTS) await flush();
          }
        }
        await flush();
        return sums;
      });
    },
  );
}

/** Writes coordinate c of point i at 4 (d floor(i / 4) + c) + i % 4; the address. */
function inQuads({ n, d, data }: Points, to: Float64Array): number {
  for (let i = 0; i < n; i++)
    for (let c = 0; c < d; c++) to[4 * (d * (i >> 2) + c) + (i & 3)] = data[i * d + c];
  return to.byteOffset;
}

/** Adds what a call put out, two lanes of each number. */
function add(
  total: { mass: Float64Array; sums: Float64Array; logs: number },
  out: Float64Array,
  d: number,
): void {
  for (const lane of [0, 1])
    if (out[2 + lane] > 0) total.logs += out[lane] + log(out[2 + lane]) + LN2 * out[4 + lane];
  let at = 6;
  for (let g = 0; g < total.mass.length; g++) {
    total.mass[g] += out[at] + out[at + 1];
    at += 2;
    for (let c = g * d; c < (g + 1) * d; c++, at += 2) total.sums[c] += out[at] + out[at + 1];
  }
}
