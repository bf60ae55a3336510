import { SpatialError } from "./errors.ts";

/** What a page in a browser may take, where nothing else is known. */
export const PAGE_MEMORY = 4e9;

/** Bytes of memory that this machine, or the container it runs in, has; null where that is not told. */
export function machineMemory(): number | null {
  const os = globalThis.process?.getBuiltinModule?.("node:os");
  if (os === undefined) return null;
  const limit = globalThis.process.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
}

/** Megabytes that the process holds now; null in a browser. */
export function residentMegabytes(): number | null {
  const bytes = globalThis.process?.memoryUsage?.rss?.();
  return bytes === undefined ? null : Math.round(bytes / 1e6);
}

/**
 * Refuses what could not be held in memory before anything of it is made; `what` reads "the covariance of 9,000 genes",
 * `hint` the way out.
 *
 * @throws {SpatialError} `memory`
 */
export function checkMemory(
  what: string,
  bytes: number,
  hint: string,
  available: number = machineMemory() ?? PAGE_MEMORY,
): void {
  if (bytes <= available) return;
  const gigabytes = (n: number): string => `${(n / 1e9).toFixed(1)} GB`;
  throw new SpatialError(
    "memory",
    `${what} needs ${gigabytes(bytes)} of memory; there are ${gigabytes(available)}.`,
    { hint },
  );
}
