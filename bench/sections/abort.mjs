import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { days, digits, machine, table, today } from "../support/measure.mjs";
import { prepared, sample } from "../support/sets.mjs";

/** Shorter ones are tried at the next size. */
const LONG = 300;
/** What is asked for: milliseconds from the wish to the end. */
const MOST = 100;

/** Every asynchronous verb stopped at several moments, on one thread and on two, at the first size at which it is long. */
export async function runAbort(sets, { only, data, folder, store }) {
  const records = store.get("abort");
  const short = new Set();
  for (const [at, set] of sets.entries()) {
    const tool = await startAbort(await prepared(set, data, folder), await sample(set, data));
    for (const verb of tool.verbs) {
      if (only?.includes(verb) === false || (at > 0 && !short.has(verb))) continue;
      const threads = { 1: await tool.ask(verb, 1), 2: await tool.ask(verb, 2) };
      records[verb] = { set, date: today(), threads };
      console.log([verb, ...cells(records[verb])].join(" | "));
      if (threads[1].milliseconds < LONG) short.add(verb);
      else short.delete(verb);
    }
    await tool.end();
  }
  store.get("about").abort = { machine: machine() };
  store.save("abort", abortText(store));
  return Object.entries(records)
    .filter(([, { threads }]) => Math.max(...Object.values(threads).map(lateBusy)) > MOST)
    .map(([verb]) => `${verb}: takes longer than ${MOST} ms to stop`);
}

async function startAbort(inputs, { h5, csv }) {
  const program = resolve(import.meta.dirname, "../tools/abort.mjs");
  const child = spawn(process.execPath, [program, inputs, h5, csv], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((done) => child.on("close", done));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (doing) => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`it ended while ${doing}`);
    return JSON.parse(value);
  };
  const { verbs } = await next("it started");
  return {
    verbs,
    ask(verb, threads) {
      child.stdin.write(`${JSON.stringify({ verb, threads })}\n`);
      return next(`${verb} ran`);
    },
    async end() {
      child.stdin.end();
      await ended;
    },
  };
}

const worst = (values) => values.reduce((most, v) => Math.max(most, v), 0);
const late = ({ stops }) => worst(stops.map((stop) => stop.late));
const lateBusy = ({ stops }) => worst(stops.map((stop) => Math.min(stop.late, stop.lateBusy)));

const cells = ({ set, threads }) => [
  set,
  digits(threads[1].milliseconds / 1000),
  ...[1, 2].flatMap((t) => [
    threads[t].stops.length === 0 ? "-" : `${digits(late(threads[t]))} (${digits(lateBusy(threads[t]))})`,
    `${digits(threads[t].gap)} (${digits(threads[t].gapBusy)})`,
  ]),
];

export function abortText(store) {
  const records = store.get("abort");
  return `\`npm run bench -- abort\`: asynchronous verbs, warm, at x50k, or at m100k where they are shorter than ${LONG} ms there. Stopped after: the longest of five
waits, at 2 to 95 % of the duration, from the moment at which the signal was due to the rejection. Longest gap: in which a timer of 1 ms got no
turn in a whole run. In brackets the processor's part of each: CPU time of all threads from the signal to the rejection, of this thread in
the gap. A dash: it was done before it could be stopped. Asked for: at most ${MOST} ms.

${table(
  [
    "verb",
    "set",
    "s",
    "stopped after, ms",
    "longest gap, ms",
    "two threads: stopped after, ms",
    "longest gap, ms",
  ],
  Object.entries(records).map(([verb, record]) => [verb, ...cells(record)]),
)}

Measured ${days(Object.values(records))}. Machine: ${store.get("about").abort.machine}.
`;
}
