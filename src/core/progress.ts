import { SpatialError } from "./errors.ts";

/** How far a long piece of work has come. */
export interface Progress {
  /** What is being done, as a person would say it ("neighbors", "UMAP"). */
  readonly step: string;
  /** 0 to 1. */
  readonly fraction: number;
}

/** What every heavy verb takes besides its own options. */
export interface RunOptions {
  /** Stops the work at its next block (at worst half a second at 30,000 observations); the promise rejects with code "aborted". */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /**
   * How many threads may work, this one among them; default as many as the machine has cores, at most 8. Results are the same
   * for any number. In a browser's page more than one needs the page to be isolated from other origins (COOP, COEP).
   */
  readonly threads?: number;
}

/** Throws if the caller asked to stop. */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new SpatialError("aborted", "Stopped by the caller's signal.", { cause: signal.reason });
}

let lastYield = 0;

/** Lets timers, events and messages in if the last breath was over 30 ms ago. */
export async function breathe(): Promise<void> {
  const now = performance.now();
  if (now - lastYield < 30) return;
  await new Promise<void>((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(null);
  });
  lastYield = performance.now();
}

/** What a computation in parts gives, all at once. */
export function atOnce<R>(parts: Generator<void, R>): R {
  for (;;) {
    const next = parts.next();
    if (next.done === true) return next.value;
  }
}

/** The same with abort and a breath between parts, each of which should take under 50 ms. */
export async function inParts<R>(parts: Generator<void, R>, signal: AbortSignal | undefined): Promise<R> {
  for (;;) {
    checkAborted(signal);
    const next = parts.next();
    if (next.done === true) return next.value;
    await breathe();
  }
}

/**
 * Runs `work(start, end)` over [0, count) in blocks of fixed size, in order, with progress and abort between blocks.
 * A block should take under 50 ms. The division depends on `count` and `size` only, so sums per block are
 * the same on any machine.
 */
export async function forEachBlock(
  step: string,
  count: number,
  size: number,
  work: (start: number, end: number) => void,
  run: RunOptions = {},
): Promise<void> {
  for (let start = 0; start < count; start += size) {
    checkAborted(run.signal);
    work(start, Math.min(count, start + size));
    run.onProgress?.({ step, fraction: Math.min(count, start + size) / count });
    await breathe();
  }
}
