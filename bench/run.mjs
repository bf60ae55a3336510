// Everything that is measured, by one command: npm run bench -- [SECTION...] [options]; the sections are below, the options in bench/README.md.
import { resolve } from "node:path";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { findPeers, installPeers } from "./support/peers.mjs";
import { temporary } from "./support/sets.mjs";
import { openStore } from "./support/store.mjs";
import { runGenes } from "./sections/genes.mjs";
import { runAbort } from "./sections/abort.mjs";
import { growing, runGrowth } from "./sections/growth.mjs";
import { runRead } from "./sections/read.mjs";
import { runStart } from "./sections/start.mjs";
import { planOf, runSteps } from "./sections/steps.mjs";
import { goalPlan, goalSets, writeTargets } from "./sections/targets.mjs";
import { runWhole } from "./sections/whole.mjs";

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: "string" },
    js: { type: "string" },
    data: { type: "string", default: resolve(import.meta.dirname, "data") },
    out: { type: "string", default: resolve(import.meta.dirname, "RESULTS.md") },
    sets: { type: "string" },
    only: { type: "string" },
    pairs: { type: "string", default: "2" },
    "peers-m1m": { type: "boolean", default: false },
    entries: { type: "string", default: "1.5e9" },
    pca: { type: "boolean", default: false },
    venv: { type: "string" },
    from: { type: "string" },
  },
});
const list = (text) => text?.split(",");
const asked = positionals.length > 0 ? positionals : ["targets"];
const folder = temporary();
const small = asked.includes("smoke");
const out = small ? resolve(folder, "RESULTS.md") : args.out;
const store = openStore(out);
const peers = findPeers(args);
const common = {
  data: small ? folder : args.data,
  folder,
  store,
  peers,
  peersM1m: args["peers-m1m"],
  only: list(args.only),
  pairs: small ? 1 : Number(args.pairs),
};
const sets = list(args.sets);
const failed = [];

const commands = {
  install: () => installPeers(args),
  async targets() {
    const { only } = common;
    failed.push(...(await runSteps(goalPlan({ ...common, sets }), common)));
    failed.push(...(await runStart("x50k", common)));
    if (only?.includes("whole") !== false) await runWhole(sets ?? goalSets, common);
  },
  whole: () => runWhole(sets ?? goalSets, common),
  steps: async () => failed.push(...(await runSteps(planOf({ ...common, sets }), common))),
  growth: () => runGrowth(sets ?? growing, common),
  start: async () => failed.push(...(await runStart(sets?.[0] ?? "x50k", common))),
  genes: () => runGenes(common),
  abort: async () => failed.push(...(await runAbort(sets ?? ["x50k", "m100k"], common))),
  read: () =>
    runRead(sets ?? ["x50k", "m100k", "m1m"], {
      ...common,
      out,
      entries: Number(args.entries),
      pca: args.pca,
    }),
  /** Every section at sizes of seconds, into a file that is thrown away: does the bench work, do the answers agree? */
  async smoke() {
    failed.push(...(await runSteps(planOf({ ...common, sets: ["t500"] }), common)));
    await runGrowth(["g1k", "g2k", "g3k", "g4k"], common);
    failed.push(...(await runStart("t500", common)));
    await runWhole(["t500"], common);
    await runGenes({ ...common, only: ["hotspot"] });
  },
};

for (const name of asked) {
  if (!(name in commands))
    throw new Error(`no section is called ${name}; there are ${Object.keys(commands).join(", ")}`);
}
for (const name of asked) await commands[name]();
if (!asked.includes("install")) {
  writeTargets(out, store);
  console.log(small ? readFileSync(out, "utf8") : `wrote ${out}`);
}
if (failed.length > 0) {
  console.error(`What is not as it should be:\n${failed.join("\n")}`);
  process.exitCode = 1;
}
