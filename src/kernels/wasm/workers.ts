/** Calls of one kernel that may run in any order, on any thread. */
export interface Job {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Tells memories apart, so that a worker is sent each once. */
  readonly lease: number;
  readonly kernel: string;
  /** The arguments of all calls, `width` each. */
  readonly calls: Float64Array;
  readonly width: number;
  /** Address of two 32-bit words: the next call, and whether to stop. */
  readonly control: number;
}

/** A thread that takes calls of a job until none is left. */
export interface Worker {
  /** Whether it has started. */
  readonly isReady: () => boolean;
  /** Takes part in a job; rejects with what a kernel threw. `shifts` is added to the arguments of each call. */
  readonly join: (job: Job, shifts: readonly number[]) => Promise<void>;
}

interface Port {
  readonly send: (message: unknown) => void;
  readonly receive: (onMessage: (message: unknown) => void, onError: (error: unknown) => void) => void;
  /** Whether the thread keeps the process alive. */
  readonly hold: (alive: boolean) => void;
  readonly end: () => void;
}

// Text, so that no bundler can lose it; it knows nothing but wasm exports. The loop is also `work` in threads.ts.
const PROGRAM = `
const node = globalThis.process?.getBuiltinModule?.("node:worker_threads");
const port = node ? node.parentPort : globalThis;
let memory, kernels;
const work = ({ shared, kernel, calls, width, control, shifts }) => {
  try {
    if (shared) {
      memory = shared.memory;
      kernels = new WebAssembly.Instance(shared.module, { env: { memory } }).exports;
    }
    const words = new Int32Array(memory.buffer, control, 2);
    for (let t; Atomics.load(words, 1) === 0 && (t = Atomics.add(words, 0, 1)) * width < calls.length; )
      kernels[kernel](...calls.subarray(t * width, (t + 1) * width).map((v, k) => v + shifts[k]));
    port.postMessage("done");
  } catch (error) {
    port.postMessage({ error, name: error.name });
  }
};
if (node) port.on("message", work);
else port.onmessage = (event) => work(event.data);
port.postMessage("ready");
`;

const idle: Worker[] = [];

/** Up to `count` workers, started where there are not enough; none where threads cannot share memory. */
export function takeWorkers(count: number): Worker[] {
  if (!canShare()) return [];
  const taken: Worker[] = [];
  while (taken.length < count) {
    const worker = idle.pop() ?? start();
    if (worker === null) break;
    taken.push(worker);
  }
  return taken;
}

export function giveBack(workers: readonly Worker[]): void {
  idle.push(...workers.filter((worker) => !lost.has(worker)));
}

/** How many threads this machine runs at once, at most 8. */
export function machineThreads(): number {
  return Math.max(1, Math.min(8, globalThis.navigator?.hardwareConcurrency ?? nodeParallelism()));
}

function nodeParallelism(): number {
  return builtin<{ availableParallelism: () => number }>("node:os")?.availableParallelism() ?? 1;
}

/** Can a memory be shared between threads here? In browsers only in a page that is isolated from other origins. */
export function canShare(): boolean {
  const isolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated;
  return typeof SharedArrayBuffer === "function" && (nodeThreads() !== null || isolated === true);
}

/** What a kernel threw: copies between threads keep message, stack and cause, but the names of a few kinds only. */
interface Thrown {
  readonly error: Error;
  readonly name: string;
}

function whole({ error, name }: Thrown): Error {
  error.name = name;
  return error;
}

const lost = new WeakSet<Worker>();

function start(): Worker | null {
  const port = openPort();
  if (port === null) return null;
  let ready = false;
  let held = -1;
  let settle: { resolve: () => void; reject: (error: unknown) => void } | null = null;
  const finish = (act: (s: NonNullable<typeof settle>) => void): void => {
    const waiting = settle;
    settle = null;
    port.hold(false);
    if (waiting !== null) act(waiting);
  };
  const fail = (error: unknown): void => {
    ready = false;
    lost.add(worker);
    port.end();
    finish((s) => s.reject(error));
  };
  const worker: Worker = {
    isReady: () => ready,
    join: ({ module, memory, lease, ...job }, shifts) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject };
        port.hold(true);
        port.send({ ...job, shifts, shared: lease === held ? null : { module, memory } });
        held = lease;
      }),
  };
  port.receive((message) => {
    if (message === "ready") ready = true;
    else if (message === "done") finish((s) => s.resolve());
    else fail(whole(message as Thrown));
  }, fail);
  port.hold(false);
  return worker;
}

interface NodeWorker {
  on(event: string, listener: (value: unknown) => void): void;
  postMessage(message: unknown): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

function builtin<T>(name: string): T | null {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return (process?.getBuiltinModule?.(name) as T | undefined) ?? null;
}

function nodeThreads(): { Worker: new (program: string, options: object) => NodeWorker } | null {
  return builtin("node:worker_threads");
}

/** A port to a new thread, or null where none can be made. */
function openPort(): Port | null {
  const threads = nodeThreads();
  if (threads !== null) {
    const worker = new threads.Worker(PROGRAM, { eval: true });
    return {
      send: (message) => worker.postMessage(message),
      receive: (onMessage, onError) => {
        worker.on("message", onMessage);
        worker.on("error", onError);
      },
      hold: (alive) => (alive ? worker.ref() : worker.unref()),
      end: () => void worker.terminate(),
    };
  }
  if (typeof globalThis.Worker !== "function") return null;
  const url = URL.createObjectURL(new Blob([PROGRAM], { type: "text/javascript" }));
  const worker = new globalThis.Worker(url);
  return {
    send: (message) => worker.postMessage(message),
    receive: (onMessage, onError) => {
      worker.onmessage = ({ data }) => {
        URL.revokeObjectURL(url);
        onMessage(data);
      };
      worker.onerror = onError;
    },
    hold: () => undefined,
    end: () => worker.terminate(),
  };
}
