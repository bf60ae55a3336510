import { readFileSync } from "node:fs";
import {
  categories,
  type Categorical,
  dense,
  type Dense,
  expression,
  type Expression,
  positions,
  type Positions,
} from "../../src/model/index.ts";

/** squidpy's and esda's results on 45 spots, made by test/oracles/spatial.py. */
const fixture = JSON.parse(readFileSync(new URL("../fixtures/spatial.json", import.meta.url), "utf8")) as {
  readonly row: readonly number[];
  readonly col: readonly number[];
  readonly jittered: readonly number[];
  readonly x: readonly number[];
  readonly labels: readonly string[];
  readonly graphs: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly moran: Readonly<Record<string, readonly number[]>>;
  readonly nhood: { readonly counts: readonly number[]; readonly z: readonly number[] };
};

export const row: Int32Array = Int32Array.from(fixture.row);
export const col: Int32Array = Int32Array.from(fixture.col);
export const jittered: Positions = positions(Float64Array.from(fixture.jittered), "um", 1);
export const x: Expression<Dense> = expression(dense(row.length, 6, Float32Array.from(fixture.x)), "log");
export const labels: Categorical = categories(fixture.labels);
export const { graphs, moran, nhood } = fixture;
