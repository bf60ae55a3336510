// Every asynchronous verb, on two threads, in Node 20, Node 24 and Deno: the same answers and errors, and the process ends by itself.
// usage: verbs.mjs FOLDER_WITH_node_AND_deno
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";

const bin = resolve(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), "tissular-verbs-"));
const program = join(folder, "program.mjs");
const runtimes = {
  "this Node": [process.execPath],
  "Node 24": [join(bin, "node")],
  Deno: [join(bin, "deno"), "run", "-A", "--quiet"],
};
/** From the start to the end of all verbs: twenty times what it takes. */
const PATIENCE = 300_000;

let failed = false;
const check = (ok, what) => {
  console.log(`${ok ? "ok" : "not ok"} - ${what}`);
  failed ||= !ok;
};
try {
  await build({
    entryPoints: [resolve(import.meta.dirname, "every-verb.ts")],
    outfile: program,
    bundle: true,
    format: "esm",
    platform: "node",
    define: { __VERSION__: '"0"' },
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    logLevel: "error",
  });
  const seen = {};
  for (const [name, [command, ...args]] of Object.entries(runtimes)) {
    const run = spawnSync(command, [...args, program], { encoding: "utf8", timeout: PATIENCE });
    check(run.status === 0 && run.stderr === "", `${name} ends by itself ${run.stderr}${run.error ?? ""}`);
    seen[name] = JSON.parse(run.stdout);
  }
  const reference = seen["this Node"];
  for (const [name, found] of Object.entries(seen)) {
    const different = Object.keys(reference).filter((key) => found[key] !== reference[key]);
    const count = Object.keys(reference).length;
    check(
      different.length === 0,
      `${count} answers and errors in ${name} ${different.map((d) => `${d}: ${found[d]}`).join("; ")}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
