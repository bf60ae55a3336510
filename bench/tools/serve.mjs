import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { writeArray } from "./arrays.mjs";

const status = "/proc/self/status";

/** Peak memory from here on where the system tells it (Linux), else that of the whole process, MB. */
function peakFromHere() {
  if (!existsSync(status)) return () => process.resourceUsage().maxRSS / 1024;
  writeFileSync("/proc/self/clear_refs", "5");
  return () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(status, "utf8"))[1]) / 1024;
}

/**
 * A tool that works on demand: each line of standard input asks for a step, each line of standard output answers with seconds per call,
 * peak memory and the names of the arrays it wrote.
 *
 * `steps[name](inputs, run)` prepares what is not timed and returns `{ call, answer }`: `call()` is timed, `answer(result)` gives arrays by name.
 */
export async function serve(inputs, steps) {
  const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  say({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const { step, repeats, budget, threads, answers } = JSON.parse(line);
    const { call, answer } = await steps[step](inputs, threads === undefined ? {} : { threads });
    globalThis.gc?.();
    const peak = peakFromHere();
    const seconds = [];
    let result;
    for (let i = 0, spent = 0; i < repeats && (i === 0 || spent < budget); i++) {
      const start = performance.now();
      result = await call();
      seconds.push((performance.now() - start) / 1000);
      spent += seconds.at(-1);
    }
    const megabytes = peak();
    const arrays = Object.entries(answer(result));
    for (const [name, array] of arrays) writeArray(answers, `${name}.f64`, array);
    say({ seconds, megabytes, arrays: arrays.map(([name]) => name) });
  }
}
