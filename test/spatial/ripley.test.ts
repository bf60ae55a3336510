import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { csvStrings, parseCsv, readSample } from "../../src/io/index.ts";
import {
  categorical,
  type Categorical,
  categories,
  ids,
  positions,
  type Positions,
  type Shapes,
} from "../../src/model/index.ts";
import {
  crossRipley,
  type EdgeCorrection,
  ripley,
  type RipleyOptions,
  type RipleyStatistic,
} from "../../src/spatial/index.ts";
import { convexHull } from "../../src/spatial/window.ts";
import { worst } from "../support/close.ts";
import { readNpz } from "../support/npz.ts";
import { oracles } from "../support/shared.ts";

const plane = (at: ArrayLike<number>): Positions => positions(Float64Array.from(at), "um", 1);

function ring(...rings: readonly (readonly number[])[]): Shapes {
  const offsets = [0];
  for (const r of rings) offsets.push(offsets[offsets.length - 1] + r.length / 2);
  return {
    kind: "shapes",
    ids: ids(["w"]),
    shapeOffsets: Uint32Array.of(0, rings.length),
    ringOffsets: Uint32Array.from(offsets),
    coordinates: Float64Array.from(rings.flat()),
  };
}

function uniform(n: number, seed: number, wide: number, high: number): Float64Array {
  const rng = stream(seed);
  return Float64Array.from({ length: 2 * n }, (_, t) => (t % 2 === 0 ? wide : high) * rng.uniform());
}

/** Shares of places with a nearest point within each distance; and of nearest and second together, of those within the last. */
function shares(places: readonly number[], points: readonly number[], distances: Float64Array): number[][] {
  const [near, second]: number[][] = [[], []];
  for (let q = 0; q < places.length; q += 2) {
    let [one, two] = [Infinity, Infinity];
    for (let p = 0; p < points.length; p += 2) {
      const d = Math.hypot(places[q] - points[p], places[q + 1] - points[p + 1]);
      if (d < one) [one, two] = [d, one];
      else if (d < two) two = d;
    }
    near.push(one);
    second.push(two);
  }
  const both = [...near, ...second];
  const within = (list: readonly number[], r: number): number => list.filter((d) => d <= r).length;
  const last = within(both, distances[distances.length - 1]);
  const list = [...distances];
  return [list.map((r) => within(near, r) / near.length), list.map((r) => within(both, r) / last)];
}

/** A 50 x 50 lattice, as far as it lies in a convex polygon. */
function evenIn(hull: Float64Array): number[] {
  const corners = Array.from({ length: hull.length / 2 }, (_, c) => [hull[2 * c], hull[2 * c + 1]] as const);
  const [x, y] = [0, 1].map((axis) => corners.map((c) => c[axis]));
  const found: number[] = [];
  for (let s = 0; s < 2500; s++) {
    const u = Math.min(...x) + (((s % 50) + 0.5) / 50) * (Math.max(...x) - Math.min(...x));
    const v = Math.min(...y) + ((Math.floor(s / 50) + 0.5) / 50) * (Math.max(...y) - Math.min(...y));
    const turns = corners.map(([ax, ay], c) => {
      const [bx, by] = corners[(c + 1) % corners.length];
      return (bx - ax) * (v - ay) - (by - ay) * (u - ax) > 0;
    });
    if (turns.every((t) => t === turns[0])) found.push(u, v);
  }
  return found;
}

describe("ripley agrees with", () => {
  it.skipIf(oracles === null)("squidpy's L, G and F", async () => {
    const folder = join(oracles!, "core");
    const { dataset } = await readSample(join(folder, "toy"));
    const csv = parseCsv(readFileSync(join(folder, "toy", "toy_obs.csv")), "obs");
    const labels = categories(csvStrings(csv, csv.header.indexOf("domain")));
    const at = dataset.positions!;
    const npz = readNpz(join(folder, "ripley.npz"));
    const [n, k] = [at.rows, labels.categories.length];
    const options: RipleyOptions = {
      distances: Float64Array.from(npz["L_bins"].data as Float64Array),
      window: ring([...convexHull(Float64Array.from(at.data))]),
      correction: "none",
      simulations: 0,
    };
    const r = npz["L_bins"].data.length;
    const theirs = (name: string, a: number): Float64Array =>
      Float64Array.from({ length: r }, (_, t) => Number(npz[name].data[t * k + a]));
    const l = await ripley(labels, at, { ...options, statistic: "L" });
    const f = await ripley(labels, at, { ...options, statistic: "F" });
    for (let a = 0; a < k; a++) {
      // squidpy takes the intensity of all cells for that of the type.
      const scale = Math.sqrt(l.sizes[a] * (l.sizes[a] - 1)) / n;
      const ours = l.observed.slice(a * r, (a + 1) * r).map((v) => v * scale);
      expect(worst(ours, theirs("L_stat", a), 1)).toBeLessThan(1e-9);
      // squidpy's G goes from all other cells to those of the type, and takes first and second neighbors together, as its F does; both
      // are shares of what lies within the last distance.
      const two = categorical(
        labels.codes.map((c) => (c === a ? 1 : 0)),
        ["rest", "own"],
      );
      const places = (own: number): number[] =>
        Array.from({ length: n }, (_, i) => i).flatMap((i) =>
          two.codes[i] === own ? [at.data[2 * i], at.data[2 * i + 1]] : [],
        );
      const g = (await crossRipley(two, at, { ...options, statistic: "G" })).observed.slice(r, 2 * r);
      const [first, mixed] = shares(places(0), places(1), options.distances as Float64Array);
      expect(worst(g, first)).toBeLessThan(1e-12);
      expect(worst(mixed, theirs("G_stat", a), 1)).toBeLessThan(1e-9);
      const even = evenIn(convexHull(Float64Array.from(at.data)));
      const [empty, mixedEmpty] = shares(even, places(1), options.distances as Float64Array);
      expect(worst(f.observed.slice(a * r, (a + 1) * r), empty, 1)).toBeLessThan(0.02);
      expect(worst(mixedEmpty, theirs("F_stat", a), 1)).toBeLessThan(0.05);
    }
  });

  it("astropy's K with each correction", async () => {
    const fixture = JSON.parse(
      readFileSync(new URL("../fixtures/ripley.json", import.meta.url), "utf8"),
    ) as Record<string, readonly number[]>;
    for (const correction of ["none", "border", "translation", "isotropic"] as const) {
      const { observed } = await ripley(null, plane(fixture["points"]), {
        statistic: "K",
        correction,
        distances: fixture["distances"],
        window: fixture["window"] as unknown as [number, number, number, number],
        simulations: 0,
      });
      expect(worst(observed, fixture[correction]), correction).toBeLessThan(1e-12);
    }
  });
});

/** Curves from their definitions, pair by pair. */
function bruteForce(
  at: ArrayLike<number>,
  codes: ArrayLike<number>,
  [a, b]: readonly [number, number],
  distances: readonly number[],
  correction: EdgeCorrection,
  area: number,
  toBorder: (x: number, y: number) => number,
  [wide, high]: readonly [number, number],
): Record<"K" | "G", number[]> {
  const who = Array.from({ length: codes.length }, (_, i) => i);
  const rows = who.filter((i) => codes[i] === a);
  const around = who.filter((i) => codes[i] === b);
  const far = (i: number, j: number): number =>
    Math.hypot(at[2 * i] - at[2 * j], at[2 * i + 1] - at[2 * j + 1]);
  const weight = (i: number, j: number): number => {
    if (correction === "translation")
      return (
        (wide * high) /
        ((wide - Math.abs(at[2 * i] - at[2 * j])) * (high - Math.abs(at[2 * i + 1] - at[2 * j + 1])))
      );
    if (correction !== "isotropic") return 1;
    let inside = 0;
    for (let s = 0; s < 2000; s++) {
      const angle = (2 * Math.PI * (s + 0.5)) / 2000;
      const [x, y] = [at[2 * i] + far(i, j) * Math.cos(angle), at[2 * i + 1] + far(i, j) * Math.sin(angle)];
      if (x >= 0 && x <= wide && y >= 0 && y <= high) inside++;
    }
    return 2000 / inside;
  };
  const nearest = (i: number): number => Math.min(...around.filter((j) => j !== i).map((j) => far(i, j)));
  const inner = (i: number, r: number): boolean =>
    correction !== "border" || toBorder(at[2 * i], at[2 * i + 1]) >= r;
  const last = distances[distances.length - 1];
  const K = distances.map(() => 0);
  for (const i of rows)
    for (const j of around) {
      if (j === i || far(i, j) > last) continue;
      const w = weight(i, j);
      distances.forEach((r, t) => (K[t] += far(i, j) <= r && inner(i, r) ? w : 0));
    }
  const G = distances.map((r, t) => {
    const used = rows.filter((i) => inner(i, r));
    K[t] *= area / used.length / (around.length - (a === b ? 1 : 0));
    return used.filter((i) => nearest(i) <= r).length / used.length;
  });
  return { K, G };
}

describe("ripley and crossRipley agree with brute force", () => {
  const distances = [0.5, 1, 2, 3.5, 4, 4.25];
  const at = uniform(140, 3, 16, 12);
  at.set(at.subarray(0, 4), 20); // points at one place
  const codes = Int32Array.from({ length: 140 }, (_, i) => (i % 7 === 0 ? 2 : i % 2));
  const labels = categorical(codes, ["a", "b", "c"]);
  const rectangle = (x: number, y: number): number => Math.min(x, 16 - x, y, 12 - y);

  it.each(["none", "border", "translation", "isotropic"] as const)(
    "in a rectangle: %s",
    async (correction) => {
      const options = { distances, correction, window: [0, 0, 16, 12] as const, simulations: 0 };
      const own = await ripley(labels, plane(at), { ...options, statistic: "K" });
      const cross = await crossRipley(labels, plane(at), { ...options, statistic: "K" });
      for (let a = 0; a < 3; a++)
        for (let b = 0; b < 3; b++) {
          const { K } = bruteForce(at, codes, [a, b], distances, correction, 192, rectangle, [16, 12]);
          const ours = cross.observed.slice((a * 3 + b) * 6, (a * 3 + b + 1) * 6);
          expect(worst(ours, K)).toBeLessThan(correction === "isotropic" ? 2e-3 : 1e-12);
          if (a === b) expect(worst(own.observed.slice(a * 6, (a + 1) * 6), ours)).toBeLessThan(1e-12);
        }
    },
  );

  it("in a polygon with a hole: K, G and what follows from them", async () => {
    // A triangle that holds all points but those near the hole, and the hole.
    const window = ring([-1, -1, 40, -1, -1, 30], [7, 5, 9, 5, 9, 7, 7, 7]);
    const kept = Array.from({ length: 140 }, (_, i) => i).filter((i) => {
      const [x, y] = [at[2 * i], at[2 * i + 1]];
      return !(x >= 7 && x <= 9 && y >= 5 && y <= 7);
    });
    const points = kept.flatMap((i) => [at[2 * i], at[2 * i + 1]]);
    const types = categorical(
      Int32Array.from(kept, (i) => codes[i]),
      ["a", "b", "c"],
    );
    const hole = (x: number, y: number): number =>
      Math.hypot(Math.max(7 - x, x - 9, 0), Math.max(5 - y, y - 7, 0));
    const toBorder = (x: number, y: number): number =>
      Math.min(x + 1, y + 1, (31 * (40 - x) - 41 * (y + 1)) / Math.hypot(31, 41), hole(x, y));
    const area = (41 * 31) / 2 - 4;
    const run = (statistic: RipleyStatistic, correction: EdgeCorrection): Promise<Float64Array> =>
      ripley(types, plane(points), { statistic, correction, distances, window, simulations: 0 }).then(
        (r) => r.observed,
      );
    for (const correction of ["none", "border"] as const)
      for (let a = 0; a < 3; a++) {
        const of = (curves: Float64Array): Float64Array => curves.slice(a * 6, (a + 1) * 6);
        const want = bruteForce(points, types.codes, [a, a], distances, correction, area, toBorder, [0, 0]);
        const K = of(await run("K", correction));
        expect(worst(K, want.K)).toBeLessThan(1e-12);
        expect(worst(of(await run("G", correction)), want.G)).toBeLessThan(1e-12);
        expect(
          worst(
            of(await run("L", correction)),
            K.map((v) => Math.sqrt(v / Math.PI)),
          ),
        ).toBeLessThan(1e-14);
        const rings = K.map((v, t) => {
          const [inner, before] = t === 0 ? [0, 0] : [distances[t - 1], K[t - 1]];
          return (v - before) / (Math.PI * (distances[t] ** 2 - inner ** 2));
        });
        expect(worst(of(await run("g", correction)), rings, 1e-9)).toBeLessThan(1e-9);
        const [F, J] = [of(await run("F", correction)), of(await run("J", correction))];
        expect(
          worst(
            J,
            F.map((f, t) => (1 - want.G[t]) / (1 - f)),
          ),
        ).toBeLessThan(1e-12);
      }
  });

  it("empty space: the area of discs around one point", async () => {
    const { observed } = await ripley(null, plane([5, 5]), {
      statistic: "F",
      distances: [1, 2, 4],
      window: [0, 0, 10, 10],
      correction: "none",
      simulations: 0,
    });
    expect(
      worst(
        observed,
        [1, 2, 4].map((r) => (Math.PI * r * r) / 100),
      ),
    ).toBeLessThan(0.01);
  });
});

describe("ripley, always", () => {
  const n = 240;
  const at = plane(uniform(n, 8, 20, 20));
  const labels = categorical(
    Int32Array.from({ length: n }, (_, i) => i % 3),
    ["a", "b", "c"],
  );
  const window = [0, 0, 20, 20] as const;
  const statistics = ["K", "L", "g", "F", "G", "J"] as const;

  it.each(statistics)(
    "%s is the same on any number of threads, and for the same seed only",
    async (statistic) => {
      const options = { statistic, window, simulations: 9, intervals: 8 };
      const alone = await ripley(labels, at, { ...options, threads: 1 });
      expect(await ripley(labels, at, { ...options, threads: 3 })).toEqual(alone);
      expect((await ripley(labels, at, { ...options, seed: 1 })).mean).not.toEqual(alone.mean);
    },
  );

  it("does not change with the order of observations or the tissue's place", async () => {
    const options = { statistic: "K", correction: "isotropic", window, simulations: 0 } as const;
    const { observed, distances } = await ripley(labels, at, options);
    const turned = plane(Array.from({ length: 2 * n }, (_, t) => at.data[2 * (n - 1 - (t >> 1)) + (t & 1)]));
    const back = categorical(labels.codes.slice().reverse(), labels.categories);
    expect(worst((await ripley(back, turned, options)).observed, observed)).toBeLessThan(1e-12);
    const moved = plane(at.data.map((v) => v + 1024));
    const there = await ripley(labels, moved, { ...options, distances, window: [1024, 1024, 1044, 1044] });
    expect(worst(there.observed, observed)).toBeLessThan(1e-9);
  });

  it("envelopes hold their shares, and p-values are ranks of the observed curve among all", async () => {
    const result = await ripley(labels, at, { window, simulations: 39, null: "labels", intervals: 10 });
    const { lower, upper, globalLower, globalUpper, observed, pMad, pStudentized, pUpper, pLower } = result;
    observed.forEach((v, c) => {
      expect(lower[c] <= upper[c] && globalLower[c] <= globalUpper[c]).toBe(true);
      expect(v < lower[c]).toBe(pLower[c] <= 0.025);
      expect(v > upper[c]).toBe(pUpper[c] <= 0.025);
      expect(pUpper[c] + pLower[c]).toBeGreaterThanOrEqual(1 + 1 / 40 - 1e-12);
    });
    for (const p of [...pMad, ...pStudentized]) {
      expect(p).toBeGreaterThanOrEqual(1 / 40);
      expect(Math.abs(p * 40 - Math.round(p * 40))).toBeLessThan(1e-9);
    }
    for (let a = 0; a < 3; a++) {
      const leaves = observed
        .slice(a * 10, (a + 1) * 10)
        .some((v, t) => v < globalLower[a * 10 + t] || v > globalUpper[a * 10 + t]);
      expect(leaves).toBe(pStudentized[a] <= 0.05);
    }
  });

  it.each(["none", "border", "translation", "isotropic"] as const)(
    "types share random patterns, each its first points of them: %s",
    async (correction) => {
      const size = 1200;
      const sizes = [7, 500, 693];
      const whole = plane(uniform(size, 4, 20, 20));
      const types = categorical(
        Int32Array.from({ length: size }, (_, i) => (i < 7 ? 0 : i < 507 ? 1 : 2)),
        ["a", "b", "c"],
      );
      for (const distances of [
        [0.5, 1, 1.5, 2, 2.5],
        [0.1, 0.3, 4],
        [0, 9],
      ]) {
        const options = { statistic: "K", window, correction, distances } as const;
        const { mean, observed } = await ripley(types, whole, { ...options, simulations: 1, seed: 5 });
        // The mean is that of two curves; the places are drawn from stream 1 of the seed.
        const rng = stream(5, 1, 0);
        const drawn = Float64Array.from({ length: 2 * 693 }, () => 20 * rng.uniform());
        const r = distances.length;
        for (const [a, n] of sizes.entries()) {
          const alone = await ripley(null, plane(drawn.slice(0, 2 * n)), { ...options, simulations: 0 });
          const shared = Float64Array.from(
            { length: r },
            (_, t) => 2 * mean[a * r + t] - observed[a * r + t],
          );
          expect(worst(shared, alone.observed, 1)).toBeLessThan(1e-11);
        }
      }
    },
  );

  it("pools samples, each with a window of its own, and never pairs two", async () => {
    const sample = categorical(
      Int32Array.from({ length: n }, (_, i) => (i < 100 ? 0 : 1)),
      ["s", "t"],
    );
    const part = (from: number, to: number): [Categorical, Positions] => [
      categorical(labels.codes.slice(from, to), labels.categories),
      plane(at.data.slice(2 * from, 2 * to)),
    ];
    for (const statistic of ["K", "G", "F"] as const) {
      const options = {
        statistic,
        correction: "none",
        window,
        simulations: 0,
        distances: [1, 2, 3],
      } as const;
      const both = await ripley(labels, at, { ...options, sample });
      const s = await ripley(...part(0, 100), options);
      const t = await ripley(...part(100, n), options);
      // Shares pool by places, K by points times points around them.
      const weight = (size: number): number =>
        statistic === "K" ? size * (size - 1) : statistic === "G" ? size : 1;
      const pooled = both.observed.map((_, c) => {
        const a = Math.floor(c / 3);
        const [u, v] = [weight(s.sizes[a]), weight(t.sizes[a])];
        return (u * s.observed[c] + v * t.observed[c]) / (u + v);
      });
      expect(worst(both.observed, pooled)).toBeLessThan(1e-12);
    }
  });
});

describe("ripley at the edges", () => {
  const window = [0, 0, 10, 10] as const;
  it("a type with one point or none has no K, G or p; its F stands", async () => {
    const labels = categorical(Int32Array.of(0, 0, 1, 0), ["a", "b", "c"]);
    const at = plane([1, 1, 2, 2, 3, 3, 4, 4]);
    const options = { window, simulations: 9, distances: [1, 2] };
    const k = await ripley(labels, at, { ...options, statistic: "K" });
    expect(k.observed.slice(2)).toEqual(new Float64Array(4).fill(NaN));
    expect([...k.pMad.slice(1), ...k.pStudentized.slice(1)]).toEqual([NaN, NaN, NaN, NaN]);
    expect(k.pMad[0]).toBeGreaterThan(0);
    const f = await ripley(labels, at, { ...options, statistic: "F" });
    expect(f.observed[2]).toBeGreaterThan(0);
    expect(f.observed[4]).toBeNaN();
  });

  it("several points at one place are pairs at distance 0", async () => {
    const at = plane([5, 5, 5, 5, 5, 5, 9, 9]);
    const options = { window, simulations: 19, correction: "none", distances: [0, 1] } as const;
    const { observed, pUpper } = await ripley(null, at, { ...options, statistic: "K" });
    expect(observed[0]).toBe((100 * 6) / 12);
    expect(pUpper[0]).toBe(1 / 20);
    expect((await ripley(null, at, { ...options, statistic: "G" })).observed[0]).toBe(0.75);
  });

  it("leaves out what has no label, sample or place", async () => {
    const labels = categorical(Int32Array.of(0, -1, 0, 0), ["a"]);
    const at = plane([1, 1, 99, 99, 2, 2, NaN, 3]);
    expect((await ripley(labels, at, { window, simulations: 0, distances: [1] })).sizes[0]).toBe(2);
  });

  it("refuses with a way out", async () => {
    const at = plane([1, 1, 2, 2, 3, 3]);
    const refused = (
      options: RipleyOptions,
      points: Positions = at,
      labels: Categorical | null = null,
    ): unknown =>
      ripley(labels, points, options).then(
        () => "taken",
        (error: { code: string; subject: string; hint: string }) =>
          `${error.code} ${error.subject} ${!!error.hint}`,
      );
    expect(await refused({})).toBe("input window true"); // on one line
    expect(await refused({ window: [0, 0, 2, 2] })).toBe("input window true"); // one lies outside
    expect(await refused({}, positions(new Float64Array(9), "um", 1, 3))).toBe("input positions true");
    expect(await refused({ window, null: "labels" })).toBe("option null true");
    expect(await refused({ window, statistic: "G", correction: "isotropic" })).toBe("option correction true");
    expect(await refused({ window, correction: "translation", distances: [10] })).toBe(
      "option correction true",
    );
    expect(await refused({ window: ring([0, 0, 9, 0, 0, 9]), correction: "translation" })).toBe(
      "option correction true",
    );
    expect(await refused({ window, distances: [2, 1] })).toBe("option distances false");
    expect(await refused({ window }, at, categories(["a"]))).toBe("input labels false");
    expect(await refused({ window }, plane([]))).toBe("input positions false");
  });
});
