// Feeds every reader damaged samples, each reader in a process of its own that is watched:
//   node test/io/fuzz/run.mjs [--variants 10000] [--seed 1] [--reader NAME]... [--from N] [--at-once 1]
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const { values: options } = parseArgs({
  options: {
    variants: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    reader: { type: "string", multiple: true },
    from: { type: "string", default: "0" },
    "at-once": { type: "string", default: "1" },
  },
});
const HANG_SECONDS = 20;
const MOST_FINDINGS = 40;

const root = resolve(import.meta.dirname, "../../..");
const folder = mkdtempSync(join(root, "node_modules", ".fuzz-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
const bundle = async (name) => {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, `${name}.ts`)],
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    define: { "import.meta.url": JSON.stringify(pathToFileURL(join(root, "test/io/platforms.ts")).href) },
    outfile,
  });
  return outfile;
};
const child = await bundle("child");
const { cases } = await import(pathToFileURL(await bundle("cases")).href);

/** Variants [from, to) of a reader; a process that hangs or dies is followed by one that begins behind that variant. */
async function fuzz(reader) {
  const end = Number(options.from) + Number(options.variants);
  const counts = {};
  const findings = [];
  let megabytes = 0;
  const began = performance.now();
  for (let from = Number(options.from); from < end && findings.length < MOST_FINDINGS;) {
    const mark = join(folder, `${encodeURIComponent(reader)}.mark`);
    const at = () => Number(readFileSync(mark, "utf8"));
    const args = ["--max-old-space-size=600", child, reader, options.seed, from, end, mark].map(String);
    const run = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let [out, errors] = ["", ""];
    run.stdout.on("data", (data) => (out += data));
    run.stderr.on("data", (data) => (errors = (errors + data).slice(-4000)));
    let last = -1;
    let since = Date.now();
    let hung = false;
    const watch = setInterval(() => {
      let now = -1;
      try {
        now = at();
      } catch {
        return; // not begun yet
      }
      if (now !== last) [last, since] = [now, Date.now()];
      else if (Date.now() - since > 1000 * HANG_SECONDS) {
        hung = true;
        run.kill("SIGKILL");
      }
    }, 500);
    const code = await new Promise((ended) => run.on("close", ended));
    clearInterval(watch);
    let done = {};
    for (const line of out.split("\n").filter((l) => l !== "")) {
      const message = JSON.parse(line);
      if (message.kind !== undefined) findings.push(message);
      else [done, megabytes] = [message.counts, Math.max(megabytes, message.megabytes)];
    }
    for (const [k, v] of Object.entries(done)) counts[k] = (counts[k] ?? 0) + v;
    if (code === 0) break;
    if (last < 0 && !existsSync(mark)) {
      findings.push({ variant: from, kind: "sample", what: `the sound sample is not read: ${errors}` });
      break;
    }
    if (hung) findings.push({ variant: at(), kind: "hang", what: `over ${HANG_SECONDS} s` });
    else if (code !== 3) findings.push({ variant: at(), kind: "crash", what: `exit ${code}: ${errors}` });
    from = at() + 1;
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const outcomes = Object.entries(counts).map(([k, v]) => `${k} ${v}`);
  console.log(
    `${findings.length === 0 ? "ok     " : "FINDING"} ${reader}: ${outcomes.sort().join(", ")}; ${seconds} s, ${megabytes} MB`,
  );
  for (const { variant, kind, what } of findings)
    console.log(
      `  ${kind}: --reader ${reader} --seed ${options.seed} --from ${variant} --variants 1\n    ${what.split("\n").slice(0, 12).join("\n    ")}`,
    );
  return findings.length;
}

const readers = options.reader ?? Object.keys(cases);
let found = 0;
const lane = async () => {
  for (let reader = readers.shift(); reader !== undefined; reader = readers.shift())
    found += await fuzz(reader);
};
await Promise.all(Array.from({ length: Number(options["at-once"]) }, lane));
process.exit(found === 0 ? 0 : 1);
