import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { exactNeighbors } from "../../src/kernels/nearest.ts";
import { dense, type Dense, type Sparse } from "../../src/model/index.ts";
import { affinities } from "../../src/reduce/affinities.ts";
import { alongCurve } from "../../src/reduce/curve.ts";
import { type Gradient, withGradient } from "../../src/reduce/gradient.ts";
import { tsne } from "../../src/reduce/tsne.ts";
import { readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";
import { trustworthiness } from "./trustworthiness.ts";

interface Peer {
  readonly perplexity: number;
  readonly klDivergence: number[];
  readonly trustworthiness: number[];
  readonly firstRow: { readonly indices: number[]; readonly p: number[] };
}
const fixture = JSON.parse(readFileSync(new URL("../fixtures/tsne.json", import.meta.url), "utf8")) as {
  dims: number;
  points: number[];
  sets: Record<"own" | "toy" | "pbmc", Peer>;
};
const own = dense(150, fixture.dims, Float64Array.from(fixture.points));

const core = (file: string, array: string): Dense => {
  const { shape, data } = readNpz(join(oracles!, "core", file))[array];
  return dense(shape[0], shape[1], Float64Array.from(data as Float64Array));
};

function cloud(n: number, dims: number, seed: number): Dense {
  const rng = stream(seed, 6);
  return dense(
    n,
    dims,
    Float32Array.from({ length: n * dims }, (_, t) => rng.uniform() + (t % (7 * dims) < dims ? 3 : 0)),
  );
}

const picked = async (points: Dense, k: number, perplexity: number): Promise<Sparse> =>
  affinities(await exactNeighbors(points, k), points.rows, perplexity, {});

describe("tsne agrees with scikit-learn", () => {
  for (const [name, points] of [
    ["own", () => own],
    ["toy", () => core("neighbors.npz", "rep")],
    ["pbmc", () => core("pbmc_hvg_pca_nn.npz", "X_pca")],
  ] as const) {
    it.skipIf(name !== "own" && oracles === null)(`on ${name}`, async () => {
      const peer = fixture.sets[name];
      const { perplexity } = peer;
      const p = await picked(points(), 3 * perplexity, perplexity);
      expect(Array.from(p.indices.subarray(0, p.indptr[1]))).toEqual(peer.firstRow.indices);
      peer.firstRow.p.forEach((v, t) => expect(Math.abs(p.data[t] / v - 1)).toBeLessThan(1e-3));

      const { embedding, klDivergence } = await tsne(points(), { perplexity });
      // Runs end in different valleys: the peer's three differ by as much.
      expect(klDivergence).toBeLessThan(Math.max(...peer.klDivergence) + 0.01);
      expect(trustworthiness(points(), embedding, 15)).toBeGreaterThan(
        Math.min(...peer.trustworthiness) - 0.01,
      );
    });
  }
});

describe("tsne by brute force", () => {
  it("meets the perplexity for each point", async () => {
    const [n, k, perplexity] = [150, 45, 15];
    const nearest = await exactNeighbors(own, k);
    const p = await picked(own, k, perplexity);
    const both = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      const squares = Array.from(nearest.distances.subarray(i * k, (i + 1) * k), (d) => d * d);
      let [low, high] = [0, 1e6];
      let row: number[] = [];
      for (let step = 0; step < 200; step++) {
        const b = (low + high) / 2;
        const raw = squares.map((s) => Math.exp(-b * (s - squares[0])));
        const sum = raw.reduce((x, y) => x + y);
        row = raw.map((v) => v / sum);
        const entropy = -row.reduce((h, v) => h + (v > 0 ? v * Math.log(v) : 0), 0);
        if (entropy > Math.log(perplexity)) low = b;
        else high = b;
      }
      row.forEach((v, t) => {
        both[i * n + nearest.indices[i * k + t]] += v / (2 * n);
        both[nearest.indices[i * k + t] * n + i] += v / (2 * n);
      });
    }
    let listed = 0;
    for (let i = 0; i < n; i++) {
      for (let e = p.indptr[i]; e < p.indptr[i + 1]; e++) {
        const want = both[i * n + p.indices[e]];
        expect(Math.abs(p.data[e] - want)).toBeLessThan(1e-4 * want + 1e-12);
        listed += want;
      }
    }
    expect(listed).toBeCloseTo(1, 6);
  });

  it("has the exact gradient up to the angle under which groups count as one", async () => {
    const points = cloud(600, 4, 2);
    const p = await picked(points, 30, 10);
    const n = 600;
    const rng = stream(9);
    const layout = Float32Array.from({ length: 2 * n }, () => (rng.uniform() + rng.uniform()) * 20);
    const pulls = new Float64Array(2 * n);
    const pushes = new Float64Array(2 * n);
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const away = (j: number): [number, number, number] => {
        const [dx, dy] = [layout[2 * i] - layout[2 * j], layout[2 * i + 1] - layout[2 * j + 1]];
        return [dx, dy, 1 / (1 + dx * dx + dy * dy)];
      };
      for (let j = 0; j < n; j++) {
        if (j === i) continue;
        const [dx, dy, w] = away(j);
        sum += w;
        pushes[2 * i] += w * w * dx;
        pushes[2 * i + 1] += w * w * dy;
      }
      for (let e = p.indptr[i]; e < p.indptr[i + 1]; e++) {
        const [dx, dy, w] = away(p.indices[e]);
        pulls[2 * i] += p.data[e] * w * dx;
        pulls[2 * i + 1] += p.data[e] * w * dy;
      }
    }
    const error = (got: Float32Array, want: Float64Array): number => {
      let [off, all] = [0, 0];
      for (let t = 0; t < 2 * n; t++) {
        off += (got[t] - want[t]) ** 2;
        all += want[t] ** 2;
      }
      return Math.sqrt(off / all);
    };
    const at = (angle: number): Promise<[number, number, number]> =>
      withGradient(p, layout, {}, async (gradient: Gradient) => {
        const got = await gradient.evaluate(angle);
        const forces = gradient.forces();
        expect(gradient.layout()).toEqual(layout);
        return [error(forces.pulls, pulls), error(forces.pushes, pushes), Math.abs(got / sum - 1)];
      });
    const [pull, push, total] = await at(1e-6);
    expect(pull).toBeLessThan(1e-5);
    expect(push).toBeLessThan(1e-5);
    expect(total).toBeLessThan(1e-5);
    const [, coarse, off] = await at(0.5);
    expect(coarse).toBeGreaterThan(1e-5);
    expect(coarse).toBeLessThan(0.02);
    expect(off).toBeLessThan(0.01);
  });

  it("says the divergence of its layout", async () => {
    const [n, perplexity] = [150, 15];
    const { embedding, klDivergence } = await tsne(own, { perplexity, iterations: 100 });
    const p = await picked(own, 3 * perplexity, perplexity);
    const w = (i: number, j: number): number =>
      1 /
      (1 +
        (embedding.data[2 * i] - embedding.data[2 * j]) ** 2 +
        (embedding.data[2 * i + 1] - embedding.data[2 * j + 1]) ** 2);
    let sum = -n;
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) sum += w(i, j);
    let want = 0;
    for (let i = 0; i < n; i++)
      for (let e = p.indptr[i]; e < p.indptr[i + 1]; e++)
        want += p.data[e] * Math.log((p.data[e] * sum) / w(i, p.indices[e]));
    expect(klDivergence).toBeCloseTo(want, 2);
  });
});

describe("tsne always", () => {
  it("gives the same bits on any number of threads", async () => {
    const points = cloud(4500, 5, 3);
    const steps = { perplexity: 5, earlyIterations: 15, iterations: 10 };
    const alone = await tsne(points, { ...steps, threads: 1 });
    expect(alone.embedding.data.every((v) => Number.isFinite(v))).toBe(true);
    for (const threads of [2, 3]) expect(await tsne(points, { ...steps, threads })).toEqual(alone);
  });

  it("keeps neighbors together, from either start, and tells seeds apart", async () => {
    const points = cloud(210, 6, 4);
    const first = await tsne(points);
    expect(trustworthiness(points, first.embedding, 10)).toBeGreaterThan(0.9);
    const init = dense(210, 2, first.embedding.data);
    expect(trustworthiness(points, (await tsne(points, { init })).embedding, 10)).toBeGreaterThan(0.9);
    expect((await tsne(points, { seed: 1 })).embedding).not.toEqual(first.embedding);
    expect(first.params).toEqual({
      init: "points",
      perplexity: 30,
      earlyExaggeration: 12,
      earlyIterations: 250,
      iterations: 750,
      learningRate: 200,
      seed: 0,
    });
  });

  it("passes all cells of a square without a leap", () => {
    const n = 4096;
    const layout = Float32Array.from({ length: 2 * n }, (_, t) => {
      const cell = ((t >> 1) * 2531) % n;
      return t % 2 === 0 ? cell % 64 : Math.floor(cell / 64);
    });
    const order = alongCurve(layout);
    expect(new Set(order).size).toBe(n);
    for (let t = 1; t < n; t++) {
      const [a, b] = [order[t - 1], order[t]];
      expect(Math.abs(layout[2 * a] - layout[2 * b]) + Math.abs(layout[2 * a + 1] - layout[2 * b + 1])).toBe(
        1,
      );
    }
  });
});

describe("tsne at the edges", () => {
  it("takes no, one, two, three and four cells, and one column", async () => {
    for (const n of [0, 1, 2, 3, 4, 9]) {
      const { embedding, klDivergence } = await tsne(cloud(n, 3, 5));
      expect(embedding.data.length).toBe(2 * n);
      expect(embedding.data.every((v) => Number.isFinite(v))).toBe(true);
      expect(Number.isFinite(klDivergence)).toBe(true);
    }
    const { embedding } = await tsne(cloud(100, 1, 5));
    expect(trustworthiness(cloud(100, 1, 5), embedding, 5)).toBeGreaterThan(0.9);
  });

  it("separates cells that coincide", async () => {
    const { embedding } = await tsne(dense(60, 3, new Float32Array(180).fill(2)), { iterations: 50 });
    const places = Array.from({ length: 60 }, (_, i) => embedding.data.slice(2 * i, 2 * i + 2).join());
    expect(new Set(places).size).toBe(60);
    expect(embedding.data.every((v) => Number.isFinite(v))).toBe(true);
  });

  it("refuses what it cannot use", async () => {
    const points = cloud(30, 3, 6);
    const refusal = async (code: string, run: Promise<unknown>): Promise<void> => {
      await expect(run).rejects.toMatchObject({ name: "SpatialError", code });
    };
    await refusal("option", tsne(points, { dims: 3 } as object));
    await refusal("option", tsne(points, { perplexity: 10 }));
    await refusal("option", tsne(points, { perplexity: 0.5 }));
    await refusal("option", tsne(points, { init: [1, 2] as unknown as Dense }));
    await refusal("input", tsne(points, { init: dense(29, 2) }));
    await refusal("input", tsne(points, { init: dense(30, 1) }));
    await refusal("input", tsne(points, { init: dense(30, 2, new Float32Array(60).fill(NaN)) }));
    await refusal("input", tsne(dense(30, 2, new Float32Array(60).fill(NaN))));
  });

  it("stops when asked to, and says how far it is", async () => {
    const points = cloud(200, 3, 7);
    await expect(tsne(points, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
    const stop = new AbortController();
    const fractions: number[] = [];
    const onProgress = (p: { step: string; fraction: number }): void => {
      if (p.step !== "t-SNE") return;
      fractions.push(p.fraction);
      if (p.fraction >= 0.5) stop.abort();
    };
    await expect(tsne(points, { signal: stop.signal, onProgress })).rejects.toMatchObject({
      code: "aborted",
    });
    expect(fractions.at(-1)).toBe(0.5);
  });
});
