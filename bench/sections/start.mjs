import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { days, machine, range, ratios, table, today } from "../support/measure.mjs";
import { prepared } from "../support/sets.mjs";
import { startTool } from "../support/workers.mjs";

const THREADED = ["neighbors", "umap", "interactions", "enrichment"];
const IMPORTS = 5;

/** One thread and two in turn, whether the bytes are the same; a fresh process from import to first result. */
export async function runStart(set, { only, pairs, data, folder, store }) {
  const record = store.get("start");
  record.threads ??= {};
  const steps = THREADED.filter((name) => only?.includes(name) !== false);
  if (steps.length > 0) {
    const tool = await startTool("tissular", await prepared(set, data, folder), folder, {});
    for (const step of steps)
      record.threads[step] = { set, date: today(), ...(await oneAndTwo(tool, step, pairs)) };
    await tool.end();
  }
  if (only?.includes("start") !== false)
    record.import = { date: today(), milliseconds: Array.from({ length: IMPORTS }, firstResult) };
  store.get("about").start = { machine: machine() };
  store.save("start", startText(store));
  return Object.entries(record.threads)
    .filter(([, { same }]) => !same)
    .map(([step]) => `${step}: other bytes on two threads`);
}

async function oneAndTwo(tool, step, pairs) {
  const found = { one: [], two: [], same: true };
  await tool.ask(step, { threads: 2 });
  for (let pair = 0; pair < pairs; pair++) {
    const one = await tool.ask(step, { threads: 1 });
    const two = await tool.ask(step, { threads: 2 });
    found.one.push(one.seconds[0]);
    found.two.push(two.seconds[0]);
    found.same &&= sameBytes(one.answer, two.answer);
  }
  console.log(`${step}: one thread ${range(found.one)} s, two ${range(found.two)} s`);
  return found;
}

function sameBytes(one, two) {
  const bytes = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  return Object.keys(one).every((name) => bytes(one[name]).equals(bytes(two[name])));
}

/** Milliseconds from before the import of tissular/graph to a neighbor graph of 100 points. */
function firstResult() {
  const graph = pathToFileURL(resolve(import.meta.dirname, "../../dist/graph.js")).href;
  const script = `
const start = performance.now();
const { neighborGraph } = await import(${JSON.stringify(graph)});
const data = Float32Array.from({ length: 1000 }, (_, i) => (i * 7919) % 1009);
const { knn } = await neighborGraph({ kind: "dense", rows: 100, cols: 10, data });
if (knn.indices.length !== 1400) throw new Error("wrong");
console.log(performance.now() - start);`;
  return Number(execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }));
}

export function startText(store) {
  const { threads, import: first } = store.get("start");
  const rows = Object.entries(threads).map(([step, { set, one, two, same }]) => [
    step,
    set,
    range(one),
    range(two),
    `**${range(ratios(two, one))}**`,
    same ? "same" : "**other**",
  ]);
  return `\`npm run bench -- start\`: the same call on one thread and on two, in turn, warm; median (minimum to maximum).

${table(["step", "set", "one thread, s", "two threads, s", "ratio", "bytes"], rows)}

${first ? `Import of \`tissular/graph\` and a neighbor graph of 100 points, fresh processes: ${range(first.milliseconds)} ms.` : ""}

Measured ${days(Object.values(threads), first ? [first] : [])}. Machine: ${store.get("about").start.machine}.
`;
}
