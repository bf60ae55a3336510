import type { SpatialError } from "../core/errors.ts";
import type { SampleType } from "../model/image.ts";
import type { H5Info } from "./hdf5.ts";
import { narrow } from "./hdf5-values.ts";
import { SAMPLE_TYPES } from "./pyramid.ts";

export function typeOf(dtype: unknown): H5Info["type"] {
  const text = String(dtype);
  if (/^(u?int\d+|[<>|][iu]\d)/.test(text)) return "integer";
  if (/^(float\d+|[<>|]f\d)/.test(text)) return "float";
  if (/^(bool|\|b1)/.test(text)) return "boolean";
  return /^(string|\|O|[<>|][US]\d)/.test(text) ? "string" : "other";
}

/** 64-bit whole numbers and truth values are handed out in types that pixels have. */
export function sampleType(dtype: unknown): SampleType | null {
  const text = String(dtype);
  const [, kind, bytes] = /^[<>|]([iuf])([1248])$/.exec(text) ?? [];
  const type = kind === undefined ? text : `${{ i: "int", u: "uint", f: "float" }[kind]}${8 * Number(bytes)}`;
  if (type === "int64" || type === "uint64") return "float64";
  const known: readonly string[] = SAMPLE_TYPES;
  return known.includes(type) ? (type as SampleType) : null;
}

export interface Part {
  readonly data: ArrayLike<unknown>;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
}

/** Values with the last axis fastest, whatever order the store keeps. */
export function rowMajor({ data, shape, stride }: Part): ArrayLike<unknown> {
  const rank = shape.length;
  let want = 1;
  let isPlain = true;
  for (let axis = rank - 1; axis >= 0; axis--) {
    isPlain &&= shape[axis] === 1 || stride[axis] === want;
    want *= shape[axis];
  }
  if (isPlain) return data;
  const values = data as Float64Array;
  const out = Array.isArray(data)
    ? new Array<number>(want)
    : new (values.constructor as Float64ArrayConstructor)(want);
  const at = shape.map(() => 0);
  for (let k = 0, from = 0; k < want; k++) {
    out[k] = values[from];
    for (let axis = rank - 1; axis >= 0; axis--) {
      from += stride[axis];
      if (++at[axis] < shape[axis]) break;
      from -= shape[axis] * stride[axis];
      at[axis] = 0;
    }
  }
  return out;
}

export type Numbers = Float64Array | Float32Array | Int32Array;

/** 8- and 16-bit and truth values as 32-bit, 64-bit ones as floats where they do not fit. */
export function toNumbers(
  values: ArrayLike<unknown>,
  path: string,
  name: string,
  fail: (what: string) => SpatialError,
): Numbers {
  if (values instanceof Float64Array || values instanceof Float32Array || values instanceof Int32Array)
    return values;
  if (values instanceof BigInt64Array || values instanceof BigUint64Array)
    return narrow(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), path, name);
  if (values instanceof Uint32Array) return Float64Array.from(values);
  if (ArrayBuffer.isView(values))
    return (values as Uint8Array).constructor.name.startsWith("Float")
      ? Float32Array.from(values as Uint8Array)
      : Int32Array.from(values as Uint8Array);
  const list = Array.from(values);
  if (!list.every((v) => typeof v === "boolean")) throw fail("must hold numbers, but it does not");
  return Int32Array.from(list, Number);
}
