import { SpatialError } from "../../core/errors.ts";
import { binary } from "./binary.generated.ts";

/** Multiplies the rows of a CSR block: addresses in bytes, `stride` in bytes (a multiple of 16). */
export type SparseProduct = (
  rows: number,
  indptr: number,
  indices: number,
  data: number,
  b: number,
  stride: number,
  out: number,
) => void;

/** The exports of assembly/kernels; each is described there. Addresses are byte offsets into the arena's memory. */
export interface Kernels {
  readonly nearestTile: (
    points: number,
    norms: number,
    dims: number,
    rowStart: number,
    rowEnd: number,
    colStart: number,
    colEnd: number,
    kept: number,
    distances: number,
    indices: number,
    limits: number,
  ) => void;
  readonly projectRows: (
    basis: number,
    stride: number,
    from: number,
    to: number,
    at: number,
    count: number,
    sizes: number,
    sizesStride: number,
  ) => void;
  readonly sparseTimesDense32: SparseProduct;
  readonly sparseTimesDense64: SparseProduct;
  readonly transposeTimesDense32: SparseProduct;
  readonly transposeTimesDense64: SparseProduct;
  readonly power4: (x: number, y: number, out: number) => void;
  readonly umapEpoch: (
    start: number,
    end: number,
    epoch: number,
    step: number,
    nodes: number,
    heads: number,
    tails: number,
    rates: number,
    embedding: number,
    a: number,
    b: number,
    negatives: number,
    random: number,
    queue: number,
  ) => void;
}

let compiled: WebAssembly.Module | null = null;

/** The kernels over the given memory; the module is compiled once. */
export function instantiate(memory: WebAssembly.Memory): Kernels {
  compiled ??= compile(Uint8Array.from(atob(binary), (c) => c.charCodeAt(0)));
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Kernels;
}

/** Compiles a module, refusing runtimes that lack what it needs. */
export function compile(bytes: BufferSource): WebAssembly.Module {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(bytes)) {
    throw new SpatialError("unsupported", "WebAssembly with SIMD must be available, found none.", {
      hint: "Use Node 20, Deno 1.9, Chrome 91, Firefox 89, Safari 16.4 or later, with WebAssembly allowed.",
    });
  }
  return new WebAssembly.Module(bytes);
}
