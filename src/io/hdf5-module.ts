import type * as H5wasm from "h5wasm";

export type Module = typeof H5wasm.Module;

/** The few parts of Emscripten's runtime that are used and not declared. */
interface Runtime {
  ccall(name: string, returns: "number", types: readonly string[], values: readonly unknown[]): number;
  _calledBack: () => number;
  readonly FS: {
    readonly streams: readonly ({ readonly fd: number } | null | undefined)[];
    close(stream: unknown): void;
  };
}

/** The few parts of Emscripten's file system that are used. */
export interface VirtualFiles {
  readonly ErrnoError: new (code: number) => Error;
  unlink(name: string): void;
  createFile(
    parent: string,
    name: string,
    properties: object,
    canRead: boolean,
    canWrite: boolean,
  ): {
    usedBytes: number;
    stream_ops: object;
    node_ops: object;
  };
}

/** Input/output error, by its number in Emscripten. */
export const EIO = 29;

const PAGE = 65_536;
/** Memory of the library as it was before its first file: its pages that are not empty. */
const pages = new Map<number, Uint8Array>();
let ages = 0;

/** Loads the HDF5 library at first use; every HDF5 failure throws from then on. */
export async function loadHdf5(): Promise<typeof H5wasm> {
  const h5 = await import("h5wasm");
  await h5.ready;
  if (pages.size > 0) return h5;
  h5.Module.activate_throwing_error_handler();
  const memory = h5.Module.HEAPU8;
  for (let at = 0; at < memory.length; at += PAGE) {
    const words = new Uint32Array(memory.buffer, at, PAGE / 4);
    let k = 0;
    while (k < words.length && words[k] === 0) k++;
    if (k < words.length) pages.set(at, memory.slice(at, at + PAGE));
  }
  return h5;
}

/** Grows where the library had to be reset: what it had open before is gone. */
export function libraryAge(): number {
  return ages;
}

/**
 * Calls into the library, which may take `room` more bytes of memory. Where it fails, its stack is taken back; where it
 * traps (which only a damaged file can bring about), its whole memory is set back to what it was before its first file,
 * and files that were open are lost.
 */
export function shielded<T>(module: Module, room: number, work: () => T): T {
  const runtime = module as unknown as Runtime;
  let outcome: { readonly value: T } | { readonly error: unknown } | null = null;
  // A call with a text as argument takes the stack back to where it was, whatever happened within.
  runtime._calledBack = () => {
    try {
      outcome = { value: work() };
    } catch (error) {
      outcome = { error };
    }
    return 0;
  };
  withinRoom(module.HEAPU8.length + room, () => runtime.ccall("calledBack", "number", ["string"], [""]));
  const ended = outcome as unknown as { readonly value: T } | { readonly error: unknown };
  if (!("error" in ended)) return ended.value;
  if (ended.error instanceof WebAssembly.RuntimeError) reset(module, runtime);
  throw ended.error;
}

/** While it works, no memory grows beyond so many bytes: the library has no limit that could be set. */
function withinRoom(most: number, work: () => void): void {
  const memory = WebAssembly.Memory.prototype;
  const { grow } = memory;
  memory.grow = function (pages: number): number {
    if (this.buffer.byteLength + pages * PAGE > most) throw new RangeError("no more room");
    return grow.call(this, pages);
  };
  try {
    work();
  } finally {
    memory.grow = grow;
  }
}

function reset(module: Module, { FS }: Runtime): void {
  ages++;
  for (const stream of FS.streams) if (stream && stream.fd > 2) FS.close(stream);
  module.HEAPU8.fill(0);
  for (const [at, page] of pages) module.HEAPU8.set(page, at);
}
