import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { geneNames, type ReadReport, type SpatialDataset } from "../model/dataset.ts";
import { type Transcripts, transcripts } from "../model/shapes.ts";
import { type Column, idList, isCategorical } from "../model/table.ts";
import { counted, type Draft, draft, finished, grouped, sample } from "./report.ts";
import type { Source } from "./source.ts";
import { findTranscripts } from "./transcript-files.ts";
import {
  openFound,
  openTranscripts,
  type OpenTranscriptsOptions,
  type OpenTranscriptsResult,
  type TranscriptBlock,
} from "./transcripts.ts";

/** Bytes of transcripts that are held at once, at most. */
const MOST = 4_000_000_000;

/** What `readTranscripts` returns. */
export interface ReadTranscriptsResult {
  readonly transcripts: Transcripts;
  readonly report: ReadReport;
  /** The options after defaults. */
  readonly params: OpenTranscriptsResult["params"];
}

/**
 * All transcripts of a sample (or of a region, of some genes) in memory; `openTranscripts` reads them in blocks instead.
 *
 * @throws {SpatialError} as `openTranscripts`; `memory` where they would take over 4 GB (about 80 million)
 *
 * Cost: one pass; about 40 bytes per transcript, twice that while reading.
 *
 * @example
 * ```ts
 * import { memorySource, readTranscripts } from "tissular/io";
 * const csv = new TextEncoder().encode("fov,cell_ID,x_global_px,y_global_px,target\n3,7,10,20,CD4\n3,0,11,21,NegPrb1\n");
 * const { transcripts } = await readTranscripts(memorySource(new Map([["Slide_tx_file.csv", csv]])));
 * if (transcripts.cell?.categories.join() !== "3_7" || transcripts.cell.codes[1] !== -1) throw new Error("one in a cell");
 * if (transcripts.featureKinds[1] !== "Negative Control Probe") throw new Error("one is a control");
 * ```
 */
export async function readTranscripts(
  input: string | Source,
  options: OpenTranscriptsOptions = {},
): Promise<ReadTranscriptsResult> {
  return held(await openTranscripts(input, options), options);
}

/** All of them, with a report. */
async function held(opened: OpenTranscriptsResult, run: RunOptions): Promise<ReadTranscriptsResult> {
  const { total, params, unit, micronsPerUnit } = opened;
  const isAll = params.region === null && params.genes === null;
  const blocks: TranscriptBlock[] = [];
  const sums = { quality: 0, region: 0, genes: 0, unread: 0 };
  let [count, bytes] = [0, 0];
  for await (const block of opened.blocks({ signal: run.signal, onProgress: run.onProgress })) {
    blocks.push(block);
    count += block.length;
    bytes += sizeOf(block);
    for (const why of ["quality", "region", "genes", "unread"] as const) sums[why] += block.dropped[why];
    const whole = isAll && total !== null && count > 0 ? (bytes / count) * (total - sums.quality) : bytes;
    if (whole > MOST) {
      throw new SpatialError(
        "memory",
        `The transcripts of ${params.file} would take over ${grouped(Math.floor(whole / 1e6))} MB of memory.`,
        {
          subject: params.file,
          hint: "Read them in blocks (openTranscripts), or only those of a region or of some genes.",
        },
      );
    }
  }
  const report = draft();
  report.files.push(...opened.files);
  const last = blocks.at(-1);
  report.found.push(
    `${counted(count, "transcript")} of ${counted(last?.features.length ?? 0, "feature")} from ${params.file}.`,
  );
  const drop = (why: string, n: number): void =>
    void (n > 0 && report.dropped.push({ what: "transcript", count: n, why }));
  drop(`read less surely than quality ${params.minQuality}`, sums.quality);
  drop("outside the region", sums.region);
  drop("of genes not asked for", sums.genes);
  drop("in parts of the file that hold none that was asked for", sums.unread);
  if (micronsPerUnit === null)
    report.warnings.push("The files do not say how large a step of the transcripts' coordinates is.");
  return {
    transcripts: concatenated(blocks, { unit, micronsPerUnit }),
    report: finished(report, opened.platform),
    params,
  };
}

/** A sample with the transcripts that lie in its folder, or in a folder above it; where there are none, or not in its coordinates, the report says so. */
export async function withTranscripts(
  source: Source,
  folder: string,
  ds: SpatialDataset,
  choice: Pick<OpenTranscriptsOptions, "region" | "genes"> & RunOptions,
  report: Draft,
): Promise<SpatialDataset> {
  const all = await findTranscripts(source);
  const inside = all.filter((f) => f.folder.startsWith(folder));
  const found = inside.length > 0 ? inside : all.filter((f) => folder.startsWith(f.folder));
  if (found.length !== 1) {
    report.warnings.push(
      found.length === 0
        ? "There are no transcripts beside the counts."
        : `Which transcripts are of this sample cannot be told: ${sample(found.map(({ name }) => name))}. None were read; openTranscripts takes one by name.`,
    );
    return ds;
  }
  const { region, signal, onProgress } = choice;
  const genes = choice.genes === undefined ? undefined : [...geneNames(ds.genes), ...idList(ds.genes.ids)];
  const opened = await openFound(source, found[0], { genes, region, signal });
  const unit = ds.positions?.unit ?? opened.unit;
  if (unit !== opened.unit && region !== undefined) {
    report.warnings.push(
      `The transcripts are in ${opened.unit}, the positions in ${unit}: those of the region cannot be told, so none were read.`,
    );
    return ds;
  }
  const { transcripts: read, report: own } = await held(opened, { signal, onProgress });
  if (unit !== opened.unit)
    report.warnings.push(`The transcripts are in ${opened.unit}, the positions in ${unit}.`);
  report.files.push(...own.files);
  report.found.push(...own.found);
  report.dropped.push(...own.dropped);
  const known =
    unit === read.unit ? (read.micronsPerUnit ?? ds.positions?.micronsPerUnit ?? null) : read.micronsPerUnit;
  return { ...ds, transcripts: { ...read, micronsPerUnit: known } };
}

function sizeOf(block: Transcripts): number {
  const columns = Object.values(block.columns).reduce((n, column) => n + (isCategorical(column) ? 4 : 8), 0);
  const wide = [block.x, block.y, block.z, block.quality].filter((v) => v !== null).length;
  return block.length * (8 * wide + 4 + (block.cell === null ? 0 : 4) + columns);
}

function concatenated(
  blocks: readonly Transcripts[],
  place: Pick<Transcripts, "unit" | "micronsPerUnit">,
): Transcripts {
  const last = blocks.at(-1);
  if (last === undefined)
    return transcripts({
      ...place,
      x: new Float64Array(0),
      y: new Float64Array(0),
      feature: new Uint32Array(0),
      features: [],
    });
  const n = blocks.reduce((sum, block) => sum + block.length, 0);
  const join = <T extends Float64Array | Int32Array | Uint32Array | Uint8Array>(
    of: (block: Transcripts) => T,
  ): T => {
    const out = new (of(last).constructor as new (length: number) => T)(n);
    blocks.reduce((at, block) => (out.set(of(block), at), at + block.length), 0);
    return out;
  };
  const columns: Record<string, Column> = {};
  for (const [name, column] of Object.entries(last.columns)) {
    columns[name] = isCategorical(column)
      ? { ...column, codes: join((b) => (b.columns[name] as typeof column).codes) }
      : join((b) => b.columns[name] as Float64Array);
  }
  return transcripts({
    ...place,
    x: join((b) => b.x),
    y: join((b) => b.y),
    z: last.z && join((b) => b.z as Float64Array),
    quality: last.quality && join((b) => b.quality as Float64Array),
    feature: join((b) => b.feature),
    features: last.features,
    featureKinds: last.featureKinds,
    cell: last.cell && { ...last.cell, codes: join((b) => (b.cell as NonNullable<typeof b.cell>).codes) },
    columns,
  });
}
