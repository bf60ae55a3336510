import { checkOptions, number, runRules, string, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import type { Affine } from "../model/image.ts";
import type { ReadReport } from "../model/dataset.ts";
import { type Transcripts, transcripts } from "../model/shapes.ts";
import { type Column, isCategorical } from "../model/table.ts";
import { unwrapped } from "./archives.ts";
import { fieldPixel, runsAgainst } from "./cosmx-cells.ts";
import { type Region, regionRule } from "./region.ts";
import { counted, draft, finished, grouped, sample } from "./report.ts";
import type { Source } from "./source.ts";
import { kindByName } from "./table.ts";
import { chooseTranscripts } from "./transcript-files.ts";
import { type Dropped, packed, type TranscriptChoice } from "./transcript-blocks.ts";
import { openTable, type TranscriptTable } from "./transcript-parts.ts";
import { IDENTITY } from "./transforms.ts";
import { openSource } from "./url.ts";

/** Options of `openTranscripts`. */
export interface OpenTranscriptsOptions extends RunOptions {
  /** Which of several: a file, or "points/<name>" of a SpatialData store. */
  readonly file?: string;
  /** Only transcripts in this part of the section, in the unit of their coordinates. */
  readonly region?: Region;
  /** Only transcripts of these features, by name. */
  readonly genes?: readonly string[];
  /** Only transcripts read at least so surely (Phred), where there is a quality. Default 20, as the vendor counts. */
  readonly minQuality?: number;
}

/** A block of transcripts, and how many rows of the file before its end were passed over, since the block before. */
export type TranscriptBlock = Transcripts & { readonly dropped: Dropped };

/** Transcripts that stay in their file until they are asked for. */
export interface OpenTranscriptsResult extends Pick<Transcripts, "unit" | "micronsPerUnit"> {
  /** "xenium", "merscope", "cosmx", "seqfish", "spatialdata" or "table". */
  readonly platform: string;
  readonly files: readonly string[];
  /** Rows of the files, where these say so. */
  readonly total: number | null;
  /** Is the quality of each known, and so `minQuality` heeded? */
  readonly hasQuality: boolean;
  /** The names of all features in the files, in the order in which they come; one pass over their column. */
  readonly features: (run?: RunOptions) => Promise<readonly string[]>;
  /** One pass, in blocks of at most 131,072 transcripts. Names keep their numbers from block to block and pass to pass. */
  readonly blocks: (run?: RunOptions) => AsyncGenerator<TranscriptBlock>;
  /** The options after defaults. */
  readonly params: {
    readonly file: string;
    readonly region: Region | null;
    readonly genes: readonly string[] | null;
    readonly minQuality: number | null;
  };
}

const QUALITY = 20;
/** Rows from which the direction of y and the size of a pixel are told. */
const LOOK = 100_000;
/** Bytes of transcripts that are held at once, at most. */
const MOST = 4_000_000_000;

const rules = {
  file: string(),
  region: regionRule,
  genes: such("a list of names", (v) => Array.isArray(v) && v.every((name) => typeof name === "string")),
  minQuality: number(),
  ...runRules,
};

/**
 * Opens the transcripts of a sample without reading them: transcripts.parquet or .csv of Xenium, detected_transcripts of
 * MERSCOPE, tx_file of CosMx, TranscriptList of seqFISH, points of SpatialData, or one table with x, y and a gene. Which it is
 * is told by the names of the columns.
 *
 * Coordinates are those of the sample's cells: x to the right, y down; micrometres for Xenium and MERSCOPE; pixels for CosMx, y
 * turned down where the file has it upward; for SpatialData those of its system "global". A cell that is "UNASSIGNED", 0, -1
 * or empty is missing; cells of CosMx are named `fov_cell`. Controls are told from genes by their names.
 *
 * Xenium's files hold every transcript, its matrix counts those of quality 20 and above; so does this unless `minQuality` says
 * otherwise. Groups of rows of a parquet file of which its footer says that none is wanted are not read.
 *
 * @param input a path, an `http(s)` address, or a source
 * @throws {SpatialError} `not-found` where there are no transcripts; `input` where there are those of several samples; `format` for
 * files that are damaged or no transcripts; while reading `not-found` where none is of the genes asked for
 *
 * Cost: memory of one group of rows (parquet) or a few MB (text, packed or not). Checked against pyarrow and pandas on real
 * files of every platform.
 *
 * @example
 * ```ts
 * import { memorySource, openTranscripts } from "tissular/io";
 * const csv = "cell_id,feature_name,x_location,y_location,z_location,qv\naaaaficg-1,CD4,1,2,9,40\nUNASSIGNED,CD4,3,4,9,12.5\n";
 * const source = memorySource(new Map([["transcripts.csv", new TextEncoder().encode(csv)]]));
 * const opened = await openTranscripts(source);
 * for await (const block of opened.blocks()) {
 *   if (block.length !== 1 || block.dropped.quality !== 1) throw new Error("one is read too unsurely");
 *   if (block.cell?.categories[block.cell.codes[0]] !== "aaaaficg-1") throw new Error("it lies in a cell");
 * }
 * ```
 */
export async function openTranscripts(
  input: string | Source,
  options: OpenTranscriptsOptions = {},
): Promise<OpenTranscriptsResult> {
  checkOptions("openTranscripts", options, rules);
  const given = typeof input === "string" ? await openSource(input, options.signal) : input;
  const { source } = await unwrapped(given);
  return openFound(source, await chooseTranscripts(source, options.file), options);
}

/** Opens one of the tables of transcripts that were found in a source. */
export async function openFound(
  source: Source,
  found: Awaited<ReturnType<typeof chooseTranscripts>>,
  options: OpenTranscriptsOptions,
): Promise<OpenTranscriptsResult> {
  const table = await openTable(source, found);
  const { layout, names, total } = table;
  const hasQuality = layout.columns.quality !== undefined;
  const local = layout.columns.localY === undefined ? null : await lookAtFields(table, options);
  const { store } = found;
  const affine = store?.affine ?? local?.affine ?? IDENTITY;
  const isMicrons = store === null ? layout.unit === "um" : store.isMicrons;
  const place = {
    unit: isMicrons ? ("um" as const) : ("px" as const),
    micronsPerUnit: isMicrons ? 1 : (local?.pixel ?? null),
  };
  const choice: TranscriptChoice = {
    affine,
    region: options.region ?? null,
    genes: options.genes === undefined ? null : new Set(options.genes),
    minQuality: hasQuality ? (options.minQuality ?? QUALITY) : null,
  };
  let kinds: readonly string[] = [];

  async function* blocks(run: RunOptions = {}): AsyncGenerator<TranscriptBlock> {
    let [read, unread] = [0, 0];
    for await (const { x, y, z, quality, feature, cell, columns, length, dropped } of packed(
      table,
      choice,
      run,
    )) {
      checkAborted(run.signal);
      const features = names.feature.list();
      if (kinds.length < features.length) kinds = features.map((name) => kindOf(name, layout.platform));
      read += length + dropped.quality + dropped.genes;
      unread += dropped.unread;
      const block = transcripts({
        ...place,
        x,
        y,
        z,
        quality,
        feature,
        features,
        featureKinds: kinds,
        cell: cell && { kind: "categorical", codes: cell, categories: names.cell.list() },
        columns,
      });
      yield { ...block, dropped };
      await breathe();
    }
    const { genes, region } = choice;
    const isLooked = read > 0 || (unread > 0 && region === null);
    if (genes !== null && isLooked && !names.feature.list().some((name) => genes.has(name))) {
      throw new SpatialError(
        "not-found",
        `None of the ${counted(genes.size, "gene")} asked for is among the transcripts: ${sample([...genes])}; these are of ${sample(names.feature.list())}.`,
        { subject: "genes", hint: "Genes are asked for by name, as the file spells them." },
      );
    }
  }
  const features = async (run: RunOptions = {}): Promise<readonly string[]> => {
    for await (const _ of table.parts(["feature"], () => true, run)) await breathe();
    return names.feature.list();
  };
  return {
    ...place,
    platform: store === null ? layout.platform : "spatialdata",
    files: found.files,
    total,
    hasQuality,
    features,
    blocks,
    params: {
      file: found.name,
      region: choice.region,
      genes: options.genes ?? null,
      minQuality: choice.minQuality,
    },
  };
}

/** What a feature is: Xenium calls its codewords without a probe unassigned, and named them BLANK_ at first. */
function kindOf(name: string, platform: string): string {
  const kind = kindByName(name);
  return kind === "Blank" && platform === "xenium" ? "Unassigned Codeword" : kind;
}

/** Which way y runs in files of CosMx, and how large a pixel is, told from the first rows. */
async function lookAtFields(
  table: TranscriptTable,
  run: RunOptions,
): Promise<{ readonly affine: Affine; readonly pixel: number | null }> {
  const parts: Float64Array[][] = [[], [], [], []];
  let rows = 0;
  for await (const { numbers, names } of table.parts(["y", "localX", "localY", "fov"], () => true, {
    signal: run.signal,
  })) {
    const fov = Float64Array.from(names.fov ?? new Int32Array(numbers.y?.length ?? 0));
    [numbers.y, numbers.localX, numbers.localY, fov].forEach((v, k) =>
      parts[k].push(v ?? new Float64Array(0)),
    );
    rows += fov.length;
    if (rows >= LOOK) break;
  }
  const [y, localX, localY, fov] = parts.map((list) => joinedFloats(list));
  return {
    affine: runsAgainst(fov, localY, y) ? [1, 0, 0, 0, -1, 0] : IDENTITY,
    pixel: fieldPixel({ x: localX, y: localY }),
  };
}

function joinedFloats(parts: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(parts.reduce((n, p) => n + p.length, 0));
  parts.reduce((at, part) => (out.set(part, at), at + part.length), 0);
  return out;
}

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
export async function held(opened: OpenTranscriptsResult, run: RunOptions): Promise<ReadTranscriptsResult> {
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
