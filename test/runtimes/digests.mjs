// The same analysis in Node 20, Node 24 and Deno must give the same bytes and print nothing. usage: digests.mjs FOLDER_WITH_node_AND_deno
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { hdf5Digest } from "../../dist/io.js";

const bin = resolve(process.argv[2]);
const cli = resolve(import.meta.dirname, "../../dist/cli.js");
const folder = mkdtempSync(join(tmpdir(), "tissular-runtimes-"));
const runtimes = {
  "this Node": [process.execPath],
  "Node 24": [join(bin, "node")],
  Deno: [join(bin, "deno"), "run", "-A", "--quiet"],
};

/** What must be equal: bytes of every file, but run.json without its timing part and the content of the h5ad. */
async function digests(out) {
  const result = {};
  for (const name of readdirSync(out).sort()) {
    const bytes = readFileSync(join(out, name));
    if (name === "result.h5ad") result[name] = await hdf5Digest(bytes);
    else if (name === "run.json")
      result[name] = JSON.stringify({ ...JSON.parse(bytes.toString()), timing: null });
    else result[name] = createHash("sha256").update(bytes).digest("hex");
  }
  return result;
}

let failed = false;
try {
  for (const platform of ["visium", "xenium"]) {
    const sample = join(folder, platform);
    execFileSync(process.execPath, [
      cli,
      "simulate",
      sample,
      "--platform",
      platform,
      "--observations",
      "800",
      "--quiet",
    ]);
    const seen = {};
    for (const [name, command] of Object.entries({ ...runtimes, "this Node again": [process.execPath] })) {
      const out = join(folder, `${platform} ${name}`);
      const asked = [...command.slice(1), cli, "analyze", sample, "--out", out, "--quiet"];
      const { status, stderr } = spawnSync(command[0], asked, { encoding: "utf8" });
      if (status !== 0 || stderr !== "") throw new Error(`${name} ended with ${status} and said: ${stderr}`);
      seen[name] = await digests(out);
    }
    const reference = seen["this Node"];
    if (Object.keys(reference).length !== 8)
      throw new Error(`8 files wanted, found ${Object.keys(reference)}`);
    for (const [name, digest] of Object.entries(seen)) {
      const different = Object.keys(reference).filter((file) => digest[file] !== reference[file]);
      console.log(
        `${different.length === 0 ? "ok" : "not ok"} - ${platform} in ${name} ${different.join(" ")}`,
      );
      failed ||= different.length > 0;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
