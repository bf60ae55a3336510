import { checkOptions, number, runRules, string, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted, type RunOptions } from "../core/progress.ts";
import type { Affine } from "../model/image.ts";
import { type Transcripts, transcripts } from "../model/shapes.ts";
import { unwrapped } from "./archives.ts";
import { fieldPixel, runsAgainst } from "./cosmx-cells.ts";
import { type Region, regionRule } from "./region.ts";
import { counted, sample } from "./report.ts";
import type { Source } from "./source.ts";
import { kindByName } from "./table.ts";
import { chooseTranscripts, type TranscriptFiles } from "./transcript-files.ts";
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
  /** The names of all features in the files, in the order in which they come or, where the store lists them, in its order; one pass over their column. */
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
  checkAborted(options.signal);
  const given = typeof input === "string" ? await openSource(input, options.signal) : input;
  const { source } = await unwrapped(given);
  return openFound(source, await chooseTranscripts(source, options.file), options);
}

/** Opens one of the tables of transcripts that were found in a source. */
export async function openFound(
  source: Source,
  found: TranscriptFiles,
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
      if (kinds.length < features.length)
        kinds = features.map((name) => store?.listed.get(name) ?? kindOf(name, layout.platform));
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
