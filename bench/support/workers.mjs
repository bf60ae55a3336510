import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { readArray } from "../tools/arrays.mjs";

const tool = (name) => resolve(import.meta.dirname, "../tools", name);

/** How each tool is started on a folder of inputs; peers as `findPeers` found them. */
const starts = {
  tissular: () => [process.execPath, ["--expose-gc", tool("tissular.mjs")]],
  scanpy: ({ python }) => [python, [tool("peers.py")]],
  "scran.js": ({ node24 }) => [node24, ["--expose-gc", tool("scran.mjs")]],
  "umap-js": () => [process.execPath, ["--expose-gc", tool("umap-js.mjs")]],
  "ml-pca": () => [process.execPath, ["--expose-gc", tool("ml-pca.mjs")]],
};

/** A running tool: `ask` times a step and gives seconds, megabytes and arrays; `end` lets it go. */
export async function startTool(name, inputs, folder, peers) {
  const [command, args] = starts[name](peers);
  const answers = join(folder, `answers-${name}`);
  mkdirSync(answers, { recursive: true });
  const child = spawn(command, [...args, inputs], {
    env: { ...process.env, PEERS: peers.js ?? "" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (text) => (errors = (errors + text).slice(-4000)));
  const ended = new Promise((done, failed) => {
    child.on("error", failed);
    child.on("close", done);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (doing) => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} ended while ${doing}: ${errors}`);
    return JSON.parse(value);
  };
  await next("it started");
  return {
    name,
    async ask(step, { repeats = 1, budget = Infinity, threads } = {}) {
      child.stdin.write(`${JSON.stringify({ step, repeats, budget, threads, answers })}\n`);
      const { seconds, megabytes, arrays } = await next(`${step} ran`);
      const answer = Object.fromEntries(arrays.map((array) => [array, readArray(answers, `${array}.f64`)]));
      return { seconds, megabytes, answer };
    },
    async end() {
      child.stdin.end();
      await ended;
    },
  };
}
