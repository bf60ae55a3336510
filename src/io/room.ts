import { SpatialError } from "../core/errors.ts";
import { machineMemory, PAGE_MEMORY } from "../core/memory.ts";
import { grouped } from "./report.ts";

/** Entries that offsets of 32 bits can count. */
const MOST = 4_294_967_295;

/**
 * Refuses a sparse matrix that cannot be held in memory, before anything of it is read: 8 bytes per stored entry, `copies` times,
 * on a machine of `available` bytes.
 */
export function checkRoom(
  subject: string,
  entries: number,
  copies: number = 1,
  available: number = machineMemory() ?? PAGE_MEMORY,
): void {
  const bytes = 8 * entries * copies;
  if (entries <= MOST && bytes <= available) return;
  const gigabytes = (n: number): string => `${(n / 1e9).toFixed(1)} GB`;
  const why =
    bytes > available ? `there are ${gigabytes(available)}` : `at most ${grouped(MOST)} are held at once`;
  throw new SpatialError(
    "memory",
    `${subject} has ${grouped(entries)} stored entries, which need ${gigabytes(bytes)} of memory; ${why}.`,
    {
      subject,
      hint: "Read it in blocks: openMatrix, then qcMetricsBlocked and the other verbs that end in Blocked (docs/large.md).",
    },
  );
}
