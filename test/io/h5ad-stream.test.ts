import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type FileContent,
  hdf5Digest,
  type OutputFile,
  writeFile,
  writeFolder,
  writeH5ad,
  writeH5adTo,
} from "../../src/io/index.ts";
import { memoryOutput } from "../../src/io/source.ts";
import {
  categorical,
  dataset,
  expression,
  ids,
  sparse,
  type SpatialDataset,
  table,
} from "../../src/model/index.ts";
import { full } from "./samples.ts";

let base = "";
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "tissular-h5ad-"));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(base, { recursive: true, force: true });
});

/** Arrays beyond what the library gathers, beside a matrix, truth values, texts and categories. */
function large(): SpatialDataset {
  const n = 20_000;
  const p = 60;
  const indptr = Uint32Array.from({ length: n + 1 }, (_, i) => p * i);
  const indices = Uint32Array.from({ length: p * n }, (_, e) => e % p);
  const data = Float32Array.from(indices, (_, e) => (e % 7) + 1);
  const truth = Uint8Array.from({ length: n }, (_, i) => (i % 3) & 1);
  return dataset({
    counts: expression(sparse(n, p, indptr, indices, data), "counts"),
    cells: table(ids(Array.from({ length: n }, (_, i) => `cell${i}`)), {
      odd: truth,
      kind: categorical(Int32Array.from(truth), ["a", "b"]),
    }),
    genes: table(ids(Array.from({ length: p }, (_, j) => `gene${j}`)), { coding: new Uint8Array(p).fill(1) }),
  });
}

describe("writeH5adTo", () => {
  it.each(["gzip", null] as const)(
    "writes on disk what writeH5ad makes in memory, byte for byte (%s)",
    async (compression) => {
      vi.useFakeTimers({ toFake: ["Date"], now: 1e12 });
      for (const ds of [await full(), large()]) {
        const path = join(base, "a.h5ad");
        await writeFile(path, (file) => writeH5adTo(ds, file, { compression }));
        const inMemory = await writeH5ad(ds, { compression });
        expect(Buffer.compare(readFileSync(path), inMemory)).toBe(0);
      }
    },
  );

  it("whichever write the disk refuses: its error comes out, nothing stays, and the library writes on", async () => {
    const ds = await full();
    const writes = (refused: number): { readonly file: (to: OutputFile) => OutputFile; count: number } => {
      const state = {
        count: 0,
        file: (to: OutputFile): OutputFile => ({
          ...to,
          write: (bytes, position) => {
            if (state.count++ === refused) throw new Error("no space left");
            to.write(bytes, position);
          },
        }),
      };
      return state;
    };
    const digest = await hdf5Digest(await writeH5ad(ds));
    const all = writes(-1);
    await writeH5adTo(ds, all.file(memoryOutput(0)));
    expect(all.count).toBeGreaterThan(5);
    for (let refused = 0; refused < all.count; refused++) {
      const content = (to: OutputFile): Promise<void> => writeH5adTo(ds, writes(refused).file(to));
      const failure = { code: "output", message: expect.stringContaining("no space left") as string };
      await expect(writeFile(join(base, "a.h5ad"), content)).rejects.toMatchObject(failure);
      await expect(
        writeFolder(
          join(base, "out"),
          new Map<string, FileContent>([
            ["a", "x"],
            ["b", content],
          ]),
        ),
      ).rejects.toMatchObject(failure);
      expect(readdirSync(base)).toEqual([]);
    }
    expect(await hdf5Digest(await writeH5ad(ds))).toBe(digest);
  });

  it("an abort on the way is an abort, and leaves nothing", async () => {
    const ds = await full();
    for (const at of [0.3, 0.6, 0.7, 0.8, 1]) {
      const stop = new AbortController();
      const run = {
        signal: stop.signal,
        onProgress: ({ fraction }: { fraction: number }) => fraction >= at && stop.abort(),
      };
      const path = join(base, "a.h5ad");
      const writing = writeFile(path, (file) => writeH5adTo(ds, file, run as object));
      if (at < 1) await expect(writing).rejects.toMatchObject({ code: "aborted" });
      else await writing;
      expect(readdirSync(base)).toEqual(at < 1 ? [] : ["a.h5ad"]);
    }
  });

  it("takes memory for the largest array, not for the file", async () => {
    const script = `
      import { dataset, expression, ids, sparse, table } from "tissular/model";
      import { writeFile, writeH5adTo } from "tissular/io";
      const n = 1000, p = 8000;
      const indptr = Uint32Array.from({ length: n + 1 }, (_, i) => i * p);
      const indices = Uint32Array.from({ length: n * p }, (_, e) => e % p);
      const counts = expression(sparse(n, p, indptr, indices, new Float32Array(n * p).fill(1)), "counts");
      const names = (length) => table(ids(Array.from({ length }, (_, i) => "n" + i)));
      const layers = Object.fromEntries(["a", "b", "c", "d", "e", "f", "g"].map((name) => [name, counts]));
      const made = dataset({ counts, layers, cells: names(n), genes: names(p) });
      const before = process.resourceUsage().maxRSS;
      await writeFile(process.argv[1], (file) => writeH5adTo(made, file));
      console.log((process.resourceUsage().maxRSS - before) * 1024);`;
    const path = join(base, "a.h5ad");
    const more = execFileSync(process.execPath, ["--input-type=module", "-e", script, path], {
      cwd: join(import.meta.dirname, "../.."),
      encoding: "utf8",
    });
    expect(statSync(path).size).toBeGreaterThan(500e6);
    expect(Number(more)).toBeLessThan(200e6);
  });
});
