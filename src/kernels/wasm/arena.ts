import { SpatialError } from "../../core/errors.ts";
import { machineMemory } from "../../core/memory.ts";
import type { Kernels } from "./exports.ts";
import { instantiate } from "./module.ts";

/**
 * A memory leased by one piece of work, with the kernels over it. Arrays are handed out one after another, filled with
 * zeros and aligned to 64 bytes; `array.byteOffset` is the address that kernels take. They are valid during the lease only.
 */
export interface Arena {
  readonly kernels: Kernels;
  readonly f32: (length: number) => Float32Array;
  readonly f64: (length: number) => Float64Array;
  readonly u32: (length: number) => Uint32Array;
  readonly i32: (length: number) => Int32Array;
  readonly i16: (length: number) => Int16Array;
}

interface Lease {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly shared: boolean;
  /** Tells leases apart, whatever memory they have. */
  readonly number: number;
}

type ArrayOver<A> = {
  new (buffer: ArrayBufferLike, offset: number, length: number): A;
  BYTES_PER_ELEMENT: number;
};

const PAGE = 65536;
/** wasm32 ends at 4 GB. */
const MAX_PAGES = 65536;
/** Larger memories are let go after the lease. */
const KEPT_BYTES = 268435456;
/** Bytes of a line of the processor's cache, at which arrays begin. */
const LINE = 64;
/** Room for the alignment of up to 256 arrays; the first bytes stay unused, so no address is 0. */
const SLACK = 16384;

const idle: Lease[] = [];
let numbered = 0;

/**
 * Runs `work` with a memory of its own that has room for arrays of `bytes` altogether. The memory never grows during the
 * lease; afterwards it is kept for the next one.
 *
 * @throws {SpatialError} `memory` if it cannot be had; `unsupported` where WebAssembly with SIMD is missing
 */
export function withArena<T>(bytes: number, work: (arena: Arena) => T | Promise<T>): Promise<T> {
  return leaseArena(bytes, false, work);
}

/** The same with a memory that threads can share, where that is asked for. */
export async function leaseArena<T>(
  bytes: number,
  shared: boolean,
  work: (arena: Arena, memory: WebAssembly.Memory, lease: number) => T | Promise<T>,
): Promise<T> {
  const lease = take(Math.ceil((bytes + SLACK) / PAGE), shared);
  try {
    return await work(arenaOver(lease), lease.memory, lease.number);
  } finally {
    if (lease.memory.buffer.byteLength <= KEPT_BYTES) idle.push(lease);
  }
}

function take(pages: number, shared: boolean): Lease {
  const fail = (cause?: unknown): never => {
    throw new SpatialError("memory", `${((pages * PAGE) / 1e6).toFixed(0)} MB of memory cannot be had.`, {
      hint: "Use fewer cells or features, or a machine with more memory (at most 4 GB are possible at once).",
      cause,
    });
  };
  if (pages > MAX_PAGES || pages * PAGE > (machineMemory() ?? Infinity)) fail();
  try {
    const at = idle.findLastIndex((lease) => lease.shared === shared);
    if (at < 0) {
      const memory = new WebAssembly.Memory({ initial: pages, maximum: MAX_PAGES, shared });
      return { memory, kernels: instantiate(memory, shared), shared, number: numbered++ };
    }
    const [lease] = idle.splice(at, 1);
    const missing = pages - lease.memory.buffer.byteLength / PAGE;
    if (missing > 0) lease.memory.grow(missing);
    return lease;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    return fail(cause);
  }
}

function arenaOver(lease: Lease): Arena {
  const { buffer } = lease.memory;
  let next = LINE;
  const hand = <A>(kind: ArrayOver<A>, length: number): A => {
    const bytes = length * kind.BYTES_PER_ELEMENT;
    if (next + bytes > buffer.byteLength)
      throw new RangeError(`arena of ${buffer.byteLength} bytes is too small`);
    const array = new kind(buffer, next, length);
    new Uint8Array(buffer, next, bytes).fill(0);
    next = Math.ceil((next + bytes) / LINE) * LINE;
    return array;
  };
  return {
    kernels: lease.kernels,
    f32: (length) => hand(Float32Array, length),
    f64: (length) => hand(Float64Array, length),
    u32: (length) => hand(Uint32Array, length),
    i32: (length) => hand(Int32Array, length),
    i16: (length) => hand(Int16Array, length),
  };
}
