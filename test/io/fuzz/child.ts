import { openSync, writeSync } from "node:fs";
import { SpatialError, stream } from "../../../src/core/index.ts";
import { cases } from "./cases.ts";
import { mutate } from "./mutate.ts";
import { fingerprint } from "./sound.ts";

/**
 * Feeds one reader damaged variants [from, to) of its sample. The number of the variant at work stands in the file
 * `mark`, so that whoever watches knows which one hung or killed the process. One line of JSON per finding.
 */
const [, , reader, seed, from, to, mark] = process.argv;
const SECONDS = 4;
const MEGABYTES = 1000;

const { sample, read } = cases[reader];
const files = await sample();
const whole = fingerprint(await read(files));
const place = openSync(mark, "w");
const counts: Record<string, number> = {};
const findings = (variant: number, kind: string, what: string): void =>
  void process.stdout.write(`${JSON.stringify({ variant, kind, what })}\n`);

for (let v = Number(from); v < Number(to); v++) {
  writeSync(place, String(v).padEnd(10), 0);
  const damaged = await mutate(files, stream(Number(seed), v));
  const began = performance.now();
  let outcome = "read";
  try {
    fingerprint(await read(damaged));
  } catch (error) {
    outcome = error instanceof SpatialError ? error.code : "error";
    if (outcome === "error") findings(v, "error", (error as Error)?.stack ?? String(error));
    if (trapped(error)) {
      counts["trap"] = (counts["trap"] ?? 0) + 1;
      if (fingerprint(await read(files)) !== whole)
        findings(v, "poisoned", "after a trap the whole sample reads otherwise");
    }
  }
  // Others may have kept the processor busy: only time of this process counts, which takes time to ask for.
  if (performance.now() - began > 1000 * SECONDS) {
    const before = process.cpuUsage();
    await read(damaged).catch(() => undefined);
    const { user, system } = process.cpuUsage(before);
    if (user + system > 1e6 * SECONDS) findings(v, "slow", `${((user + system) / 1e6).toFixed(1)} s`);
  }
  counts[outcome] = (counts[outcome] ?? 0) + 1;
  if (v % 10 !== 9 && v !== Number(to) - 1) continue;
  const megabytes = process.resourceUsage().maxRSS / 1024;
  if (megabytes > MEGABYTES) {
    findings(v, "memory", `${Math.round(megabytes)} MB at this or one of the nine before`);
    process.exit(3);
  }
  if (v % 100 !== 99 && v !== Number(to) - 1) continue;
  process.stdout.write(`${JSON.stringify({ counts, megabytes: Math.round(megabytes) })}\n`);
  if (fingerprint(await read(files)) !== whole)
    findings(v, "poisoned", "the whole sample reads otherwise than before");
}

function trapped(error: unknown): boolean {
  for (let e = error as Error | undefined; e instanceof Error; e = e.cause as Error | undefined)
    if (e instanceof WebAssembly.RuntimeError) return true;
  return false;
}
