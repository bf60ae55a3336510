import { SpatialError } from "../core/errors.ts";
import {
  type BlockedMatrix,
  dense,
  type Dense,
  type Expression,
  expression,
  type Sparse,
  toSparse,
} from "../model/index.ts";

/** Writes rows of a full matrix; `first` is the first row of the block. */
export type FillRows = (block: Sparse, first: number, out: Float32Array) => void;

/** Values of a full block at most: 16 MB. */
const VALUES = 4_194_304;

/**
 * A full matrix of scaled values made of a sparse one, if there is room.
 *
 * @throws {SpatialError} `memory` above `maxBytes`
 */
export function fullMatrix(
  verb: string,
  x: Sparse,
  cols: number,
  maxBytes: number,
  fill: FillRows,
  hint: string,
): Expression<Dense> {
  const bytes = 4 * x.rows * cols;
  if (bytes > maxBytes) {
    throw new SpatialError(
      "memory",
      `${verb}: a full ${x.rows} x ${cols} matrix needs ${(bytes / 1e9).toFixed(1)} GB, the limit is ${(maxBytes / 1e9).toFixed(1)} GB.`,
      { subject: "maxBytes", hint },
    );
  }
  const data = new Float32Array(x.rows * cols);
  fill(x, 0, data);
  return expression(dense(x.rows, cols, data), "scaled");
}

/** The same as a view that is computed as blocks go by, a few rows at a time. */
export function fullBlocks(
  x: Expression<BlockedMatrix>,
  cols: number,
  fill: FillRows,
): Expression<BlockedMatrix> {
  const most = Math.max(1, Math.floor(VALUES / Math.max(1, cols)));
  async function* blocks(rows: number, signal?: AbortSignal): AsyncGenerator<Sparse> {
    let first = 0;
    for await (const block of x.blocks(Math.min(rows, most), signal)) {
      const out = new Float32Array(block.rows * cols);
      fill(block, first, out);
      yield toSparse(dense(block.rows, cols, out));
      first += block.rows;
    }
  }
  return expression({ ...x, cols, blocks }, "scaled");
}
