import { SpatialError } from "../../core/errors.ts";
import { binary } from "./binary.generated.ts";
import type { Kernels } from "./exports.ts";

/** The compiled kernels over memories of one thread, and over memories that threads share. */
const compiled: Record<"own" | "shared", WebAssembly.Module | null> = { own: null, shared: null };

/** The kernels over the given memory; the module is compiled once. */
export function instantiate(memory: WebAssembly.Memory, shared: boolean = false): Kernels {
  const module = shared ? sharedModule() : (compiled.own ??= compile(bytesOf()));
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}

/** The kernels as they take a shared memory: the same code, the import's flags say "shared" besides "with a maximum". */
export function sharedModule(): WebAssembly.Module {
  if (compiled.shared !== null) return compiled.shared;
  const bytes = bytesOf();
  const at = importFlags(bytes);
  bytes[at] |= 2;
  return (compiled.shared = compile(bytes));
}

function bytesOf(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(binary), (c) => c.charCodeAt(0));
}

/** Where the flags of the imported memory stand: behind the names "env" and "memory" and the kind, 2. */
function importFlags(bytes: Uint8Array): number {
  const before = [3, ...text("env"), 6, ...text("memory"), 2];
  const at = bytes.findIndex((_, k) => before.every((b, t) => bytes[k + t] === b));
  return at + before.length;
}

const text = (s: string): number[] => Array.from(s, (c) => c.charCodeAt(0));

/** Compiles a module, refusing runtimes that lack what it needs. */
export function compile(bytes: BufferSource): WebAssembly.Module {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(bytes)) {
    throw new SpatialError("unsupported", "WebAssembly with SIMD must be available, found none.", {
      hint: "Use Node 20, Deno 1.9, Chrome 91, Firefox 89, Safari 16.4 or later, with WebAssembly allowed.",
    });
  }
  return new WebAssembly.Module(bytes);
}
