import { boolean, checkOptions, either, number, oneOf, runRules, string, such } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { checkAborted, type RunOptions } from "../core/progress.ts";
import type { ReadReport, SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import { unwrapped } from "./archives.ts";
import { type Choice, choiceRules, chosen } from "./choose.ts";
import { detect, positionsFile } from "./detect.ts";
import { readPositions } from "./parquet-positions.ts";
import { joinPositions } from "./positions.ts";
import type { Region } from "./region.ts";
import { type Draft, draft, finished } from "./report.ts";
import { withSampleImages } from "./sample-images.ts";
import { memorySource, type Source } from "./source.ts";
import { withTranscripts } from "./transcripts-read.ts";
import { openSource } from "./url.ts";

/** Options of `readSample`. */
export interface ReadOptions extends RunOptions, Choice {
  /**
   * A CSV or parquet file with an id column, x and y for input without coordinates, as a path, address or bytes. Further
   * columns are kept. It also replaces coordinates that the input has.
   */
  readonly positions?: string | Uint8Array;
  /** What the expression values are, where their looks deceive. */
  readonly values?: Values;
  /**
   * Side of the square bins of Visium HD or Stereo-seq, micrometres. Bins that are not stored are summed from finer ones.
   * Default: 8 of Visium HD where there are such, else the smallest; 100 steps of the chip (50 um) of Stereo-seq.
   */
  readonly binSize?: number;
  /**
   * Are the transcripts read into memory where there are any (at most 4 GB of them)? Default false. As `readTranscripts`
   * does, with the region and the genes that are asked for.
   */
  readonly transcripts?: boolean;
}

/** What `readSample` returns. */
export interface ReadSampleResult {
  readonly dataset: SpatialDataset;
  readonly report: ReadReport;
  /** The options after defaults. */
  readonly params: {
    readonly positions: string | null;
    readonly values: Values | null;
    readonly binSize: number | null;
    readonly region: Region | null;
    readonly genes: readonly string[] | null;
    readonly features: readonly string[] | null;
    readonly shapes: boolean;
    readonly images: boolean;
    readonly transcripts: boolean;
  };
}

const rules = {
  positions: either(
    string(),
    such("bytes", (v) => v instanceof Uint8Array),
  ),
  values: oneOf("counts", "normalized", "log", "scaled"),
  binSize: number(0.1, 10_000),
  transcripts: boolean(),
  ...choiceRules,
  ...runRules,
};

/**
 * Reads a sample of spatial transcriptomics: which platform it comes from is found out by content. Reads Visium
 * (Space Ranger 1 to 4), Visium HD (bins, segmented cells), Xenium, MERSCOPE, CosMx, seqFISH, Stereo-seq, Slide-seq, Curio,
 * original Spatial Transcriptomics, published MERFISH and STARmap tables, Loom, 10x matrices (HDF5 of both schemas, text folders),
 * h5ad, AnnData and SpatialData in zarr, any table of values with one of coordinates. The input may be the vendor's folder, a
 * folder above it, an archive of it (zip, tar), or one file, which finds its other half beside it. Parts are joined by id
 * (by order only where a table of coordinates has no ids, and then with a warning); features that are no genes are kept
 * apart; nothing is left out silently: see the report.
 *
 * Coordinates: x to the right, y down. Visium in pixels of the full-resolution image, with micrometres per pixel
 * from the array's pitch of 100 um where it is hexagonal; Xenium and MERSCOPE in micrometres.
 *
 * @param input a path (Node, Deno), an `http(s)` address, or a source made by `blobSource`, `memorySource`, `pathSource` or
 * `urlSource`
 * @throws {SpatialError} `not-found` where there is no such path or no sample in it; `format` for damaged files; `join` where
 * positions and matrix share no id; `input` for empty matrices and values that are not finite
 *
 * Cost: one pass over the input; memory about 8 bytes per stored value, twice that while reading. Checked against
 * h5py, scipy and anndata on real samples of every layout.
 *
 * @example
 * ```ts
 * import { memorySource, readSample } from "tissular/io";
 * const text = (s: string) => new TextEncoder().encode(s);
 * const source = memorySource(new Map([
 *   ["cell_by_gene.csv", text("cell,CD4,Blank-1\n112824700230101249,3,0\n112824700230101252,0,1\n")],
 *   ["cell_metadata.csv", text("EntityID,center_x,center_y\n112824700230101252,5,6\n112824700230101249,1,2\n")],
 * ]));
 * const { dataset, report } = await readSample(source);
 * if (report.platform !== "merscope" || dataset.genes.ids.length !== 1) throw new Error("one gene, one blank");
 * if (dataset.positions?.data.join() !== "1,2,5,6") throw new Error("joined by id");
 * ```
 */
export async function readSample(
  input: string | Source,
  options: ReadOptions = {},
): Promise<ReadSampleResult> {
  checkOptions("readSample", options, rules);
  const watch = watched(
    typeof input === "string" ? await openSource(input, options.signal) : input,
    options.signal,
  );
  const { source, archives } = await unwrapped(watch.source);
  const candidate = await detect(source);
  const report = draft();
  report.files.push(...archives);
  let ds = await candidate.read(report, options);
  if (ds.cells.ids.length === 0)
    throw new SpatialError("input", `${source.label} must hold observations, found none.`, {
      subject: source.label,
    });
  if (options.positions !== undefined && candidate.places !== true)
    ds = await withPositions(ds, options.positions, report, options);
  else if (ds.positions === null)
    report.warnings.push(
      "There are no coordinates: give the vendor's whole folder, or a table of them with positions (--positions).",
    );
  if (options.images !== false)
    ds = await withSampleImages(source, candidate, ds, report, archives.length > 0);
  checkAborted(options.signal);
  ds = chosen(ds, options, report);
  if (options.transcripts === true) ds = await withTranscripts(source, candidate.folder, ds, options, report);
  watch.end();
  return {
    dataset: ds,
    report: finished(report, ds.platform),
    params: {
      positions:
        typeof options.positions === "string" ? options.positions : options.positions ? "bytes" : null,
      values: options.values ?? null,
      binSize: options.binSize ?? null,
      region: options.region ?? null,
      genes: options.genes ?? null,
      features: options.features ?? null,
      shapes: options.shapes ?? true,
      images: options.images ?? true,
      transcripts: options.transcripts ?? false,
    },
  };
}

async function withPositions(
  ds: SpatialDataset,
  positions: string | Uint8Array,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  const { name, bytes } = await positionsFile(positions);
  report.files.push(name);
  const table = await readPositions(memorySource(new Map([[name, bytes]])), name, run);
  const isSpots = ds.observation === "cell" && "array_row" in table.columns;
  return joinPositions({ ...ds, observation: isSpots ? "spot" : ds.observation }, table, report);
}

/** The same source, where until the end no file is begun after the signal has fired; images are read later still. */
function watched(
  source: Source,
  signal: AbortSignal | undefined,
): { readonly source: Source; readonly end: () => void } {
  let isOver = false;
  const begin = (): Source => {
    if (!isOver) checkAborted(signal);
    return source;
  };
  return {
    source: {
      ...source,
      bytes: async (name) => begin().bytes(name),
      slice: async (name, start, end) => begin().slice(name, start, end),
      open: (name) => begin().open(name),
    },
    end: () => void (isOver = true),
  };
}
