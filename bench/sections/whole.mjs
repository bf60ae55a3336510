import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { stream } from "../../dist/core.js";
import { named } from "../support/peers.mjs";
import { days, digits, machine, median, range, ratios, table, timed, today } from "../support/measure.mjs";
import { sample } from "../support/sets.mjs";

const here = import.meta.dirname;
const cli = resolve(here, "../../dist/cli.js");

/** A run of the same steps with scanpy and squidpy at a million cells; it takes 45 minutes and is made only when asked for. */
export const recorded = { m1m: { seconds: 2661, umap: 1729, megabytes: 15100, date: "November 2026" } };

/** Cold runs in turn: tissular, tissular without what the peers' script does not do, the peers. */
export async function runWhole(sets, { pairs, peers, peersM1m, data, folder, store }) {
  const records = store.get("whole");
  for (const set of sets) {
    const { h5, csv } = await sample(set, data);
    const table = randomPairs(h5, csv, folder);
    const record = { date: today(), ours: [], same: [], peer: [] };
    for (let pair = 0; pair < pairs; pair++) {
      const analyze = (...more) => {
        const out = join(folder, "analyzed");
        const { seconds, megabytes } = timed(folder, process.execPath, [
          ...[cli, "analyze", h5, "--positions", csv, "--pairs", table],
          ...["--out", out, "--quiet", ...more],
        ]);
        const { timing } = JSON.parse(readFileSync(join(out, "run.json"), "utf8"));
        rmSync(out, { recursive: true });
        return {
          seconds,
          megabytes,
          steps: Object.fromEntries(timing.steps.map((s) => [s.step, s.seconds])),
        };
      };
      record.ours.push(analyze());
      record.same.push(analyze("--skip", "modules"));
      if (peers.tools.includes("scanpy") && (set !== "m1m" || peersM1m)) {
        const out = join(folder, "peer");
        const script = resolve(here, "../tools/whole.py");
        const run = timed(folder, peers.python, [script, h5, csv, table, out]);
        rmSync(out, { recursive: true });
        const { seconds: steps } = JSON.parse(run.output.trim().split("\n").at(-1));
        record.peer.push({ seconds: run.seconds, megabytes: run.megabytes, steps });
      }
      const told = ["ours", "same", "peer"].map((who) => record[who].at(-1)?.seconds);
      console.log(
        `${set} ${pair + 1}/${pairs} whole: ${told.map((s) => (s ? digits(s) : "-")).join(", ")} s`,
      );
    }
    records[set] = record;
    store.get("about").whole = { machine: machine(), versions: named(peers.versions) };
    store.save("whole", wholeText(store));
  }
}

/** 300 random pairs of the file's genes: the synthetic symbols are in no table. */
function randomPairs(h5, csv, folder) {
  const asked = [cli, "info", h5, "--positions", csv, "--json"];
  const { genes } = JSON.parse(execFileSync(process.execPath, asked, { encoding: "utf8" }));
  const random = stream(0);
  const gene = () => `Gene${String(random.below(genes)).padStart(5, "0")}`;
  const path = join(folder, "pairs.csv");
  const lines = Array.from({ length: 300 }, () => `${gene()},${gene()}`);
  writeFileSync(path, `${["ligand,receptor", ...new Set(lines)].join("\n")}\n`);
  return path;
}

const without = (run) => run.seconds - (run.steps.umap ?? 0);

export function wholeText(store) {
  const records = store.get("whole");
  const rows = [];
  for (const [set, { ours, same, peer }] of Object.entries(records)) {
    const row = (who, mine, of) => {
      const beside = peer.length > 0 ? peer : [];
      const memory = ratios(
        beside.map((r) => r.megabytes),
        mine.map((r) => r.megabytes),
      );
      rows.push([
        set,
        who,
        range(mine.map(of)),
        range(beside.map(of)),
        beside.length ? `**${range(ratios(mine.map(of), beside.map(of)))}**` : "",
        digits(Math.round(median(mine.map((r) => r.megabytes)))),
        beside.length ? digits(Math.round(median(beside.map((r) => r.megabytes)))) : "",
        range(memory),
      ]);
    };
    row("all that analyze does", ours, (r) => r.seconds);
    row("the same steps", same, (r) => r.seconds);
    row("the same steps, UMAP taken off", same, without);
  }
  const lists = Object.entries(records).map(([set, { ours, peer }]) => {
    const list = (run) =>
      Object.entries(run.steps)
        .map(([step, seconds]) => `${step} ${digits(seconds)}`)
        .join(" · ");
    const theirs = peer.length ? `\n- scanpy + squidpy: ${list(peer.at(-1))}` : "";
    return `**${set}**, last run, seconds by step.\n\n- tissular: ${list(ours.at(-1))}${theirs}`;
  });
  const { seconds, umap, megabytes, date } = recorded.m1m;
  const { machine: where, versions } = store.get("about").whole;
  return `\`npm run bench -- whole\`: each run is cold, a process of its own, on the same file, in turn; ratio: their seconds / ours, pair by pair; memory ratio: ours /
theirs. Median (minimum to maximum) of the pairs. The same steps on both sides: read, QC and filter, normalize, variable genes (above 2,000 genes),
PCA 50, neighbors 15, UMAP, Leiden, Delaunay graph, neighborhood enrichment with 1,000 permutations, Moran's I of all genes, Wilcoxon
markers, ligand-receptor test of the same 300 random pairs of genes with 1,000 permutations, figure, h5ad. All that analyze does: tissue modules and
their markers too; both rows write the report. The peers' script is \`bench/tools/whole.py\`.

${table(["set", "what", "tissular, s", "scanpy + squidpy, s", "ratio", "tissular, MB", "peers, MB", "memory ratio"], rows)}

At a million cells the peers take 45 minutes: \`--peers-m1m\` runs them. A run recorded in ${date} took ${digits(seconds)} s (UMAP ${digits(umap)} of them) and
${digits(megabytes / 1000)} GB.

${lists.join("\n\n")}

Measured ${days(Object.values(records))}. Machine: ${where}. Peers: ${versions || "none installed"}.
`;
}
