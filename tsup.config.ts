import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { defineConfig } from "tsup";

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as {
  version: string;
  exports: Record<string, string | object>;
};
/** One entry per public folder, so that a user of one subpath never loads the others. */
const folders = Object.keys(manifest.exports)
  .filter((subpath) => typeof manifest.exports[subpath] === "object" && subpath !== ".")
  .map((subpath) => subpath.slice(2));

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
  clean: true,
  removeNodeProtocol: false,
  external: [/^node:/, "h5wasm", "fast-png", "delaunator", "jpeg-js"],
  noExternal: [/^vega/, /^d3-/, /^@cornerstonejs/],
  // The glue of the JPEG 2000 decoder looks for files; it is given its wasm and needs none.
  define: { __VERSION__: JSON.stringify(manifest.version), __dirname: '""', __filename: '""' },
  esbuildPlugins: [
    {
      name: "no-files",
      setup(build) {
        build.onResolve({ filter: /^(fs|path)$/ }, ({ path }) => ({ path, namespace: "nothing" }));
        build.onLoad({ filter: /.*/, namespace: "nothing" }, () => ({ contents: "module.exports = {};" }));
      },
    },
  ],
  metafile: true,
  esbuildOptions(options) {
    options.legalComments = "none";
    options.mainFields = ["module", "main"];
  },
  onSuccess: async () => {
    writeDeclarations();
    writeLicenses();
  },
});

/** Declarations by TypeScript itself, file by file (isolatedDeclarations): no bundler of types is needed. */
function writeDeclarations(): void {
  const tsc = join("node_modules", "typescript", "bin", "tsc");
  const options = ["--noEmit", "false", "--emitDeclarationOnly", "--stripInternal", "--outDir", "dist/types"];
  execFileSync(process.execPath, [tsc, "-p", ".", ...options], { stdio: "inherit" });
  for (const name of readdirSync("dist/types", { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".d.ts")) continue;
    const path = join("dist/types", name);
    writeFileSync(path, readFileSync(path, "utf8").replace(/(from |import\()"(\.[^"]*)\.ts"/g, '$1"$2.js"'));
  }
}

/** The licences of the packages whose code is inside the bundle. */
function writeLicenses(): void {
  const meta = JSON.parse(readFileSync("dist/metafile-esm.json", "utf8")) as {
    inputs: Record<string, unknown>;
  };
  const packages = new Set<string>();
  for (const input of Object.keys(meta.inputs)) {
    const at = input.lastIndexOf("node_modules/");
    if (at < 0) continue;
    const parts = input.slice(at + 13).split("/");
    packages.add(input.slice(0, at + 13) + parts.slice(0, parts[0].startsWith("@") ? 2 : 1).join("/"));
  }
  const texts = [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(join(folder, "package.json"), "utf8"),
    ) as Record<string, string>;
    const candidates = [folder, dirname(folder)].flatMap((f) =>
      existsSync(f) ? readdirSync(f).map((file) => join(f, file)) : [],
    );
    const file = candidates.find((path) => /\/licen[cs]e(\.\w+)?$/i.test(path));
    return `${name} ${version} (${license})\n\n${file === undefined ? "" : readFileSync(file, "utf8").trim()}\n`;
  });
  writeFileSync("dist/THIRD_PARTY_LICENSES.txt", texts.join(`\n${"-".repeat(80)}\n\n`));
  rmSync("dist/metafile-esm.json");
}
