// Whole runs of tissular beside a scanpy + squidpy script that does the same steps, on the same files, in turn.
// usage: node bench/run.mjs --python PYTHON --peers DIR [--data DIR] [--sets v4k,x50k] [--pairs 3] [--variants whole,noumap] [--out bench/RESULTS.md]
// DIR of --peers holds pipeline.py and make_data.py; --data holds (or gets) SET.h5 and SET_obs.csv.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { stream } from "../dist/core.js";
import { putSection } from "./section.mjs";

const { values: args } = parseArgs({
  options: {
    python: { type: "string" },
    peers: { type: "string" },
    data: { type: "string", default: "bench/data" },
    sets: { type: "string", default: "v4k,x50k" },
    pairs: { type: "string", default: "3" },
    variants: { type: "string", default: "whole,noumap" },
    out: { type: "string", default: "bench/RESULTS.md" },
  },
});
if (!args.python || !args.peers) {
  console.error(
    "Say which Python has scanpy and squidpy (--python) and where pipeline.py and make_data.py are (--peers).",
  );
  process.exit(2);
}
const data = resolve(args.data);
const cli = resolve(import.meta.dirname, "../dist/cli.js");
const folder = mkdtempSync(join(tmpdir(), "tissular-bench-"));

/** Seconds and peak memory (MB) of one process, by the operating system's account. */
function timed(command, commandArgs) {
  const log = join(folder, "time.txt");
  const start = performance.now();
  const run = spawnSync("/usr/bin/time", ["-v", "-o", log, command, ...commandArgs], {
    encoding: "utf8",
    maxBuffer: 1e9,
  });
  const seconds = (performance.now() - start) / 1000;
  if (run.status !== 0) throw new Error(`${command} ${commandArgs.join(" ")}: ${run.stderr.slice(-2000)}`);
  const kilobytes = Number(/Maximum resident set size \(kbytes\): (\d+)/.exec(readFileSync(log, "utf8"))[1]);
  return { seconds, megabytes: kilobytes / 1024, output: run.stdout };
}

const median = (x) => {
  const s = [...x].sort((a, b) => a - b);
  return s.length % 2 ? s[(s.length - 1) / 2] : (s[s.length / 2 - 1] + s[s.length / 2]) / 2;
};
const range = (x, digits = 1) =>
  `${median(x).toFixed(digits)} (${Math.min(...x).toFixed(digits)} to ${Math.max(...x).toFixed(digits)})`;

/** 300 random pairs of the file's genes, as the peer's script draws for itself (the synthetic symbols are in no table). */
function randomPairs(h5, obs) {
  const { genes } = JSON.parse(
    execFileSync(process.execPath, [cli, "info", h5, "--positions", obs, "--json"], { encoding: "utf8" }),
  );
  const random = stream(0);
  const gene = () => `Gene${String(random.below(genes)).padStart(5, "0")}`;
  const path = join(folder, "pairs.csv");
  writeFileSync(
    path,
    `ligand,receptor\n${Array.from({ length: 300 }, () => `${gene()},${gene()}`).join("\n")}\n`,
  );
  return path;
}

/** A line of the peer's script: step and seconds. */
const peerSteps = /^(\S.*?)\s{2,}([\d.]+) s/gm;

const lines = [];
const stepTables = [];
try {
  for (const set of args.sets.split(",")) {
    const h5 = join(data, `${set}.h5`);
    const obs = join(data, `${set}_obs.csv`);
    if (!existsSync(h5)) {
      mkdirSync(data, { recursive: true });
      execFileSync(args.python, [resolve(args.peers, "make_data.py"), set], {
        cwd: resolve(data, ".."),
        stdio: "inherit",
      });
    }
    const pairs = randomPairs(h5, obs);
    for (const variant of args.variants.split(",")) {
      const skip = variant === "noumap" ? ["--skip", "umap"] : [];
      const ours = [];
      const theirs = [];
      let run = null;
      let peer = "";
      for (let pair = 0; pair < Number(args.pairs); pair++) {
        const out = join(folder, `${set}-${variant}-${pair}`);
        ours.push(
          timed(process.execPath, [
            cli,
            "analyze",
            h5,
            "--positions",
            obs,
            "--pairs",
            pairs,
            "--out",
            out,
            "--quiet",
            ...skip,
          ]),
        );
        run = JSON.parse(readFileSync(join(out, "run.json"), "utf8"));
        const there = timed(args.python, [
          resolve(args.peers, "pipeline.py"),
          h5,
          obs,
          `${out}-peer`,
          ...skip,
        ]);
        theirs.push(there);
        peer = there.output;
        rmSync(out, { recursive: true });
        console.log(
          `${set} ${variant} ${pair + 1}: ${ours.at(-1).seconds.toFixed(1)} s, peer ${there.seconds.toFixed(1)} s`,
        );
      }
      const ratios = theirs.map((t, i) => t.seconds / ours[i].seconds);
      const memory = theirs.map((t, i) => ours[i].megabytes / t.megabytes);
      lines.push(
        `| ${set} | ${variant === "noumap" ? "without UMAP" : "whole"} | ${range(ours.map((o) => o.seconds))} | ${range(theirs.map((o) => o.seconds))} | **${range(ratios)}** | ${Math.round(median(ours.map((o) => o.megabytes)))} | ${Math.round(median(theirs.map((o) => o.megabytes)))} | ${range(memory, 2)} |`,
      );
      if (variant === "whole") {
        const peerTable = [...peer.matchAll(peerSteps)].map((m) => `${m[1]} ${m[2]}`).join(" · ");
        const ourTable = run.timing.steps.map((s) => `${s.step} ${s.seconds.toFixed(2)}`).join(" · ");
        stepTables.push(
          `**${set}**, last run, seconds by step.\n\n- tissular: ${ourTable}\n- scanpy + squidpy: ${peerTable}`,
        );
      }
    }
  }
  const versions = execFileSync(
    args.python,
    [
      "-c",
      "import importlib.metadata as m; print(', '.join(p + ' ' + m.version(p) for p in ['scanpy','squidpy','numpy','numba','umap-learn','pynndescent','igraph']))",
    ],
    { encoding: "utf8" },
  ).trim();
  const text = `# Whole runs beside scanpy + squidpy

Each pair of runs is cold, one process each, on the same file, in turn; ratio = their seconds / ours, pair by pair. Median (minimum to
maximum) of ${args.pairs} pairs. The same steps on both sides: read, QC and filter, normalize, variable genes, PCA 50, neighbors 15, UMAP,
Leiden, Delaunay graph, neighborhood enrichment with 1,000 permutations, Moran's I of all genes, Wilcoxon markers, ligand-receptor test
with 1,000 permutations, figure, h5ad. tissular also finds tissue modules and their markers and writes the report. The synthetic genes
bear no symbols of the built-in table, so both sides test 300 random pairs of genes.

| set | run | tissular, s | scanpy + squidpy, s | ratio | tissular, MB | peer, MB | memory ratio |
|---|---|---|---|---|---|---|---|
${lines.join("\n")}

${stepTables.join("\n\n")}

Machine: ${cpus().length} x ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}. Peers: ${versions}.
`;
  putSection(args.out, text);
  console.log(text);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
