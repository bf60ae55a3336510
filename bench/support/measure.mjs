import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Three significant digits, none after the point from 100 on. */
export const digits = (value) => (value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString());

/** "median (minimum to maximum)"; one value alone; a dash for none. */
export function range(values, format = digits) {
  if (values.length === 0) return "-";
  const middle = format(median(values));
  return values.length === 1
    ? middle
    : `${middle} (${format(Math.min(...values))} to ${format(Math.max(...values))})`;
}

/** Ratios pair by pair: theirs / ours. */
export const ratios = (ours, theirs) =>
  Array.from({ length: Math.min(ours.length, theirs.length) }, (_, i) => theirs[i] / ours[i]);

/** The exponent b of y = a x^b through the points, by least squares on the logarithms. */
export function exponent(x, y) {
  const [lx, ly] = [x.map(Math.log), y.map(Math.log)];
  const mean = (v) => v.reduce((s, a) => s + a, 0) / v.length;
  const [mx, my] = [mean(lx), mean(ly)];
  const over = lx.reduce((s, a, i) => s + (a - mx) * (ly[i] - my), 0);
  return over / lx.reduce((s, a) => s + (a - mx) ** 2, 0);
}

/** Seconds, peak memory (MB) and output of one process, by the operating system's account (GNU time). */
export function timed(folder, command, commandArgs) {
  const log = join(folder, "time.txt");
  const start = performance.now();
  const run = spawnSync("/usr/bin/time", ["-v", "-o", log, command, ...commandArgs], {
    encoding: "utf8",
    maxBuffer: 1e9,
  });
  const seconds = (performance.now() - start) / 1000;
  if (run.status !== 0)
    throw new Error(`${command} ${commandArgs.join(" ")}: ${run.stderr?.slice(-2000) ?? run.error}`);
  const kilobytes = Number(/Maximum resident set size \(kbytes\): (\d+)/.exec(readFileSync(log, "utf8"))[1]);
  return { seconds, megabytes: kilobytes / 1024, output: run.stdout };
}

/** The machine and this Node, in words. */
export const machine = () =>
  `${cpus().length} x ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;

/** The day, or the first and the last, that records bear. */
export function days(...lists) {
  const dates = lists.flat().map((record) => record.date);
  const [first, last] = [dates.sort()[0], dates.sort().at(-1)];
  return first === last ? first : `${first} to ${last}`;
}

export const today = () => new Date().toISOString().slice(0, 10);

export const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
