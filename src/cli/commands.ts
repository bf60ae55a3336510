import { SpatialError } from "../core/errors.ts";
import { checkFolder, openSource, readSample, writeFolder } from "../io/index.ts";
import {
  simulateTissue,
  type SimulateTissueOptions,
  type VendorLayout,
  writeSimulated,
} from "../simulate/index.ts";
import { version } from "../core/version.ts";
import { TOOL } from "../io/node-write.ts";
import { runAnalyze } from "./analyze.ts";
import { readFlags, readOptions } from "./reading.ts";
import { readArguments, type Arguments } from "./arguments.ts";
import { progressTo } from "./terminal.ts";

async function read(args: Arguments): ReturnType<typeof readSample> {
  return readSample(await openSource(args.positionals[0]), readOptions(args));
}

/** `tissular info INPUT`: what a folder or file holds. */
export async function runInfo(argv: readonly string[]): Promise<void> {
  const args = readArguments("info", argv, { ...readFlags, json: "switch" }, ["INPUT"]);
  const { dataset, report } = await read(args);
  const { positions } = dataset;
  const info = {
    platform: report.platform,
    cells: dataset.cells.ids.length,
    genes: dataset.genes.ids.length,
    observation: dataset.observation,
    values: dataset.counts?.values ?? Object.values(dataset.layers)[0]?.values ?? null,
    features: Object.fromEntries(
      Object.entries(dataset.features).map(([kind, set]) => [kind, set.table.ids.length]),
    ),
    positions: positions && {
      dimensions: positions.cols,
      unit: positions.unit,
      micronsPerUnit: positions.micronsPerUnit,
    },
    images: (dataset.images ?? []).map(({ name, width, height, scale }) => ({ name, width, height, scale })),
    pyramids: (dataset.pyramids ?? []).map(({ name, role, channels, levels, toPixels }) => ({
      name,
      role,
      channels,
      levels,
      toPixels,
    })),
    columns: Object.keys(dataset.cells.columns),
    report,
  };
  if (args.on("json")) {
    process.stdout.write(`${JSON.stringify(info, null, 2)}\n`);
    return;
  }
  const lines = [
    `${info.platform}: ${info.cells} ${info.observation}s x ${info.genes} genes (${info.values ?? "no"} values)`,
    ...Object.entries(info.features).map(([kind, count]) => `${count} features of kind ${kind}, kept apart`),
    positions === null
      ? "no positions"
      : `positions in ${positions.unit}${positions.micronsPerUnit === null ? "" : `, ${Number(positions.micronsPerUnit.toPrecision(4))} um each`}`,
    ...info.images.map((image) => `image ${image.name}, ${image.width} x ${image.height} pixels`),
    ...report.found,
    ...report.joined,
    ...report.dropped.map((d) => `left out: ${d.count} ${d.what} (${d.why})`),
    ...report.warnings.map((w) => `warning: ${w}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

const simulateFlags = {
  platform: "text",
  difficulty: "text",
  observations: "number",
  genes: "number",
  seed: "number",
  force: "switch",
  quiet: "switch",
} as const;

const vendors: readonly VendorLayout[] = ["visium", "xenium", "merscope", "cosmx"];

/** `tissular simulate DIR` */
export async function runSimulate(argv: readonly string[]): Promise<void> {
  const args = readArguments("simulate", argv, simulateFlags, ["DIR"]);
  const platform = args.text("platform") ?? "visium";
  const vendor = vendors.find((name) => name === platform);
  if (vendor === undefined) {
    throw new SpatialError(
      "option",
      `--platform must be one of ${vendors.join(", ")}, found "${platform}".`,
      {
        subject: "platform",
      },
    );
  }
  await simulateInto(args.positionals[0], vendor, args);
}

async function simulateInto(folder: string, platform: VendorLayout, args: Arguments): Promise<void> {
  checkFolder(folder, { force: args.on("force") });
  const tissue = simulateTissue({
    layout: platform === "visium" ? "visium" : "cells",
    observations: args.number("observations"),
    genes: args.number("genes"),
    difficulty: args.text("difficulty") as SimulateTissueOptions["difficulty"],
    seed: args.number("seed"),
  });
  const files = new Map<string, Uint8Array | string>(await writeSimulated(tissue, platform));
  files.set(
    "run.json",
    `${JSON.stringify({ tool: TOOL, version, simulated: platform, params: tissue.params, outputs: [...files.keys(), "run.json"] }, null, 2)}\n`,
  );
  await writeFolder(folder, files, { force: args.on("force") });
  if (!args.on("quiet"))
    process.stdout.write(
      `${tissue.dataset.cells.ids.length} ${tissue.dataset.observation}s x ${tissue.dataset.genes.ids.length} genes: ${folder}\n`,
    );
}

/** `tissular demo`: simulate and analyse, side by side in one folder. */
export async function runDemo(argv: readonly string[]): Promise<void> {
  const args = readArguments("demo", argv, { ...simulateFlags, out: "text" }, []);
  const out = args.text("out") ?? "tissular-demo";
  const sample = `${out}-sample`;
  checkFolder(out, { force: args.on("force") });
  const progress = progressTo(process.stderr, args.on("quiet"));
  progress.onProgress({ step: "simulate", fraction: 0 });
  await simulateInto(sample, "visium", args);
  progress.close();
  await runAnalyze([
    sample,
    "--out",
    out,
    ...(args.on("force") ? ["--force"] : []),
    ...(args.on("quiet") ? ["--quiet"] : []),
  ]);
}
