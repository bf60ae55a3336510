import { digits, median, range, ratios, table } from "../support/measure.mjs";
import { putSection } from "../support/store.mjs";
import { recorded } from "./whole.mjs";

const whole = (set, least) => ({ whole: set, least });
const step = (name, set, least, beside = "scanpy", more = {}) => ({
  step: name,
  set,
  least,
  beside,
  ...more,
});
const everywhere = (name, least, more) =>
  ["v4k", "x50k", "m100k"].map((set) => step(name, set, least, "scanpy", more));

/**
 * What the project set itself: a ratio of at least `least`; `by` says which calls decide where it is not the warm ones. `limit` says what stands in
 * the way of a goal that is missed: where the time goes by the profile, and what bounds it.
 */
export const goals = [
  whole("v4k", 10),
  whole("x50k", 8),
  whole("m100k", 8),
  { million: true, least: 8 },
  ...everywhere("pca", 1),
  step("neighbors", "x50k", 10, "scanpy", { by: "first" }),
  step("neighbors", "m100k", 10, "scanpy", { by: "first" }),
  step("neighbors", "x50k", 3, "scran.js"),
  step("neighbors", "m100k", 3, "scran.js"),
  step("umap", "x50k", 3),
  step("umap", "x50k", 3, "scran.js"),
  step("leiden", "x50k", 1),
  step("leiden", "m100k", 1),
  ...everywhere("moran", 10),
  ...everywhere("geary", 10),
  step("wilcoxon", "v4k", 5),
  step("enrichment", "x50k", 2),
  step("interactions", "x50k", 12),
  step("enrichment-analytic", "x50k", 100),
  step("co-occurrence", "x50k", 40),
  step("ripley-curves", "x50k", 19),
  step("ripley", "x50k", 19, "scanpy", {
    limit:
      "our 100 random patterns have as many points as the largest type (10,657), squidpy's have 1,000: a hundred times the pairs; the curves alone are the row above",
  }),
  { threads: "neighbors", least: 1.5 },
  { threads: "umap", least: 1.3 },
  { threads: "interactions", least: 1.3 },
  { start: true, most: 100 },
];

/** The steps, sets and peers that the goals speak of. */
export function goalPlan({ only, sets, peers }) {
  const names = [...new Set(goals.flatMap((goal) => goal.step ?? [])), "whole", "start"];
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`no target speaks of ${unknown}; there are ${names.join(", ")}`);
  const rows = new Map();
  for (const { step: name, set, beside } of goals) {
    if (name === undefined || only?.includes(name) === false || sets?.includes(set) === false) continue;
    const key = `${set}/${name}`;
    if (!rows.has(key)) rows.set(key, { set, step: name, tools: [] });
    if (peers.tools.includes(beside) && !rows.get(key).tools.includes(beside))
      rows.get(key).tools.push(beside);
  }
  return [...rows.values()];
}

export const goalSets = goals.filter((goal) => goal.whole !== undefined).map((goal) => goal.whole);

const verdict = (value, least) =>
  value >= least
    ? "met"
    : `missed: ${digits(value)} of ${digits(least)}, ${digits(least / value)} times too slow`;
const none = (what, target) => [what, target, "not measured", "", ""];

function wholeRow({ whole: set, least }, records) {
  const what = `whole analyze, cold, ${set}`;
  const target = `>= ${least}x scanpy + squidpy`;
  const record = records[set];
  if (!record?.peer.length) return [none(what, target)];
  const ratio = (mine) =>
    ratios(
      record[mine].map((r) => r.seconds),
      record.peer.map((r) => r.seconds),
    );
  const memory = ratios(
    record.peer.map((r) => r.megabytes),
    record.same.map((r) => r.megabytes),
  );
  const share = median(memory);
  return [
    [
      what,
      target,
      `**${range(ratio("same"))}** for the same steps, ${range(ratio("ours"))} for all that analyze does`,
      "",
      verdict(median(ratio("same")), least),
    ],
    [
      `peak memory, ${set}`,
      "<= 0.5 of theirs",
      `**${range(memory)}**`,
      "",
      share <= 0.5 ? "met" : `missed: ${digits(share)}`,
    ],
  ];
}

function millionRow({ least }, records) {
  const what = "whole analyze, m1m";
  const { seconds, umap, date } = recorded.m1m;
  const record = records.m1m;
  if (!record) return [none(what, `>= ${least}x`), none("peak memory, m1m", "< 6 GB")];
  const mine = record.same.map((r) => r.seconds);
  const apart = record.same.map((r) => r.seconds - r.steps.umap);
  const theirs = record.peer.length ? record.peer.map((r) => r.seconds) : mine.map(() => seconds);
  const rest = record.peer.length
    ? record.peer.map((r) => r.seconds - r.steps.umap)
    : mine.map(() => seconds - umap);
  const source = record.peer.length ? "" : ` (theirs recorded in ${date})`;
  const gigabytes = median(record.same.map((r) => r.megabytes)) / 1000;
  return [
    [
      what,
      `>= ${least}x scanpy + squidpy`,
      `**${range(ratios(mine, theirs))}**; UMAP taken off ${range(ratios(apart, rest))}${source}`,
      "",
      verdict(median(ratios(mine, theirs)), least),
    ],
    [
      "peak memory, m1m",
      "< 6 GB",
      `**${digits(gigabytes)} GB**`,
      "",
      gigabytes < 6 ? "met" : `missed: ${digits(gigabytes)} GB`,
    ],
  ];
}

function stepRow({ step: name, set, least, beside, by }, records) {
  const what = `${name}, ${set}`;
  const peer = beside === "scanpy" && name === "leiden" ? "igraph" : beside;
  const target = `>= ${least}x ${peer}${by === "first" ? ", first call" : ""}`;
  const record = records[`${set}/${name}`];
  if (!record?.tools[beside]) return [none(what, target)];
  const ratio = (kind) => ratios(record.tools.tissular[kind], record.tools[beside][kind]);
  const deciding = by ?? (ratio("warm").length > 0 ? "warm" : "first");
  const other = deciding === "warm" ? "first" : "warm";
  const called = { first: "at the first call", warm: "warm" };
  const more = ratio(other).length > 0 ? `, ${range(ratio(other))} ${called[other]}` : "";
  const { text, ok } = record.agreement[beside];
  return [
    [
      what,
      target,
      `**${range(ratio(deciding))}** ${called[deciding]}${more}`,
      ok ? text : `${text} **(differs)**`,
      verdict(median(ratio(deciding)), least),
    ],
  ];
}

function threadsRow({ threads: name, least }, { threads }) {
  const what = `${name}, x50k, two threads beside one`;
  const found = threads?.[name];
  if (found === undefined) return [none(what, `>= ${least}x, same bytes`)];
  const gain = ratios(found.two, found.one);
  return [
    [
      what.replace("x50k", found.set),
      `>= ${least}x, same bytes`,
      `**${range(gain)}**`,
      found.same ? "same bytes" : "**other bytes**",
      verdict(median(gain), least),
    ],
  ];
}

function startRow({ most }, record) {
  const what = "import of tissular/graph to its first result";
  if (record.import === undefined) return [none(what, `< ${most} ms`)];
  const { milliseconds } = record.import;
  const middle = median(milliseconds);
  return [
    [
      what,
      `< ${most} ms`,
      `**${range(milliseconds)}** ms`,
      "",
      middle < most ? "met" : `missed: ${digits(middle)} ms`,
    ],
  ];
}

/** The table of goals from whatever has been measured so far. */
export function writeTargets(markdown, store) {
  const rowsOf = (goal) => {
    if (goal.whole) return wholeRow(goal, store.get("whole"));
    if (goal.million) return millionRow(goal, store.get("whole"));
    if (goal.step) return stepRow(goal, store.get("steps"));
    if (goal.threads) return threadsRow(goal, store.get("start"));
    return startRow(goal, store.get("start"));
  };
  const found = goals.map((goal) => ({ limit: goal.limit, rows: rowsOf(goal) }));
  const limits = found
    .filter(({ limit, rows }) => limit !== undefined && rows.some((row) => row.at(-1).startsWith("missed")))
    .map(({ limit, rows }) => `- ${rows[0][0]}: ${limit}`);
  putSection(
    markdown,
    "targets",
    `\`npm run bench\` measures the rows of this table; the sections below say how. Ratios: their seconds / ours, median (minimum to maximum) of the
rounds. Where warm calls were measured they decide, unless the target speaks of the first.

${table(
  ["what", "target", "measured", "answers", "verdict"],
  found.flatMap(({ rows }) => rows),
)}
${limits.length > 0 ? `\nWhat stands in the way of those that are missed:\n\n${limits.join("\n")}\n` : ""}`,
  );
}
