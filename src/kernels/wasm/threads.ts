import { breathe, checkAborted, type RunOptions } from "../../core/progress.ts";
import { type Arena, leaseArena } from "./arena.ts";
import type { Kernels } from "./exports.ts";
import { sharedModule } from "./module.ts";
import { canShare, giveBack, type Job, machineThreads, takeWorkers, type Worker } from "./workers.ts";

/** The arguments of one call of a kernel. */
export type Call = readonly number[];

/** A memory that several threads work on. */
export interface ThreadArena extends Arena {
  /** How many threads may work at once, this one among them. */
  readonly threads: number;
  /**
   * Calls a kernel once per entry of `calls`, in any order, on any thread; each call should take well under 50 ms. Calls
   * must not depend on each other, so that the result depends on neither order nor threads. Thread number t adds
   * t * perThread[k] to argument k, for arrays of its own. Without a name for the `step` no progress is reported.
   */
  readonly spread: (
    step: string | null,
    kernel: keyof Kernels,
    calls: readonly Call[],
    perThread?: Readonly<Record<number, number>>,
  ) => Promise<void>;
}

/** How many threads a run may use here. */
export function threadsFor(run: RunOptions): number {
  return canShare() ? (run.threads ?? machineThreads()) : 1;
}

/**
 * Runs `work` with a memory of its own, as `withArena` does, that threads share. Threads start when the first calls are
 * spread; where memory cannot be shared everything runs on this thread.
 */
export async function withThreads<T>(
  bytes: number,
  run: RunOptions,
  work: (arena: ThreadArena) => Promise<T>,
): Promise<T> {
  const threads = threadsFor(run);
  return leaseArena(bytes + 16, threads > 1, async (arena, memory, lease) => {
    const control = arena.u32(2);
    let workers: Worker[] = [];
    const spread: ThreadArena["spread"] = async (step, kernel, calls, perThread = {}) => {
      checkAborted(run.signal);
      if (calls.length === 0) return;
      const width = calls[0].length;
      const words = new Int32Array(control.buffer, control.byteOffset, 2).fill(0);
      const job: Job = {
        module: sharedModule(),
        memory,
        lease,
        kernel,
        calls: Float64Array.from(calls.flat()),
        width,
        control: control.byteOffset,
      };
      const wanted = Math.min(threads, calls.length) - 1;
      if (workers.length < wanted) workers = [...workers, ...takeWorkers(wanted - workers.length)];
      const joined = new Map<Worker, Promise<{ readonly error: unknown } | null>>();
      const call = arena.kernels[kernel] as (...args: readonly number[]) => void;
      const stop = (): void => void Atomics.store(words, 1, 1);
      /** Work on this thread: lets workers in as they start, stops where one failed or the caller asks to. */
      const work = async (): Promise<void> => {
        for (;;) {
          for (const [k, worker] of workers.entries()) {
            if (k >= wanted || joined.has(worker) || !worker.isReady()) continue;
            const shifts = Array.from({ length: width }, (_, a) => (k + 1) * (perThread[a] ?? 0));
            const outcome = worker.join(job, shifts).then(
              () => null,
              (error: unknown) => {
                stop();
                return { error };
              },
            );
            joined.set(worker, outcome);
          }
          checkAborted(run.signal);
          const t = Atomics.load(words, 1) === 0 ? Atomics.add(words, 0, 1) : calls.length;
          if (t >= calls.length) return;
          call(...calls[t]);
          if (step !== null) run.onProgress?.({ step, fraction: (t + 1) / calls.length });
          await breathe();
        }
      };
      const own = await work().then(
        () => null,
        (error: unknown) => {
          stop();
          return { error };
        },
      );
      // The memory must not be given back before every thread has let go of it.
      const others = await Promise.all(joined.values());
      const failed = own ?? others.find((outcome) => outcome !== null);
      if (failed) throw failed.error;
    };
    try {
      return await work({ ...arena, threads, spread });
    } finally {
      giveBack(workers);
    }
  });
}

/** [0, n) in runs of `size`. */
export function ranges(n: number, size: number): (readonly [number, number])[] {
  return Array.from({ length: Math.ceil(n / size) }, (_, t) => [t * size, Math.min(n, (t + 1) * size)]);
}
