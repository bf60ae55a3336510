import { SpatialError } from "../core/errors.ts";
import { breathe, checkAborted } from "../core/progress.ts";
import type { ImageWindow, Raster } from "../model/image.ts";
import { samplesOf } from "./pyramid.ts";
import type { Source } from "./source.ts";
import { isPlain, unpackChunk } from "./tiff-codec.ts";
import type { TiffPage } from "./tiff.ts";

/** Bytes that a chunk may unpack to. */
const MOST_CHUNK = 268_435_456;
/** Bytes fetched at once where chunks follow each other in the file. */
const MOST_FETCH = 16_777_216;

/** A chunk, or rows of one, and where it lies. */
interface Piece {
  /** Pixels of its left and upper edge in the page. */
  readonly x: number;
  readonly y: number;
  readonly rows: number;
  /** The sample it holds where samples lie apart, else 0. */
  readonly plane: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Samples of a window, one plane after the other; only chunks that the window touches are read, and of chunks that are
 * stored plainly only the rows.
 */
export async function readPage(
  source: Source,
  name: string,
  page: TiffPage,
  window: ImageWindow,
  samples: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Raster["data"]> {
  const { chunkWidth, isPlanar } = page;
  const perPixel = isPlanar ? 1 : page.samplesPerPixel;
  const area = window.width * window.height;
  const out = samplesOf(page.samples, area * samples.length);
  const pieces = await locate(source, name, page, window, isPlanar ? samples : [0]);
  const copy = (piece: Piece, values: Raster["data"]): void => {
    const [x0, y0] = [Math.max(piece.x, window.x), Math.max(piece.y, window.y)];
    const x1 = Math.min(piece.x + chunkWidth, window.x + window.width);
    const y1 = Math.min(piece.y + piece.rows, window.y + window.height);
    samples.forEach((sample, c) => {
      if (isPlanar && sample !== piece.plane) return;
      for (let y = y0; y < y1; y++) {
        let to = c * area + (y - window.y) * window.width + x0 - window.x;
        let from = ((y - piece.y) * chunkWidth + x0 - piece.x) * perPixel;
        if (perPixel === 1) out.set(values.subarray(from, from + x1 - x0), to);
        else
          for (
            from += sample;
            to < c * area + (y - window.y) * window.width + x1 - window.x;
            from += perPixel
          )
            out[to++] = values[from];
      }
    });
  };
  for (const run of together(pieces)) {
    checkAborted(signal);
    const start = run[0].start;
    const bytes = await source.slice(name, start, run[run.length - 1].end);
    for (const piece of run) {
      const packed = bytes.subarray(piece.start - start, piece.end - start);
      copy(piece, await unpackChunk(page, packed, piece.rows, perPixel, name));
      await breathe();
    }
  }
  checkAborted(signal);
  return out;
}

/** The chunks that a window touches, by their place in the file; those without bytes hold zeros and are left out. */
async function locate(
  source: Source,
  name: string,
  page: TiffPage,
  window: ImageWindow,
  planes: readonly number[],
): Promise<Piece[]> {
  const { chunkWidth, chunkHeight, width, height, isPlanar } = page;
  const perPixel = isPlanar ? 1 : page.samplesPerPixel;
  const rowBytes = chunkWidth * perPixel * samplesOf(page.samples, 0).BYTES_PER_ELEMENT;
  const across = Math.ceil(width / chunkWidth);
  const down = Math.ceil(height / chunkHeight);
  const plain = isPlain(page);
  const size = source.size(name);
  if (!plain && rowBytes * chunkHeight > MOST_CHUNK)
    throw new SpatialError("memory", `${name} is stored in parts of ${rowBytes * chunkHeight} bytes.`, {
      subject: name,
      hint: "Write it again in tiles, e.g. tiffcp -t -w 512 -l 512 old.tif new.tif.",
    });
  const bottom = window.y + window.height;
  const columns = [Math.floor(window.x / chunkWidth), Math.floor((window.x + window.width - 1) / chunkWidth)];
  const lines = [Math.floor(window.y / chunkHeight), Math.floor((bottom - 1) / chunkHeight)];
  const pieces: Piece[] = [];
  for (const plane of planes) {
    const first = (plane * down + lines[0]) * across;
    const last = (plane * down + lines[1] + 1) * across;
    const [offsets, counts] = [await page.offsets.read(first, last), await page.byteCounts.read(first, last)];
    for (let line = lines[0]; line <= lines[1]; line++) {
      const top = line * chunkHeight;
      const rows = page.isTiled ? chunkHeight : Math.min(chunkHeight, height - top);
      for (let column = columns[0]; column <= columns[1]; column++) {
        const at = (line - lines[0]) * across + column;
        if (counts[at] === 0) continue;
        const [start, whole] = [offsets[at], rowBytes * rows];
        const isSound = start + counts[at] <= size && counts[at] <= 2 * whole + 65_536;
        if (!isSound || (plain && counts[at] < whole))
          throw new SpatialError("format", `A part of ${name} is not where or what its directory says.`, {
            subject: name,
            hint: "The file is incomplete or damaged: copy or download it again.",
          });
        const chunk = { x: column * chunkWidth, plane };
        if (!plain) {
          pieces.push({ ...chunk, y: top, rows, start, end: start + counts[at] });
          continue;
        }
        const step = Math.max(1, Math.floor(MOST_FETCH / rowBytes));
        const to = Math.min(top + rows, bottom);
        for (let y = Math.max(top, window.y); y < to; y += step) {
          const from = start + (y - top) * rowBytes;
          const kept = Math.min(step, to - y);
          pieces.push({ ...chunk, y, rows: kept, start: from, end: from + kept * rowBytes });
        }
      }
    }
  }
  return pieces.sort((a, b) => a.start - b.start);
}

/** Pieces that follow each other in the file, put together up to a fair size. */
function together(pieces: readonly Piece[]): Piece[][] {
  const runs: Piece[][] = [];
  for (const piece of pieces) {
    const run = runs[runs.length - 1];
    const isNext = run !== undefined && piece.start === run[run.length - 1].end;
    if (isNext && piece.end - run[0].start <= MOST_FETCH) run.push(piece);
    else runs.push([piece]);
  }
  return runs;
}
