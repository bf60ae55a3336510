import { SpatialError } from "../core/errors.ts";
import { type Categorical, type Dense, type Positions, positions } from "../model/index.ts";

/** What is known of each place besides where it is. */
export interface Design {
  /** rows of x that are used, those with a sample */
  readonly used: Uint32Array;
  /** their places within `used`, by sample */
  readonly groups: readonly Uint32Array[];
  /** orthonormal columns: a level per sample and the covariates, those that add nothing left out */
  readonly columns: number;
  /** used x columns */
  readonly values: Float64Array;
}

/** A column of which the earlier ones explain more than all but this part of the squares adds nothing. */
const NOTHING = 1e-10;

/** @throws {SpatialError} `input` where lengths differ, numbers are not finite, or too few observations are left */
export function designOf(
  verb: string,
  n: number,
  places: Positions,
  sample: Categorical | undefined,
  covariates: Dense | undefined,
): Design {
  const fail = (subject: string, found: string): never => {
    throw new SpatialError("input", `${verb} needs ${found}.`, { subject });
  };
  if (places.rows !== n || !places.data.every(Number.isFinite))
    fail(
      "positions",
      `finite coordinates of each of ${n} observations, found positions of ${places.rows} or such that are not`,
    );
  if (sample !== undefined && sample.codes.length !== n)
    fail("sample", `a sample of each of ${n} observations, found ${sample.codes.length}`);
  if (covariates !== undefined && (covariates.rows !== n || !covariates.data.every(Number.isFinite)))
    fail(
      "covariates",
      `finite covariates of each of ${n} observations, found ${covariates.rows} rows or such that are not`,
    );
  const codes = sample?.codes ?? new Int32Array(n);
  const used = Uint32Array.from(codes.keys()).filter((i) => codes[i] >= 0);
  const groups = Array.from({ length: sample?.categories.length ?? 1 }, (_, s) =>
    Uint32Array.from(used.keys()).filter((t) => codes[used[t]] === s),
  ).filter((rows) => rows.length > 0);
  const kept: Float64Array[] = [];
  const add = (column: Float64Array): void => {
    const before = dot(column, column);
    // Twice, since one pass leaves what rounding put in.
    for (let pass = 0; pass < 2; pass++)
      for (const other of kept) {
        const along = dot(column, other);
        for (let i = 0; i < column.length; i++) column[i] -= along * other[i];
      }
    const left = dot(column, column);
    if (left > NOTHING * before) kept.push(column.map((v) => v / Math.sqrt(left)));
  };
  for (const rows of groups) {
    const column = new Float64Array(used.length);
    for (const t of rows) column[t] = 1;
    add(column);
  }
  for (let c = 0; c < (covariates?.cols ?? 0); c++)
    add(Float64Array.from(used, (i) => covariates!.data[i * covariates!.cols + c]));
  const columns = kept.length;
  if (used.length < columns + 3)
    fail("x", `at least 3 observations more than samples and covariates, found ${used.length}`);
  const values = new Float64Array(used.length * columns);
  kept.forEach((column, c) => column.forEach((v, i) => (values[i * columns + c] = v)));
  return { used, groups, columns, values };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** The places of the rows that are used. */
export function placesAt({ cols, data, unit, micronsPerUnit }: Positions, used: Uint32Array): Positions {
  const chosen = new Float64Array(used.length * cols);
  used.forEach((i, t) => chosen.set(data.subarray(i * cols, (i + 1) * cols), t * cols));
  return positions(chosen, unit, micronsPerUnit, cols === 3 ? 3 : 2);
}
