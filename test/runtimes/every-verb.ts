// Calls every asynchronous verb and prints a digest of each answer, then errors as they reach the caller, as JSON.
import { createHash } from "node:crypto";
import { SpatialError } from "../../src/core/index.ts";
import { neighborGraph } from "../../src/graph/index.ts";
import { type Call, withThreads } from "../../src/kernels/wasm/threads.ts";
import { dense } from "../../src/model/index.ts";
import { tsne, umap } from "../../src/reduce/index.ts";
import { calls } from "../support/calls.ts";

/** Seconds and megabytes of a run. */
const TIMES = new Set(["timings"]);
/** Bytes with times in them, or packed by the runtime's own gzip. */
const OTHER_BYTES = new Set(["writeH5ad", "writeTenxH5", "writeMtx"]);

function digest(value: unknown): string {
  const hash = createHash("sha256");
  const add = (v: unknown): void => {
    if (ArrayBuffer.isView(v)) hash.update(new Uint8Array(v.buffer, v.byteOffset, v.byteLength));
    else if (v instanceof Map || Array.isArray(v)) for (const part of v) add(part);
    else if (typeof v === "object" && v !== null) {
      for (const [name, part] of Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (TIMES.has(name) || typeof part === "function") continue;
        hash.update(name);
        add(part);
      }
    } else hash.update(String(v));
  };
  add(value);
  return hash.digest("hex");
}

async function thrown(work: () => Promise<unknown>): Promise<string> {
  const error = await work().then(
    () => new Error("nothing was thrown"),
    (e: Error) => e,
  );
  const { name, message } = error;
  if (!(error instanceof SpatialError)) return JSON.stringify({ name, message });
  const { code, subject, hint, cause } = error;
  return JSON.stringify({
    name,
    message,
    code,
    subject,
    hint,
    cause: cause instanceof Error ? cause.message : cause,
  });
}

const found: Record<string, string> = {};
for (const [name, call] of Object.entries(calls)) {
  const answer = await call({ threads: 2 });
  if (!OTHER_BYTES.has(name)) found[name] = digest(answer);
}

const VALUES = 65536;
// Enough points for threads.
const n = 3000;
const points = dense(
  n,
  4,
  Float32Array.from({ length: 4 * n }, (_, i) => ((i * 7919) % 10007) / 1000),
);
const { graph } = await neighborGraph(points, { threads: 2 });
found["tsne on threads"] = digest(await tsne(points, { earlyIterations: 30, iterations: 30, threads: 2 }));
found["umap on threads"] = digest(await umap(graph, { epochs: 20, threads: 2 }));

/** Calls of which those on the second thread write far outside the memory, again until it takes part. */
const beyond = (): Promise<void> =>
  withThreads(20 * VALUES, { threads: 2 }, async (arena) => {
    const [x, out] = [arena.u32(4 * VALUES).byteOffset, arena.u32(VALUES).byteOffset];
    const calls = new Array<Call>(5000).fill([x, 8, 0, 0, VALUES, out]);
    for (let again = 0; again < 50; again++) await arena.spread("trap", "distancesTo", calls, { 5: 4e9 });
  });
const stopped = AbortSignal.abort(new Error("enough"));
found["error on another thread"] = await thrown(beyond);
found["no memory"] = await thrown(() => withThreads(5e9, { threads: 2 }, async () => undefined));
found["stopped"] = await thrown(() => umap(graph, { signal: stopped, threads: 2 }));
found["bad input"] = await thrown(() => neighborGraph(dense(2, 1, Float32Array.of(1, NaN)), { threads: 2 }));
found["threads after an error"] = digest(await umap(graph, { epochs: 20, threads: 2 }));
if (found["threads after an error"] !== found["umap on threads"])
  throw new Error("other bytes after an error");
console.log(JSON.stringify(found));
