import { describe, expect, it } from "vitest";
import type { Graph } from "../../src/model/index.ts";
import { spectralLayout } from "../../src/reduce/spectral.ts";

/** Rings of the given sizes, side by side. */
function rings(...sizes: readonly number[]): Graph {
  const nodes = sizes.reduce((sum, size) => sum + size, 0);
  const indices: number[] = [];
  let first = 0;
  for (const size of sizes) {
    for (let i = 0; i < size; i++) {
      const around = [first + ((i + 1) % size), first + ((i + size - 1) % size)];
      indices.push(...around.sort((a, b) => a - b));
    }
    first += size;
  }
  return {
    kind: "graph",
    nodes,
    directed: false,
    indptr: Uint32Array.from({ length: nodes + 1 }, (_, i) => 2 * i),
    indices: Uint32Array.from(indices),
    weights: new Float32Array(2 * nodes).fill(1),
    distances: new Float64Array(2 * nodes).fill(1),
  };
}

describe("spectralLayout", () => {
  it("lays a ring on a circle, in order", async () => {
    const n = 200;
    const layout = await spectralLayout(rings(n), 0, {});
    const radius = Array.from({ length: n }, (_, i) => Math.hypot(layout[2 * i], layout[2 * i + 1]));
    const mean = radius.reduce((sum, r) => sum + r) / n;
    for (const r of radius) expect(Math.abs(r / mean - 1)).toBeLessThan(0.01);
    const chord = 2 * mean * Math.sin(Math.PI / n);
    for (let i = 0; i < n; i++) {
      const j = (i + 1) % n;
      const step = Math.hypot(layout[2 * i] - layout[2 * j], layout[2 * i + 1] - layout[2 * j + 1]);
      expect(Math.abs(step / chord - 1)).toBeLessThan(0.1);
    }
  });

  it("keeps components apart, the largest in the middle", async () => {
    const sizes = [30, 100, 5, 12];
    const layout = await spectralLayout(rings(...sizes), 0, {});
    let first = 0;
    const boxes = sizes.map((size) => {
      const x = Array.from({ length: size }, (_, t) => layout[2 * (first + t)]);
      const y = Array.from({ length: size }, (_, t) => layout[2 * (first + t) + 1]);
      first += size;
      return [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)];
    });
    boxes.forEach((p, i) =>
      boxes.slice(0, i).forEach((q) => {
        expect(p[1] < q[0] || q[1] < p[0] || p[3] < q[2] || q[3] < p[2]).toBe(true);
      }),
    );
    expect(boxes[1][0]).toBeLessThan(0);
    expect(boxes[1][1]).toBeGreaterThan(0);
  });

  it("stops when asked to", async () => {
    await expect(spectralLayout(rings(20), 0, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
  });
});
