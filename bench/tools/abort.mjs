// Stops verbs at several moments. usage: node bench/tools/abort.mjs INPUTS SAMPLE.h5 OBS.csv, then {verb, threads} per line
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { inputs } from "./inputs.mjs";
import { verbs } from "./verbs.mjs";

/** When to stop, as fractions of the whole duration. */
const MOMENTS = [0.02, 0.2, 0.45, 0.7, 0.95];
const schedule = "/proc/self/schedstat";

/** Milliseconds that the main thread has run, without waiting for a processor, where the system tells it (Linux); else the time. */
const busy = () =>
  existsSync(schedule) ? Number(readFileSync(schedule, "utf8").split(" ")[0]) / 1e6 : performance.now();
/** Milliseconds of all threads. */
const used = () => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000;

/** The longest stretch in which a timer got no turn while `work` ran. */
async function watched(work) {
  let [at, ran] = [performance.now(), busy()];
  const longest = { gap: 0, gapBusy: 0 };
  const turn = () => {
    const [now, nowRan] = [performance.now(), busy()];
    longest.gap = Math.max(longest.gap, now - at);
    longest.gapBusy = Math.max(longest.gapBusy, nowRan - ran);
    [at, ran] = [now, nowRan];
  };
  const timer = setInterval(turn, 1);
  const start = performance.now();
  try {
    await work();
  } finally {
    turn();
    clearInterval(timer);
  }
  return { milliseconds: performance.now() - start, ...longest };
}

/** Milliseconds from the moment at which the call was to be stopped to its rejection; null where it was done before. */
async function stopped(call, threads, after) {
  const stop = new AbortController();
  const due = performance.now() + after;
  let usedThen = used();
  const timer = setTimeout(() => {
    usedThen = used();
    stop.abort();
  }, after);
  const outcome = await call({ threads, signal: stop.signal }).then(
    () => "done",
    ({ code, message }) => (code === "aborted" ? "aborted" : message),
  );
  clearTimeout(timer);
  if (outcome === "done") return null;
  if (outcome !== "aborted") throw new Error(outcome);
  return { late: Math.max(0, performance.now() - due), lateBusy: used() - usedThen };
}

const [folder, h5, csv] = process.argv.slice(2);
const calls = verbs(inputs(folder), { h5, csv });
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
say({ verbs: Object.keys(calls) });
for await (const line of createInterface({ input: process.stdin })) {
  const { verb, threads } = JSON.parse(line);
  const call = calls[verb];
  await call({ threads });
  const whole = await watched(() => call({ threads }));
  const stops = [];
  for (const moment of MOMENTS) {
    const found = await stopped(call, threads, moment * whole.milliseconds);
    if (found !== null) stops.push(found);
  }
  say({ ...whole, stops });
}
