import { resolve, sep } from "node:path";
import { SpatialError } from "../core/errors.ts";
import { residentMegabytes } from "../core/memory.ts";
import { version } from "../core/version.ts";
import { parseInteractions } from "../communicate/index.ts";
import {
  checkFolder,
  openSource,
  readSample,
  readText,
  sha256Files,
  writeFolder,
  writeH5adTo,
  type FileContent,
  type Source,
} from "../io/index.ts";
import { TOOL } from "../io/node-write.ts";
import { writeText } from "../io/source.ts";
import { analyze, analysisSteps, type Analysis, type AnalysisStep } from "../pipeline/index.ts";
import { renderReport } from "../report/index.ts";
import { numberOr, readArguments, type Flag } from "./arguments.ts";
import { readFlags, readOptions } from "./reading.ts";
import {
  cellsTable,
  genesTable,
  interactionsTable,
  inUse,
  markersTable,
  MARKERS_PER_GROUP,
  modulesTable,
} from "./tables.ts";
import { readLabels } from "./labels.ts";
import { progressTo } from "./terminal.ts";

const flags: Readonly<Record<string, Flag>> = {
  out: "text",
  ...readFlags,
  labels: "text",
  "min-counts": "number",
  "min-genes": "number",
  "max-mito": "number",
  "normalize-by": "text",
  hvg: "text",
  components: "number",
  neighbors: "number",
  resolution: "number",
  modules: "text",
  species: "text",
  pairs: "text",
  skip: "text",
  seed: "number",
  threads: "number",
  force: "switch",
  json: "switch",
  quiet: "switch",
};

/** `tissular analyze INPUT --out DIR ...` */
export async function runAnalyze(argv: readonly string[]): Promise<void> {
  const args = readArguments("analyze", argv, flags, ["INPUT"]);
  const out = args.text("out");
  if (out === undefined) {
    throw new SpatialError("option", "tissular analyze needs --out DIR, the folder to write.", {
      subject: "out",
      hint: "See: tissular analyze --help",
    });
  }
  checkFolder(out, { force: args.on("force") });
  if (`${resolve(args.positionals[0])}${sep}`.startsWith(`${resolve(out)}${sep}`)) {
    throw new SpatialError("output", `The input lies in the folder to write (${out}).`, {
      subject: "out",
      hint: "Name another folder.",
    });
  }
  const started = performance.now();
  const input = args.positionals[0];
  const progress = progressTo(process.stderr, args.on("quiet"));
  try {
    const skip = (args.text("skip")?.split(",") ?? []).map((s) => s.trim()) as AnalysisStep[];
    const unknown = skip.filter((s) => !analysisSteps.includes(s));
    if (unknown.length > 0) {
      throw new SpatialError("option", `--skip: there is no step "${unknown[0]}".`, {
        subject: "skip",
        hint: `Steps are: ${analysisSteps.join(", ")}.`,
      });
    }
    const pairsFile = args.text("pairs");
    const pairs =
      pairsFile === undefined ? undefined : parseInteractions(await readText(pairsFile), pairsFile);
    const source = await openSource(input);
    progress.onProgress({ step: "read", fraction: 0 });
    const readStart = performance.now();
    const sample = await readSample(source, { ...readOptions(args), onProgress: progress.onProgress });
    const readSeconds = (performance.now() - readStart) / 1000;
    const readMegabytes = residentMegabytes();
    const labels = args.text("labels");
    const analysis = await analyze(
      { ...sample, title: titleOf(input) },
      {
        minCounts: args.number("min-counts"),
        minGenes: args.number("min-genes"),
        maxMito: args.number("max-mito"),
        normalizeBy: args.text("normalize-by"),
        variableGenes: numberOr(args, "hvg", "all"),
        components: args.number("components"),
        neighbors: args.number("neighbors"),
        resolution: args.number("resolution"),
        modules: numberOr(args, "modules", "auto"),
        species: args.text("species") as "human" | "mouse" | undefined,
        pairs,
        labels: labels === undefined ? undefined : await readLabels(labels, sample.dataset.cells),
        skip,
        seed: args.number("seed"),
        threads: args.number("threads"),
        onProgress: progress.onProgress,
      },
    );
    const writeStart = performance.now();
    progress.onProgress({ step: "report and tables", fraction: 0 });
    const digests = await inputDigests(source, analysis, [
      args.text("positions"),
      pairsFile,
      labels?.slice(0, labels.lastIndexOf(":")),
    ]);
    const files = new Map<string, FileContent>([
      ["report.html", await renderReport(analysis)],
      ["cells.csv", (file) => writeText(file, cellsTable(analysis))],
      ["genes.csv", genesTable(analysis)],
      ["markers.csv", markersTable(analysis)],
      ["interactions.csv", interactionsTable(analysis)],
      ["modules.csv", modulesTable(analysis)],
      ["result.h5ad", (file) => writeH5adTo(analysis.dataset, file)],
    ]);
    const outputs = [...files.keys(), "run.json"];
    const timing = (): Timing => {
      const now = performance.now();
      const step = "report, tables, h5ad";
      const last = { step, seconds: (now - writeStart) / 1000, megabytes: residentMegabytes() };
      return {
        steps: [{ step: "read", seconds: readSeconds, megabytes: readMegabytes }, ...analysis.timings, last],
        seconds: (now - started) / 1000,
        peakMegabytes: Math.round((process.resourceUsage().maxRSS * 1024) / 1e6),
        threads: args.number("threads") ?? null,
        runtime: runtime(),
      };
    };
    const record = runRecord(analysis, titleOf(input), digests);
    files.set("run.json", (file) => {
      writeText(file, [JSON.stringify({ ...record, outputs, timing: timing() }, null, 2), "\n"]);
    });
    const folder = await writeFolder(out, files, { force: args.on("force") });
    progress.close();
    if (args.on("json")) {
      process.stdout.write(
        `${JSON.stringify({ out: folder, report: `${folder}/report.html`, ...resultCounts(analysis), notes: analysis.notes }, null, 2)}\n`,
      );
    } else if (!args.on("quiet")) {
      process.stdout.write(`${summary(analysis)}\n${cost(timing())}\nReport: ${folder}/report.html\n`);
    }
  } finally {
    progress.close();
  }
}

/** The part of run.json that differs between equal runs. */
interface Timing {
  readonly steps: Analysis["timings"];
  readonly seconds: number;
  readonly peakMegabytes: number;
  readonly threads: number | null;
  readonly runtime: string;
}

/** The last part of a path that names the sample. */
function titleOf(input: string): string {
  const parts = input.split(/[\\/]/).filter((p) => p !== "" && p !== "." && p !== "..");
  const last = parts.at(-1) ?? "sample";
  return last === "outs" && parts.length > 1 ? parts.at(-2)! : last;
}

function resultCounts(analysis: Analysis): Record<string, number | string | null> {
  const { dataset } = analysis;
  return {
    observation: dataset.observation,
    observations: dataset.cells.ids.length,
    genes: dataset.genes.ids.length,
    clusters: inUse(analysis.clusters?.labels),
    modules: inUse(analysis.modules?.labels),
    spatialGenes: analysis.moran === null ? null : analysis.moran.pAdjusted.filter((p) => p < 0.05).length,
    interactions:
      analysis.interactions === null ? null : analysis.interactions.pAdjusted.filter((p) => p < 0.05).length,
  };
}

/** SHA-256 of every file that was read, by its name in the input; of files named by options, by their own name. */
async function inputDigests(
  source: Source,
  analysis: Analysis,
  options: readonly (string | undefined)[],
): Promise<Record<string, string>> {
  const digests = await sha256Files(
    source,
    analysis.read.files.filter((name) => source.names.includes(name)),
  );
  for (const path of options) {
    if (path === undefined) continue;
    const file = await openSource(path);
    Object.assign(digests, await sha256Files(file, file.names));
  }
  return digests;
}

/** Everything about a run that is the same when it is repeated. */
function runRecord(
  analysis: Analysis,
  name: string,
  digests: Record<string, string>,
): Record<string, unknown> {
  const { params } = analysis;
  return {
    tool: TOOL,
    version,
    input: { name, sha256: digests },
    params,
    steps: {
      variableGenes: analysis.variableGenes?.params ?? null,
      pca: analysis.pca?.params ?? null,
      neighbors: analysis.neighbors?.params ?? null,
      umap: analysis.umap?.params ?? null,
      clusters: analysis.clusters?.params ?? null,
      spatialGraph: analysis.spatial === null ? null : { rule: analysis.spatial.rule },
      enrichment: analysis.enrichment?.params ?? null,
      moran: analysis.moran?.params ?? null,
      modules: analysis.modules?.params ?? null,
      markers:
        analysis.groupMarkers === null
          ? null
          : { ...analysis.groupMarkers.params, rowsPerGroup: MARKERS_PER_GROUP },
      interactions: analysis.interactions?.params ?? null,
    },
    read: analysis.read,
    before: analysis.before,
    result: resultCounts(analysis),
    interactionMatch: analysis.interactionMatch && {
      pairs: analysis.interactionMatch.pairs,
      complete: analysis.interactionMatch.complete,
      likelyCause: analysis.interactionMatch.likelyCause,
    },
    notes: analysis.notes,
  };
}

function runtime(): string {
  const deno = (globalThis as { Deno?: { version: { deno: string } } }).Deno;
  return deno === undefined ? `Node ${process.versions.node}` : `Deno ${deno.version.deno}`;
}

/** Time and memory: in all, and of each step its seconds and what the process held after it. */
function cost(timing: Timing): string {
  const steps = timing.steps.map((s) => `${s.step} ${s.seconds.toFixed(1)} s ${s.megabytes} MB`);
  return `${timing.seconds.toFixed(1)} s, at most ${timing.peakMegabytes} MB: ${steps.join(", ")}.`;
}

function summary(analysis: Analysis): string {
  const counts = resultCounts(analysis);
  const found = [
    counts["clusters"] === null ? null : `${counts["clusters"]} clusters`,
    counts["modules"] === null ? null : `${counts["modules"]} tissue modules`,
    counts["spatialGenes"] === null ? null : `${counts["spatialGenes"]} spatially variable genes`,
    counts["interactions"] === null
      ? null
      : `${counts["interactions"]} ligand-receptor rows at adjusted p < 0.05`,
  ].filter((part) => part !== null);
  const skipped = analysis.notes
    .filter((note) => note.kind === "skipped")
    .map((note) => `Skipped ${note.step}: ${note.text}.`);
  return [
    `${counts["observations"]} ${counts["observation"]}s x ${counts["genes"]} genes: ${found.join(", ")}.`,
    ...skipped,
  ].join("\n");
}
