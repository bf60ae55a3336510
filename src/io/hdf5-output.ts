import type * as H5wasm from "h5wasm";
import { SpatialError } from "../core/errors.ts";
import { EIO, loadHdf5, type VirtualFiles } from "./hdf5-module.ts";
import type { OutputFile } from "./source.ts";

/** A part of a file: bytes [start, end). */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** What the library writes at once beyond this are values of one array: it gathers at most a megabyte of all else. */
const LARGE = 4_194_304;

let written = 0;

/**
 * Writes an HDF5 file by the library itself, straight into its place. `check`, which `build` calls now and then, throws
 * what the file threw: the library is not told of it, so that it stays whole, and what it writes from then on is dropped.
 *
 * @returns the parts of the file that hold more than values of large arrays, ascending
 */
export async function newHdf5(
  output: OutputFile,
  build: (file: H5wasm.File, check: () => void) => void | Promise<void>,
): Promise<readonly Part[]> {
  const h5 = await loadHdf5();
  const files = h5.Module.FS as unknown as VirtualFiles;
  const virtual = `write-${written++}.h5`;
  const state: State = { end: 0, large: [], failed: null };
  const check = (): void => {
    if (state.failed !== null) throw state.failed.cause;
  };
  mountOutput(files, virtual, output, state);
  // The oldest layout of object headers: every reader knows it, and it has no checksums.
  const file = new h5.File(virtual, "w", { libver: ["earliest", "latest"] });
  let isOpen = true;
  const close = (): void => {
    isOpen = false;
    file.close();
  };
  try {
    await build(file, check);
    close();
    check();
    return between(state);
  } catch (cause) {
    if (cause instanceof SpatialError || cause === state.failed?.cause) throw cause;
    throw new SpatialError("output", `The HDF5 file could not be made: ${(cause as Error).message}`, {
      cause,
    });
  } finally {
    state.failed ??= { cause: null };
    if (isOpen) close();
    files.unlink(virtual);
  }
}

/** How far a file is written, which parts of it hold values only, and what went wrong. */
interface State {
  end: number;
  readonly large: Part[];
  failed: { readonly cause: unknown } | null;
}

/** Shows a place for a file to the library as a file. */
function mountOutput(files: VirtualFiles, virtual: string, output: OutputFile, state: State): void {
  const node = files.createFile("/", virtual, {}, true, true);
  const reach = (end: number): void => void (node.usedBytes = state.end = end);
  const attempt = (work: () => void): void => {
    if (state.failed !== null) return;
    try {
      work();
    } catch (cause) {
      state.failed = { cause };
    }
  };
  const write = (_: unknown, heap: Uint8Array, offset: number, length: number, position: number): number => {
    const part = new Uint8Array(heap.buffer, heap.byteOffset + offset, length);
    attempt(() => output.write(part, position));
    if (length > LARGE) state.large.push({ start: position, end: position + length });
    reach(Math.max(state.end, position + length));
    return length;
  };
  const read = (_: unknown, heap: Uint8Array, offset: number, length: number, position: number): number => {
    const part = new Uint8Array(heap.buffer, heap.byteOffset + offset, length);
    try {
      return output.read(part, position);
    } catch (cause) {
      state.failed ??= { cause };
      throw new files.ErrnoError(EIO);
    }
  };
  const setattr = (_: unknown, { size }: { readonly size?: number }): void => {
    if (size === undefined || size === state.end) return;
    attempt(() => output.truncate(size));
    reach(size);
  };
  node.stream_ops = { ...node.stream_ops, read, write };
  node.node_ops = { ...node.node_ops, setattr };
}

/** What of a file lies outside its large parts. */
function between({ end, large }: State): Part[] {
  const parts: Part[] = [];
  let start = 0;
  for (const part of large.sort((a, b) => a.start - b.start)) {
    if (part.start > start) parts.push({ start, end: part.start });
    start = Math.max(start, part.end);
  }
  return [...parts, { start, end }];
}
