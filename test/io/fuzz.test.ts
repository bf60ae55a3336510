import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { expect, it } from "vitest";

const VARIANTS = 200;

/** `npm run fuzz` tries 10,000 of each reader. */
it("every reader reads a damaged sample soundly or refuses it with a SpatialError, soon and in little room", () => {
  const run = spawnSync(
    process.execPath,
    [resolve(import.meta.dirname, "fuzz/run.mjs"), "--variants", String(VARIANTS), "--at-once", "2"],
    { encoding: "utf8" },
  );
  expect(run.stdout.split("\n").filter((line) => line !== "" && !line.startsWith("ok"))).toEqual([]);
  expect([run.status, run.stderr]).toEqual([0, ""]);
}, 600_000);
