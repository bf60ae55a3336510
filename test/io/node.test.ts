import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  checkFolder,
  pathSource,
  readSample,
  readText,
  sha256Files,
  writeFile,
  writeFolder,
} from "../../src/io/index.ts";
import { text } from "./samples.ts";

let base = "";
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "tissular-io-"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const run = (outputs: readonly string[]): string => JSON.stringify({ tool: "tissular", outputs });

describe("pathSource", () => {
  it("lists a folder, reads files and parts of files, lists no chunks of zarr", async () => {
    mkdirSync(join(base, "a", "b.zarr"), { recursive: true });
    writeFileSync(join(base, "a", "x.txt"), "hello");
    writeFileSync(join(base, "a", "b.zarr", ".zarray"), "{}");
    writeFileSync(join(base, "a", "b.zarr", "0"), "chunk");
    const source = await pathSource(base);
    expect(source.names).toEqual(["a/b.zarr/.zarray", "a/x.txt"]);
    expect(await source.bytes("a/b.zarr/0")).toEqual(text("chunk"));
    await expect(source.bytes("a/b.zarr/1")).rejects.toMatchObject({ code: "not-found" });
    expect(source.size("a/x.txt")).toBe(5);
    expect(await source.slice("a/x.txt", 1, 3)).toEqual(text("el"));
    expect(await source.slice("a/x.txt", 3, 99)).toEqual(text("lo"));
    const single = await pathSource(join(base, "a", "x.txt"));
    expect(single.names).toEqual(["x.txt"]);
    expect(await sha256Files(single, ["x.txt"])).toEqual({
      "x.txt": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    });
    expect(await readText(join(base, "a", "x.txt"))).toBe("hello");
  });

  it("says what lies beside a path that does not exist", async () => {
    writeFileSync(join(base, "outs.txt"), "");
    await expect(pathSource(join(base, "out"))).rejects.toMatchObject({
      code: "not-found",
      hint: expect.stringContaining("has: outs.txt") as string,
    });
    await expect(readSample(join(base, "nowhere", "deep"))).rejects.toMatchObject({ code: "not-found" });
    await expect(readText(join(base, "no"))).rejects.toMatchObject({ code: "not-found" });
  });

  it("reads a sample and positions from paths, closing every file", async () => {
    writeFileSync(join(base, "cell_by_gene.csv"), "cell,G\n1,2\n2,3\n");
    writeFileSync(join(base, "cell_metadata.csv"), "EntityID,center_x,center_y\n1,1,1\n2,2,2\n");
    writeFileSync(join(base, "p.csv"), "id,x_um,y_um\n2,9,9\n1,8,8\n");
    const { dataset } = await readSample(base, { positions: join(base, "p.csv") });
    expect([...(dataset.positions?.data ?? [])]).toEqual([8, 8, 9, 9]);
    expect(dataset.positions?.unit).toBe("um");
  });
});

describe("writeFolder", () => {
  it("writes all files, below folders too, and nothing beside", async () => {
    const out = join(base, "new", "out");
    await writeFolder(
      out,
      new Map<string, string | Uint8Array>([
        ["run.json", run([])],
        ["sub/a.csv", text("1\n")],
      ]),
    );
    expect(readFileSync(join(out, "sub", "a.csv"), "utf8")).toBe("1\n");
    expect(readdirSync(join(base, "new"))).toEqual(["out"]);
  });

  it("refuses a folder that is not ours, unless forced, and then keeps other files", async () => {
    const out = join(base, "mine");
    mkdirSync(out);
    checkFolder(out);
    writeFileSync(join(out, "thesis.txt"), "precious");
    await expect(writeFolder(out, new Map([["a", "1"]]))).rejects.toMatchObject({ code: "output" });
    expect(readdirSync(out)).toEqual(["thesis.txt"]);
    await writeFolder(out, new Map([["a", "1"]]), { force: true });
    expect(readdirSync(out).sort()).toEqual(["a", "thesis.txt"]);
    writeFileSync(join(out, "run.json"), "not json");
    expect(() => checkFolder(out)).toThrow("not empty");
    writeFileSync(join(out, "run.json"), '{"tool": "other"}');
    expect(() => checkFolder(out)).toThrow("not empty");
    expect(() => checkFolder(join(out, "a"))).toThrow("must be a folder");
  });

  it("replaces an earlier run: its files go, a user's stay", async () => {
    const out = join(base, "run");
    await writeFolder(
      out,
      new Map([
        ["run.json", run(["old.csv", "same.csv", "../mine.txt"])],
        ["old.csv", "o"],
        ["same.csv", "o"],
      ]),
    );
    writeFileSync(join(out, "notes.md"), "mine");
    writeFileSync(join(base, "mine.txt"), "mine");
    await writeFolder(
      out,
      new Map([
        ["run.json", run(["same.csv"])],
        ["same.csv", "n"],
      ]),
    );
    expect(readdirSync(out).sort()).toEqual(["notes.md", "run.json", "same.csv"]);
    expect(readFileSync(join(out, "same.csv"), "utf8")).toBe("n");
    expect(existsSync(join(base, "mine.txt"))).toBe(true);
  });

  it("leaves nothing half-written when it fails", async () => {
    const out = join(base, "half");
    const impossible = new Map([
      ["a", "1"],
      ["a/b", "2"],
    ]);
    await expect(writeFolder(out, impossible)).rejects.toMatchObject({ code: "output" });
    expect(readdirSync(base)).toEqual([]);
    writeFileSync(join(base, "file"), "");
    await expect(writeFile(join(base, "file", "x"), "1")).rejects.toMatchObject({ code: "output" });
    expect(await writeFile(join(base, "y"), "1")).toBe(join(base, "y"));
    expect(readdirSync(base).sort()).toEqual(["file", "y"]);
  });
});
