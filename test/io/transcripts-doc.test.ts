import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it, vi } from "vitest";
import { tenx } from "./samples.ts";

it("the example of docs/transcripts.md runs and counts", async () => {
  const root = join(import.meta.dirname, "../..");
  const folder = mkdtempSync(join(tmpdir(), "tissular-"));
  const names = ["aaaaficg-1", "aabbaknb-1"];
  const square = (id: string, x: number): string =>
    [
      [0, 0],
      [4, 0],
      [4, 4],
      [0, 4],
    ]
      .map(([u, v]) => `${id},${x + u},${v}\n`)
      .join("");
  const spots = [
    ["aaaaficg-1", 1],
    ["aaaaficg-1", 3],
    ["aabbaknb-1", 11],
    ["aabbaknb-1", 8],
    ["UNASSIGNED", 30],
  ] as const;
  const written: Record<string, string | Uint8Array> = {
    "cell_feature_matrix.h5": await tenx(names, ["CD4"], [[2], [2]]),
    "cells.csv": `cell_id,x_centroid,y_centroid\n${names.map((n, k) => `${n},${10 * k + 2},2\n`).join("")}`,
    "nucleus_boundaries.csv": `cell_id,vertex_x,vertex_y\n${names.map((n, k) => square(n, 10 * k)).join("")}`,
    "transcripts.csv": `cell_id,feature_name,x_location,y_location,z_location,qv\n${spots.map(([c, x]) => `${c},CD4,${x},2,0,40\n`).join("")}`,
  };
  for (const [name, content] of Object.entries(written)) writeFileSync(join(folder, name), content);
  const [, code] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, "docs/transcripts.md"), "utf8")) ?? [];
  const led = code
    .replace(/"tissular\/(\w+)"/g, (_, part: string) => JSON.stringify(join(root, "src", part, "index.ts")))
    .replaceAll('"outs"', JSON.stringify(folder));
  const file = join(folder, "example.ts");
  writeFileSync(file, led);
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  try {
    await import(/* @vite-ignore */ pathToFileURL(file).href);
    expect(log.mock.calls.flat()).toEqual(["3 transcripts in nuclei, 2 outside, 0 in several", 1]);
  } finally {
    log.mockRestore();
    rmSync(folder, { recursive: true });
  }
});
