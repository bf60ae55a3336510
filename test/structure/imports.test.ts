import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const src = join(root, "src");

/** From the ground up; folders in one row never import each other. */
const layers: readonly (readonly string[])[] = [
  ["core"],
  ["model"],
  ["kernels"],
  ["stats"],
  ["io", "preprocess", "reduce", "graph", "cluster"],
  ["simulate", "spatial", "modules", "annotate", "integrate", "communicate", "plot"],
  ["pipeline"],
  ["report"],
  ["cli", "index.ts"],
];
const layerOf = new Map(layers.flatMap((row, level) => row.map((folder) => [folder, level] as const)));

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : name.endsWith(".ts") ? [path] : [];
  });
}
const sources = files(src).filter((f) => !f.includes(".generated."));
const folderOf = (path: string): string => relative(src, path).split("/")[0];
const importsOf = (path: string): string[] =>
  [
    ...readFileSync(path, "utf8").matchAll(
      /^(?:import|export)\b[^;"]*?from\s*"([^"]+)"|^import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm,
    ),
  ]
    .map((m) => m[1] ?? m[2] ?? m[3])
    .filter((name) => !name.startsWith("tissular"));

describe("structure of the sources", () => {
  it("every folder has a layer", () => {
    expect([...new Set(sources.map(folderOf))].filter((f) => !layerOf.has(f))).toEqual([]);
  });

  it("imports go down a layer or stay in the folder", () => {
    const wrong: string[] = [];
    for (const file of sources) {
      for (const name of importsOf(file)) {
        if (!name.startsWith(".")) continue;
        const target = resolve(dirname(file), name);
        const from = folderOf(file);
        const to = folderOf(target);
        if (from !== to && !(layerOf.get(to)! < layerOf.get(from)!))
          wrong.push(`${relative(src, file)} -> ${relative(src, target)}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("relative imports end in .ts", () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file).filter((n) => n.startsWith(".") && !n.endsWith(".ts")),
    );
    expect(wrong).toEqual([]);
  });

  it("Node's modules are reached in core/memory.ts, io/node(-write).ts, kernels/wasm/workers.ts and cli only", () => {
    const allowed = (file: string): boolean =>
      ["core/memory.ts", "io/node.ts", "io/node-write.ts", "kernels/wasm/workers.ts"].includes(
        relative(src, file),
      ) || folderOf(file) === "cli";
    const wrong = sources.filter(
      (f) => !allowed(f) && /["']node:|getBuiltinModule/.test(readFileSync(f, "utf8")),
    );
    expect(wrong.map((f) => relative(src, f))).toEqual([]);
  });

  it("packages are the declared dependencies", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    const bundled = ["vega", "vega-lite", "@cornerstonejs/codec-openjpeg"];
    const packageOf = (name: string): string => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name;
    const wrong = sources.flatMap((file) =>
      importsOf(file)
        .filter((n) => !n.startsWith(".") && !n.startsWith("node:"))
        .filter((n) => ![...Object.keys(manifest.dependencies), ...bundled].includes(packageOf(n)))
        .map((n) => `${relative(src, file)} -> ${n}`),
    );
    expect(wrong).toEqual([]);
  });

  it("no import cycles", () => {
    const state = new Map<string, "open" | "done">();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === "done") return;
      if (state.get(file) === "open") {
        cycles.push([...path.slice(path.indexOf(file)), file].map((f) => relative(src, f)).join(" -> "));
        return;
      }
      state.set(file, "open");
      const valueImports = [
        ...readFileSync(file, "utf8").matchAll(/^(?:import|export)\s+(?!type)[^"]*?from\s+"(\.[^"]+)"/gms),
      ].map((m) => m[1]);
      for (const name of valueImports) visit(resolve(dirname(file), name), [...path, file]);
      state.set(file, "done");
    };
    for (const file of sources) visit(file, []);
    expect(cycles).toEqual([]);
  });
});
