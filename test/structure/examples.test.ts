import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { afterAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "tissular-examples-"));
afterAll(() => rmSync(folder, { recursive: true }));

function files(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory()
      ? files(path)
      : name.endsWith(".ts") && !name.includes(".generated.")
        ? [path]
        : [];
  });
}

interface Example {
  readonly name: string;
  readonly code: string;
}

/** Every ```ts block of a doc comment. */
function examples(path: string): Example[] {
  const text = readFileSync(path, "utf8");
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) => {
    const line = text.slice(0, comment.index).split("\n").length;
    const plain = comment[0].replace(/^\s*\* ?/gm, "");
    return [...plain.matchAll(/```ts\n([\s\S]*?)```/g)].map((block) => ({
      name: `${relative(root, path)}:${line}`,
      code: block[1],
    }));
  });
}

const all = files(join(root, "src")).flatMap(examples);
/** The ```ts blocks of the README and the documents: compiled, not run, since they name files of the reader's. */
const written = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith(".md"))
  .flatMap((name) =>
    [...readFileSync(join(root, name), "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map((block) => ({
      name,
      code: block[1],
    })),
  );

/** The code with its imports led to the build: to the declarations for the compiler, to the bundle to run. */
const led = (code: string, to: "types" | "code"): string =>
  code.replace(/"tissular(?:\/([a-z]+))?"/g, (_, folder: string | undefined) =>
    JSON.stringify(
      to === "code"
        ? join(root, "dist", `${folder ?? "index"}.js`)
        : join(root, "dist/types", folder ?? "", "index.js"),
    ),
  );

describe("examples in doc comments", () => {
  it("there are some in every public folder", () => {
    const folders = new Set(all.map((e) => e.name.split("/")[1]));
    const missing = readdirSync(join(root, "src"), { withFileTypes: true })
      .filter((d) => d.isDirectory() && !["kernels", "cli"].includes(d.name))
      .map((d) => d.name)
      .filter((name) => !folders.has(name));
    expect(missing).toEqual([]);
  });

  it("type-check against the built declarations", () => {
    const compiled = [...all, ...written];
    const paths = compiled.map((e, i) => {
      const path = join(folder, `example${i}.ts`);
      writeFileSync(path, `${led(e.code, "types")}\nexport {};\n`);
      return path;
    });
    const program = ts.createProgram(paths, {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
      types: [],
      skipLibCheck: true,
    });
    const problems = ts.getPreEmitDiagnostics(program).map((d) => {
      const i = Number(/example(\d+)\.ts$/.exec(d.file?.fileName ?? "")?.[1] ?? -1);
      return `${compiled[i]?.name ?? d.file?.fileName}: ${ts.flattenDiagnosticMessageText(d.messageText, " ")}`;
    });
    expect(problems).toEqual([]);
  });

  it.each(all)("$name runs", async ({ name, code }) => {
    const path = join(folder, `${name.replace(/\W/g, "_")}_${all.findIndex((e) => e.code === code)}.mjs`);
    writeFileSync(
      path,
      ts.transpileModule(led(code, "code"), {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
      }).outputText,
    );
    await import(/* @vite-ignore */ pathToFileURL(path).href);
  });
});
