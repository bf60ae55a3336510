import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type Progress, type RunOptions, stream } from "../../src/core/index.ts";
import { exactNeighbors } from "../../src/kernels/nearest.ts";
import { type Call, withThreads } from "../../src/kernels/wasm/threads.ts";
import { dense } from "../../src/model/index.ts";

const root = resolve(import.meta.dirname, "../..");
const VALUES = 4096;

/** Calls of the distance kernel, four values each; every one writes to a place of its own. */
async function squares(threads: number, repeat = 1, run: RunOptions = {}): Promise<Uint32Array> {
  return withThreads(20 * VALUES + 16, { ...run, threads }, async (arena) => {
    const points = arena.u32(4 * VALUES + 4); // eight whole numbers of 16 bits each
    const out = arena.u32(VALUES);
    for (let i = 0; i < VALUES; i++) points[4 * i] = i + 1;
    const calls = Array.from({ length: (VALUES / 4) * repeat }, (_, t): Call => {
      const from = 4 * (t % (VALUES / 4));
      return [points.byteOffset, 8, VALUES, from, from + 4, out.byteOffset];
    });
    await arena.spread("squares", "distancesTo", calls);
    return out.slice();
  });
}

describe("withThreads", () => {
  it("calls every call once, whatever the number of threads", async () => {
    const alone = await squares(1);
    expect(alone[9]).toBe(100);
    for (const threads of [2, 3, 5]) expect(await squares(threads, 40)).toEqual(alone);
  });

  it("gives each thread its part of an array", async () => {
    const threads = 3;
    const sum = await withThreads(80 + 16 * threads, { threads }, async (arena) => {
      const points = arena.u32(20).fill(1, 0, 16);
      const out = arena.u32(4 * arena.threads);
      const call = [points.byteOffset, 8, 4, 0, 4, out.byteOffset];
      await arena.spread("ones", "distancesTo", new Array<Call>(200_000).fill(call), { 5: 16 });
      return out.reduce((a, b) => a + b, 0);
    });
    expect([4, 8, 12]).toContain(sum / 4);
  });

  it("carries what a kernel throws on another thread, and works on afterwards", async () => {
    await squares(2, 200);
    const beyond = withThreads(64, { threads: 2 }, async (arena) => {
      const x = arena.f32(4).byteOffset;
      // Thread 1 writes far outside its memory.
      const calls = new Array<Call>(2_000_000).fill([x, 8, 0, 0, 1, x]);
      await arena.spread("trap", "distancesTo", calls, { 5: 4e9 });
    });
    await expect(beyond).rejects.toMatchObject({
      name: "RuntimeError",
      message: expect.stringMatching(/out of bounds/),
    });
    expect(await squares(2, 40)).toEqual(await squares(1));
  });

  it("stops when asked to, and gives its memory back", async () => {
    const stop = new AbortController();
    let last = 0;
    const onProgress = ({ fraction }: Progress): void => {
      last = fraction;
      if (fraction > 0.1) stop.abort();
    };
    const stopped = squares(2, 100, { signal: stop.signal, onProgress });
    await expect(stopped).rejects.toMatchObject({ code: "aborted" });
    expect(last).toBeLessThan(0.5);
    expect(await squares(2)).toEqual(await squares(1));
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
