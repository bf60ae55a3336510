import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { named } from "../support/peers.mjs";
import { digits, machine, median, range, table, today } from "../support/measure.mjs";
import { sample } from "../support/sets.mjs";
import { putSection } from "../support/store.mjs";

const here = import.meta.dirname;
const WARM_READS = 5;

const ours = `
import { readSample } from ${JSON.stringify(resolve(here, "../../dist/io.js"))};
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

const run = (command, commandArgs) => JSON.parse(execFileSync(command, commandArgs, { encoding: "utf8" }));

/** Reading 10x HDF5 beside scanpy.read_10x_h5 in turn, then passes over a matrix larger than memory (none if `entries` is 0). */
export async function runRead(sets, { pairs, peers, data, out, entries, pca }) {
  if (peers.python === undefined) throw new Error("read compares with scanpy: give --python");
  const rows = [];
  for (const set of sets) rows.push(await readRow(set, { pairs, peers, data }));
  const text = `\`npm run bench -- read\`: \`readSample\` and \`scanpy.read_10x_h5\` on the same 10x HDF5 files, one process each, in turn. Warm: the median of ${WARM_READS} reads after
the first one; cold: from the start of the process to the first sample; ratio: our warm seconds / theirs, pair by pair (CPU time is
less disturbed by other work). Median (minimum to maximum) of the pairs; peak memory of the whole process.

${table(
  [
    ...["set", "tissular, warm s", "scanpy, warm s", "ratio", "ratio of CPU time"],
    ...["tissular, cold s", "scanpy, cold s", "tissular, MB", "scanpy, MB"],
  ],
  rows,
)}
${entries > 0 ? inBlocks({ peers, data, entries, pca }) : ""}
Measured ${today()}. Machine: ${machine()}. Peers: ${named(peers.versions)}.
`;
  putSection(out, "read", text);
}

async function readRow(set, { pairs, peers, data }) {
  const { h5 } = await sample(set, data);
  const found = [];
  for (let pair = 0; pair < pairs; pair++) {
    const more = () => [h5, String(Date.now()), String(WARM_READS)];
    const us = run(process.execPath, ["--input-type=module", "-e", ours, ...more()]);
    const them = run(peers.python, ["-c", theirs, ...more()]);
    if (us.stored !== them.stored) throw new Error(`${set}: ${us.stored} and ${them.stored} entries`);
    found.push({ us, them });
    const [mine, other] = [us, them].map(({ seconds }) => digits(median(seconds)));
    console.log(`${set} ${pair + 1}/${pairs} read: warm ${mine} s, scanpy ${other} s`);
  }
  const each = (pick) => range(found.map(pick));
  return [
    set,
    each(({ us }) => median(us.seconds)),
    each(({ them }) => median(them.seconds)),
    `**${each(({ us, them }) => median(us.seconds) / median(them.seconds))}**`,
    each(({ us, them }) => median(us.busy) / median(them.busy)),
    each(({ us }) => us.cold),
    each(({ them }) => them.cold),
    Math.round(median(found.map(({ us }) => us.megabytes))),
    Math.round(median(found.map(({ them }) => them.megabytes))),
  ];
}

function inBlocks({ peers, data, entries, pca }) {
  mkdirSync(data, { recursive: true });
  const h5 = join(data, "blocks.h5");
  execFileSync(peers.python, [resolve(here, "../make_blocks.py"), h5, String(entries)], { stdio: "inherit" });
  try {
    const found = run(process.execPath, [resolve(here, "../blocked.mjs"), h5, ...(pca ? ["--pca"] : [])]);
    const rows = Object.entries(found.steps).map(([step, { seconds, peak, passes }]) => [
      step,
      passes,
      seconds.toFixed(0),
      Math.round(peak),
    ]);
    return `
A matrix that is read in blocks: ${found.rows} cells x ${found.cols} genes, ${(found.entries / 1e9).toFixed(2)} billion stored entries, ${((8 * found.entries) / 1e9).toFixed(1)} GB
in memory at 8 bytes each (\`bench/make_blocks.py\`; the totals of all genes are checked). Steps of one process, \`bench/blocked.mjs\`; peak is that of the
process up to then. 1,000 variable genes are chosen${pca ? ", and 30 components of them" : ""}.

${table(["step", "passes", "seconds", "peak, MB"], rows)}
`;
  } finally {
    for (const file of [h5, h5.replace(/h5$/, "json")]) rmSync(file, { force: true });
  }
}
