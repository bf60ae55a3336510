import { days, digits, exponent, machine, median, table, today } from "../support/measure.mjs";
import { prepared, sets as known } from "../support/sets.mjs";
import { startTool } from "../support/workers.mjs";
import { steps } from "../steps.mjs";

export const growing = ["g12.5k", "g25k", "g50k", "g100k"];

/** Each step at four sizes of one panel, tissular alone; the shorter of two calls counts. */
export async function runGrowth(sets, { only, data, folder, store }) {
  const records = store.get("growth");
  const chosen = only ?? Object.keys(steps);
  const found = Object.fromEntries(chosen.map((step) => [step, { cells: [], seconds: [], megabytes: [] }]));
  for (const set of sets) {
    const tool = await startTool("tissular", await prepared(set, data, folder), folder, {});
    for (const step of chosen) {
      const { seconds, megabytes } = await tool.ask(step, { repeats: 3, budget: 2 });
      found[step].cells.push(known[set].cells);
      found[step].seconds.push(Math.min(...seconds));
      found[step].megabytes.push(megabytes);
      console.log(`${set} ${step}: ${digits(median(seconds))} s`);
    }
    await tool.end();
  }
  const sizes = sets.map((set) => known[set].cells).join();
  for (const [step, { cells }] of Object.entries(records)) if (cells.join() !== sizes) delete records[step];
  for (const step of chosen) records[step] = { date: today(), ...found[step] };
  store.get("about").growth = { machine: machine() };
  store.save("growth", growthText(store));
}

export function growthText(store) {
  const records = store.get("growth");
  const { cells } = Object.values(records)[0];
  const rows = Object.keys(steps)
    .filter((step) => step in records)
    .map((step) => {
      const { cells: at, seconds, megabytes } = records[step];
      return [
        step,
        ...seconds.map((s) => digits(s)),
        `**${exponent(at, seconds).toFixed(2)}**`,
        digits(Math.round(megabytes.at(-1))),
      ];
    });
  return `\`npm run bench -- growth\`: tissular alone on four sizes of one panel of 500 genes; the shortest of up to three calls, in seconds. The exponent b is that of seconds = a
cells^b, by least squares on the logarithms. Up to 65,536 cells neighbors compares all pairs, beyond it does not: the exponent is of both
together. Distances of co-occurrence grow with the tissue.

${table(["step", ...cells.map((n) => n.toLocaleString("en")), "exponent", "MB at the last"], rows)}

Measured ${days(Object.values(records))}. Machine: ${store.get("about").growth.machine}.
`;
}
