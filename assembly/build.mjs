// Compiles assembly/kernels into src/kernels/wasm/binary.generated.ts (git-ignored). Does nothing when nothing changed.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..");
const folder = join(here, "kernels");
const target = join(root, "src", "kernels", "wasm", "binary.generated.ts");

// The memory has a maximum so that a shared twin differs from this module in one flag byte only.
const flags = [
  "--runtime",
  "stub",
  "--enable",
  "simd",
  "--enable",
  "bulk-memory",
  "--importMemory",
  "--initialMemory",
  "1",
];
flags.push("--maximumMemory", "65536", "--noAssert", "-O3", "--converge");

const names = readdirSync(folder)
  .filter((name) => name.endsWith(".ts"))
  .sort();
const version = readFileSync(join(root, "node_modules", "assemblyscript", "package.json"), "utf8");
const hash = createHash("sha256")
  .update(version)
  .update(readFileSync(fileURLToPath(import.meta.url)));
for (const name of names) hash.update(name).update(readFileSync(join(folder, name)));
const stamp = `// ${hash.digest("hex")}\n`;

if (!upToDate()) {
  const { default: asc } = await import("assemblyscript/asc");
  let binary = null;
  const { error, stderr } = await asc.main(["index.ts", "--outFile", "kernels.wasm", ...flags], {
    readFile: (name, base) => read(join(base, name)),
    writeFile: (name, contents) => void (name.endsWith(".wasm") && (binary = contents)),
    listFiles: () => [],
  });
  if (error || binary === null) {
    process.stderr.write(`${stderr.toString()}\nThe kernels do not compile.\n`);
    process.exit(1);
  }
  const text = `${stamp}export const binary: string =\n  "${Buffer.from(binary).toString("base64")}";\n`;
  const beside = `${target}.${process.pid}`;
  writeFileSync(beside, text);
  renameSync(beside, target);
  console.log(`kernels: ${binary.length} bytes`);
}

function upToDate() {
  try {
    return readFileSync(target, "utf8").startsWith(stamp);
  } catch (error) {
    if (error.code === "ENOENT") return false;
    throw error;
  }
}

function read(path) {
  try {
    return readFileSync(join(folder, path), "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}
