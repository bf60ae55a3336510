import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type Progress, type RunOptions, stream } from "../../src/core/index.ts";
import { exactNeighbors } from "../../src/kernels/nearest.ts";
import { type Call, withThreads } from "../../src/kernels/wasm/threads.ts";
import { dense } from "../../src/model/index.ts";

const root = resolve(import.meta.dirname, "../..");
const VALUES = 4096;

/** Calls of the power kernel, four values each; every one writes to a place of its own. */
async function cubes(threads: number, repeat = 1, run: RunOptions = {}): Promise<Float32Array> {
  return withThreads(8 * VALUES, { ...run, threads }, async (arena) => {
    const x = arena.f32(VALUES);
    const out = arena.f32(VALUES);
    for (let i = 0; i < VALUES; i++) x[i] = i + 1;
    const calls: Call[] = Array.from({ length: (VALUES / 4) * repeat }, (_, t) => [
      x.byteOffset + 16 * (t % (VALUES / 4)),
      3,
      out.byteOffset + 16 * (t % (VALUES / 4)),
    ]);
    await arena.spread("cubes", "power4", calls);
    return out.slice();
  });
}

describe("withThreads", () => {
  it("calls every call once, whatever the number of threads", async () => {
    const alone = await cubes(1);
    expect(alone[9]).toBeCloseTo(1000, 2);
    for (const threads of [2, 3, 5]) expect(await cubes(threads, 40)).toEqual(alone);
  });

  it("gives each thread its part of an array", async () => {
    const threads = 3;
    const sum = await withThreads(4 * 4 * (threads + 1), { threads }, async (arena) => {
      const one = arena.f32(4).fill(1);
      const out = arena.f32(4 * arena.threads);
      const call = [one.byteOffset, 1, out.byteOffset];
      await arena.spread("ones", "power4", new Array<Call>(200_000).fill(call), { 2: 16 });
      return out.reduce((a, b) => a + b, 0);
    });
    expect([4, 8, 12]).toContain(Math.round(sum));
  });

  it("carries what a kernel throws on another thread, and works on afterwards", async () => {
    await cubes(2, 200);
    const beyond = withThreads(64, { threads: 2 }, async (arena) => {
      const x = arena.f32(4);
      // Thread 1 writes far outside its memory.
      await arena.spread("trap", "power4", new Array<Call>(2_000_000).fill([x.byteOffset, 1, x.byteOffset]), {
        2: 4e9,
      });
    });
    await expect(beyond).rejects.toThrow(/out of bounds/);
    expect(await cubes(2, 40)).toEqual(await cubes(1));
  });

  it("stops when asked to, and gives its memory back", async () => {
    const stop = new AbortController();
    let last = 0;
    const onProgress = ({ fraction }: Progress): void => {
      last = fraction;
      if (fraction > 0.1) stop.abort();
    };
    const stopped = cubes(2, 100, { signal: stop.signal, onProgress });
    await expect(stopped).rejects.toMatchObject({ code: "aborted" });
    expect(last).toBeLessThan(0.5);
    expect(await cubes(2)).toEqual(await cubes(1));
  });

  it("gives exact neighbors, bit for bit the same on any number of threads", async () => {
    const rng = stream(3);
    const points = dense(
      1500,
      6,
      Float32Array.from({ length: 9000 }, () => rng.below(5)),
    );
    const alone = await exactNeighbors(points, 10, { threads: 1 });
    for (const threads of [2, 4]) expect(await exactNeighbors(points, 10, { threads })).toEqual(alone);
  });

  it("lets the process end by itself", () => {
    const program = `
      const { neighborGraph } = await import(${JSON.stringify(join(root, "dist/graph.js"))});
      const data = Float32Array.from({ length: 60000 }, (_, i) => (i * 7919) % 1009);
      const { knn } = await neighborGraph({ kind: "dense", rows: 6000, cols: 10, data }, { threads: 3 });
      console.log(knn.indices.length);`;
    const run = ["--input-type=module", "-e", program];
    expect(execFileSync(process.execPath, run, { encoding: "utf8", timeout: 60_000 }).trim()).toBe("84000");
  });
});
