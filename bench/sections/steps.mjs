import { agreement } from "../support/agreement.mjs";
import { named } from "../support/peers.mjs";
import { days, digits, machine, median, range, ratios, table, today } from "../support/measure.mjs";
import { prepared } from "../support/sets.mjs";
import { startTool } from "../support/workers.mjs";
import { peerRuns, steps } from "../steps.mjs";

/** A step that took longer than this at its very first call is not called warm. */
const LONGEST = 15;
const WARM = { repeats: 5, budget: 2 };

/**
 * What is to be measured, as { set, step, tools }: the named steps at the named sets, by default each at its own. Peers take part where
 * they are installed; at a million cells only when asked for.
 */
export function planOf({ only, sets, peers, peersM1m }) {
  const chosen = only ?? Object.keys(steps);
  for (const step of chosen) {
    if (!(step in steps))
      throw new Error(`no step is called ${step}; there are ${Object.keys(steps).join(", ")}`);
  }
  return chosen.flatMap((step) =>
    (sets ?? steps[step].sets).map((set) => {
      const beside = set === "m1m" && !peersM1m ? [] : steps[step].beside;
      const there = beside.filter((tool) => peers.tools.includes(tool) && peerRuns(step, tool, set));
      return { set, step, tools: there };
    }),
  );
}

/** Measures a plan in pairs of rounds and saves after each set; gives the comparisons that failed. */
export async function runSteps(plan, { pairs, peers, data, folder, store }) {
  const records = store.get("steps");
  const failed = [];
  for (const set of new Set(plan.map((row) => row.set))) {
    const rows = plan.filter((row) => row.set === set);
    const inputs = await prepared(set, data, folder);
    for (let pair = 0; pair < pairs; pair++) {
      const tools = new Map();
      for (const name of new Set(["tissular", ...rows.flatMap((row) => row.tools)]))
        tools.set(name, await startTool(name, inputs, folder, peers));
      for (const { step, tools: beside } of rows) {
        const record = pair === 0 ? { tools: {}, agreement: {} } : records[`${set}/${step}`];
        const taking = ["tissular", ...beside].map((name) => tools.get(name));
        const answers = await measureRound(step, taking, record.tools);
        records[`${set}/${step}`] = { ...record, date: today() };
        for (const name of pair > 0 ? [] : beside.length > 0 ? beside : [null]) {
          const compare = agreement[steps[step].check ?? step];
          const { text, ok } = compare(inputs, answers.tissular, name && answers[name]);
          if (name !== null || text !== "") record.agreement[name ?? "tissular"] = { text, ok };
          if (!ok) failed.push(`${step} at ${set}, ${name ?? "alone"}: ${text}`);
        }
        console.log(`${set} ${pair + 1}/${pairs} ${step}: ${spoken(record.tools)}`);
      }
      for (const tool of tools.values()) await tool.end();
    }
    store.get("about").steps = { machine: machine(), versions: named(peers.versions) };
    store.save("steps", stepsText(store));
  }
  return failed;
}

/** First calls of all tools in turn, then calls again, in turn. */
async function measureRound(step, tools, record) {
  const answers = {};
  for (const tool of tools) {
    const { seconds, megabytes, answer } = await tool.ask(step);
    const mine = (record[tool.name] ??= { first: [], warm: [], megabytes: [] });
    mine.first.push(seconds[0]);
    mine.megabytes.push(megabytes);
    answers[tool.name] = answer;
  }
  for (const tool of tools) {
    const mine = record[tool.name];
    if (mine.first[0] < LONGEST) mine.warm.push(median((await tool.ask(step, WARM)).seconds));
  }
  return answers;
}

const spoken = (tools) =>
  Object.entries(tools)
    .map(
      ([name, { first, warm }]) =>
        `${name} ${digits(first.at(-1))} s${warm.length ? `, then ${digits(warm.at(-1))}` : ""}`,
    )
    .join("; ");

export function stepsText(store) {
  const records = store.get("steps");
  const rows = [];
  const inOrder = (a, b) => Object.keys(steps).indexOf(a) - Object.keys(steps).indexOf(b);
  for (const step of [...new Set(Object.keys(records).map((key) => key.split("/")[1]))].sort(inOrder)) {
    for (const [key, { tools, agreement: found }] of Object.entries(records)) {
      if (key.split("/")[1] !== step) continue;
      const ours = tools.tissular;
      for (const [name, { first, warm, megabytes }] of Object.entries(tools)) {
        const ratio = (kind) =>
          name === "tissular" ? "" : `**${range(ratios(ours[kind], tools[name][kind]))}**`;
        rows.push([
          step,
          key.split("/")[0],
          name,
          range(first),
          range(warm),
          ratio("first"),
          warm.length && ours.warm.length ? ratio("warm") : "",
          digits(Math.round(median(megabytes))),
          found[name] ? `${found[name].text}${found[name].ok ? "" : " **(differs)**"}` : "",
        ]);
      }
    }
  }
  const { machine: where, versions } = store.get("about").steps;
  return `\`npm run bench -- steps\`: all tools of a set start from the same arrays (counts, log values, scores, graphs, labels), each in a process of its own
that stays; a step is called by one tool after the other, then once more round. First call: with whatever is compiled, started or
cached at first use; warm: the median of up to ${WARM.repeats} later calls, left out where the first one took over ${LONGEST} s. Ratio: their seconds / ours, round by
round. Median (minimum to maximum) of the rounds. Memory: peak of the whole process during the step, inputs included. Squidpy and
igraph run as their defaults have it; tissular, numba, scran.js and BLAS on all cores.

${Object.entries(steps)
  .map(([name, { what }]) => `- ${name}: ${what}`)
  .join("\n")}

${table(["step", "set", "tool", "first call, s", "warm, s", "ratio of first calls", "warm ratio", "MB", "answers"], rows)}

Measured ${days(Object.values(records))}. Machine: ${where}. Peers: ${versions || "none installed"}.
`;
}
