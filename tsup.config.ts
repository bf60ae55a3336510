import { defineConfig } from "tsup";
import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };

/** One entry per public folder, so that a user of one subpath never loads the others. */
const folders = [
  "core",
  "model",
  "stats",
  "io",
  "preprocess",
  "reduce",
  "graph",
  "cluster",
  "spatial",
  "modules",
  "simulate",
  "communicate",
  "plot",
  "pipeline",
  "report",
];

export default defineConfig({
  entry: {
    index: "src/index.ts",
    cli: "src/cli/main.ts",
    ...Object.fromEntries(folders.map((folder) => [folder, `src/${folder}/index.ts`])),
  },
  format: "esm",
  target: "es2022",
  platform: "neutral",
  splitting: true,
  treeshake: true,
  clean: true,
  dts: true,
  removeNodeProtocol: false,
  external: [/^node:/, "h5wasm", "h5wasm/node", "fast-png", "delaunator"],
  noExternal: [/^vega/, /^d3-/],
  define: { __VERSION__: JSON.stringify(manifest.version) },
  esbuildOptions(options) {
    options.legalComments = "linked";
    options.mainFields = ["module", "main"];
  },
});
