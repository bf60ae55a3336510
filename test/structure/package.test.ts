import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Record<string, string | Record<string, string>>;
  sideEffects: boolean;
  files: string[];
  dependencies: Record<string, string>;
};
const subpaths = Object.entries(manifest.exports).filter(
  (entry): entry is [string, Record<string, string>] => typeof entry[1] === "object",
);

describe("the package", () => {
  it("exports every public folder, types first, and nothing by wildcard", () => {
    const folders = readdirSync(join(root, "src"), { withFileTypes: true })
      .filter((d) => d.isDirectory() && d.name !== "kernels" && d.name !== "cli")
      .map((d) => `./${d.name}`);
    expect(subpaths.map(([k]) => k).sort()).toEqual([".", ...folders].sort());
    for (const [, target] of subpaths) {
      expect(Object.keys(target)).toEqual(["types", "default"]);
      for (const path of Object.values(target)) expect(existsSync(join(root, path)), path).toBe(true);
    }
    expect(JSON.stringify(manifest.exports)).not.toContain("*");
    expect(manifest.sideEffects).toBe(false);
  });

  it("public names per subpath", async () => {
    const names: Record<string, string[]> = {};
    for (const [subpath, target] of subpaths) {
      names[subpath] = Object.keys(
        (await import(pathToFileURL(join(root, target["default"])).href)) as object,
      ).sort();
    }
    expect(names).toMatchSnapshot();
  });

  it("one SpatialError for all subpaths", async () => {
    const load = async (name: string): Promise<Record<string, unknown>> =>
      (await import(pathToFileURL(join(root, `dist/${name}.js`)).href)) as Record<string, unknown>;
    const { SpatialError } = (await load("core")) as { SpatialError: new (...args: unknown[]) => Error };
    const { gridGraph } = (await load("graph")) as { gridGraph: (...args: unknown[]) => unknown };
    expect(() => gridGraph(new Int32Array(1), new Int32Array(1), { nonsense: 1 })).toThrow(SpatialError);
  });

  it("needs no install scripts in production", () => {
    const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
      packages: Record<string, { dev?: boolean; optional?: boolean; hasInstallScript?: boolean }>;
    };
    const production = Object.entries(lock.packages).filter(
      ([path, p]) => path !== "" && !p.dev && !p.optional,
    );
    expect(production.length).toBeLessThan(60);
    expect(production.filter(([, p]) => p.hasInstallScript).map(([path]) => path)).toEqual([]);
  });

  it("its declarations compile with TypeScript 5.6 and 5.9, strict, without skipping library checks", () => {
    const folder = mkdtempSync(join(tmpdir(), "tissular-types-"));
    try {
      const uses = subpaths.map(
        ([subpath], i) =>
          `import * as m${i} from "${join(root, manifestTypes(subpath)).replace(/\.d\.ts$/, ".js")}";\nexport const n${i}: object = m${i};`,
      );
      writeFileSync(join(folder, "use.ts"), uses.join("\n"));
      writeFileSync(join(folder, "package.json"), '{"type":"module"}');
      const options = [
        "--strict",
        "--noEmit",
        "--target",
        "es2022",
        "--module",
        "nodenext",
        "--moduleResolution",
        "nodenext",
        "--lib",
        "es2022,dom,dom.iterable",
      ];
      for (const compiler of ["typescript-5.6", "typescript"]) {
        const tsc = join(root, "node_modules", compiler, "bin", "tsc");
        let output = "";
        try {
          execFileSync(process.execPath, [tsc, ...options, join(folder, "use.ts")], {
            cwd: folder,
            encoding: "utf8",
          });
        } catch (error) {
          output = (error as { stdout: string }).stdout;
        }
        expect(output, compiler).toBe("");
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function manifestTypes(subpath: string): string {
  return (manifest.exports[subpath] as Record<string, string>)["types"];
}
