// Reading 10x HDF5 beside scanpy.read_10x_h5 on the same files, in turn, and a pass over a matrix larger than memory.
// usage: node bench/read.mjs --python PYTHON --peers DIR [--data DIR] [--sets x50k,m100k,m1m] [--pairs 3] [--entries 1.5e9] [--pca] [--out bench/RESULTS.md]
// PYTHON has scanpy and h5py; DIR of --peers holds make_data.py; --data holds (or gets) SET.h5. --entries 0 leaves the large matrix out; --pca adds PCA to it.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { putSection } from "./section.mjs";

const { values: args } = parseArgs({
  options: {
    python: { type: "string" },
    peers: { type: "string" },
    data: { type: "string", default: "bench/data" },
    sets: { type: "string", default: "x50k,m100k,m1m" },
    pairs: { type: "string", default: "3" },
    entries: { type: "string", default: "1.5e9" },
    pca: { type: "boolean", default: false },
    out: { type: "string", default: "bench/RESULTS.md" },
  },
});
if (!args.python || !args.peers) {
  console.error("Say which Python has scanpy (--python) and where make_data.py is (--peers).");
  process.exit(2);
}
const data = resolve(args.data);
const here = import.meta.dirname;
const warmReads = "5";

const ours = `
import { readSample } from ${JSON.stringify(resolve(here, "../dist/io.js"))};
const [path, began, reads] = process.argv.slice(1);
const seconds = [];
const busy = [];
let stored = 0;
let cold = 0;
for (let i = 0; i <= Number(reads); i++) {
  const start = performance.now();
  const used = process.cpuUsage();
  stored = (await readSample(path)).dataset.counts.data.length;
  if (i === 0) cold = (Date.now() - Number(began)) / 1000;
  else {
    seconds.push((performance.now() - start) / 1000);
    const { user, system } = process.cpuUsage(used);
    busy.push((user + system) / 1e6);
  }
}
console.log(JSON.stringify({ cold, seconds, busy, stored, megabytes: process.resourceUsage().maxRSS / 1024 }));
`;
const theirs = `
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
import scanpy
path, began, reads = sys.argv[1:]
seconds, busy = [], []
for i in range(int(reads) + 1):
    start, used = time.perf_counter(), time.process_time()
    stored = scanpy.read_10x_h5(path).X.nnz
    if i == 0: cold = time.time() - float(began) / 1000
    else:
        seconds.append(time.perf_counter() - start)
        busy.append(time.process_time() - used)
print(json.dumps(dict(cold=cold, seconds=seconds, busy=busy, stored=stored, megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)))
`;

const median = (x) => {
  const s = [...x].sort((a, b) => a - b);
  return s.length % 2 ? s[(s.length - 1) / 2] : (s[s.length / 2 - 1] + s[s.length / 2]) / 2;
};
const range = (x, digits = 2) =>
  `${median(x).toFixed(digits)} (${Math.min(...x).toFixed(digits)} to ${Math.max(...x).toFixed(digits)})`;
const run = (command, commandArgs) => JSON.parse(execFileSync(command, commandArgs, { encoding: "utf8" }));

const lines = [];
for (const set of args.sets.split(",")) {
  const h5 = join(data, `${set}.h5`);
  if (!existsSync(h5)) {
    mkdirSync(data, { recursive: true });
    execFileSync(args.python, [resolve(args.peers, "make_data.py"), set], {
      cwd: resolve(data, ".."),
      stdio: "inherit",
    });
  }
  const pairs = [];
  for (let pair = 0; pair < Number(args.pairs); pair++) {
    const more = () => [h5, String(Date.now()), warmReads];
    const us = run(process.execPath, ["--input-type=module", "-e", ours, ...more()]);
    const them = run(args.python, ["-c", theirs, ...more()]);
    if (us.stored !== them.stored) throw new Error(`${set}: ${us.stored} and ${them.stored} entries`);
    pairs.push({ us, them });
    console.log(
      `${set} ${pair + 1}: warm ${median(us.seconds).toFixed(2)} s, scanpy ${median(them.seconds).toFixed(2)} s`,
    );
  }
  const each = (pick) => range(pairs.map(pick));
  lines.push(
    [
      set,
      each(({ us }) => median(us.seconds)),
      each(({ them }) => median(them.seconds)),
      `**${each(({ us, them }) => median(us.seconds) / median(them.seconds))}**`,
      each(({ us, them }) => median(us.busy) / median(them.busy)),
      each(({ us }) => us.cold),
      each(({ them }) => them.cold),
      Math.round(median(pairs.map(({ us }) => us.megabytes))),
      Math.round(median(pairs.map(({ them }) => them.megabytes))),
    ].join(" | "),
  );
}

let blocks = "";
if (Number(args.entries) > 0) {
  const h5 = join(data, "blocks.h5");
  execFileSync(args.python, [join(here, "make_blocks.py"), h5, args.entries], { stdio: "inherit" });
  try {
    const { rows, cols, entries, steps } = run(process.execPath, [
      join(here, "blocked.mjs"),
      h5,
      ...(args.pca ? ["--pca"] : []),
    ]);
    const table = Object.entries(steps).map(
      ([step, { seconds, peak, passes }]) =>
        `| ${step} | ${passes} | ${seconds.toFixed(0)} | ${Math.round(peak)} |`,
    );
    blocks = `
A matrix that is read in blocks: ${rows} cells x ${cols} genes, ${(entries / 1e9).toFixed(2)} billion stored entries, ${((8 * entries) / 1e9).toFixed(1)} GB
in memory at 8 bytes each (\`bench/make_blocks.py\`; the totals of all genes are checked). Steps of one process, \`bench/blocked.mjs\`; peak is that of the
process up to then. 1,000 variable genes are chosen${args.pca ? ", and 30 components of them" : ""}.

| step | passes | seconds | peak, MB |
|---|---|---|---|
${table.join("\n")}
`;
  } finally {
    for (const file of [h5, h5.replace(/h5$/, "json")]) rmSync(file, { force: true });
  }
}
const versions = execFileSync(
  args.python,
  [
    "-c",
    "import importlib.metadata as m; print(', '.join(p + ' ' + m.version(p) for p in ['scanpy','anndata','h5py','numpy']))",
  ],
  { encoding: "utf8" },
).trim();
const text = `# Reading beside scanpy, and a matrix larger than memory

\`node bench/read.mjs\`: \`readSample\` and \`scanpy.read_10x_h5\` on the same 10x HDF5 files, one process each, in turn. Warm: the median of ${warmReads} reads after
the first one; cold: from the start of the process to the first sample; ratio: our warm seconds / theirs, pair by pair (CPU time is
less disturbed by other work). Median (minimum to
maximum) of ${args.pairs} pairs; peak memory of the whole process.

| set | tissular, warm s | scanpy, warm s | ratio | ratio of CPU time | tissular, cold s | scanpy, cold s | tissular, MB | scanpy, MB |
|---|---|---|---|---|---|---|---|---|
${lines.map((line) => `| ${line} |`).join("\n")}
${blocks}
Machine: ${cpus().length} x ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}. Peers: ${versions}.
`;
putSection(args.out, text);
console.log(text);
