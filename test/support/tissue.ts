import { readFileSync } from "node:fs";
import {
  categorical,
  type Categorical,
  dense,
  type Expression,
  expression,
  type Sparse,
  toSparse,
} from "../../src/model/index.ts";

/** A fixture made by test/oracles/make_core.py; null stands for NaN. */
export function coreFixture<T>(name: string): T {
  const text = readFileSync(new URL(`../fixtures/core/${name}.json`, import.meta.url), "utf8");
  return JSON.parse(text, (_, value: unknown) => (value === null ? NaN : value)) as T;
}

interface Tissue {
  readonly counts: Expression<Sparse>;
  readonly names: readonly string[];
  readonly domain: Categorical;
  readonly arrayRow: Int32Array;
  readonly arrayCol: Int32Array;
  /** x and y of each spot, row-major */
  readonly pixels: Float64Array;
}

/** The small synthetic tissue that the core fixtures are about: 64 spots x 200 genes. */
export function tissue(): Tissue {
  const toy = coreFixture<{
    spots: number;
    genes: number;
    counts_base64_uint8: string;
    names: string[];
    domain: number[];
    array_row: number[];
    array_col: number[];
    pixels: number[];
  }>("toy");
  const bytes = Buffer.from(toy.counts_base64_uint8, "base64");
  return {
    counts: expression(toSparse(dense(toy.spots, toy.genes, Float32Array.from(bytes))), "counts"),
    names: toy.names,
    domain: categorical(Int32Array.from(toy.domain), ["D0", "D1", "D2"]),
    arrayRow: Int32Array.from(toy.array_row),
    arrayCol: Int32Array.from(toy.array_col),
    pixels: Float64Array.from(toy.pixels),
  };
}
