import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { SpatialError } from "../../src/core/errors.ts";
import { withHdf5 } from "../../src/io/hdf5.ts";
import { createHdf5, type Hdf5Writer } from "../../src/io/hdf5-write.ts";
import { memorySource } from "../../src/io/source.ts";

const count = (length: number): Int32Array => Int32Array.from({ length }, (_, i) => i);

/** More members than a leaf and a node have, more pieces than a node has, pieces that are not full, texts of all lengths. */
function everything(w: Hdf5Writer): void {
  w.group("", { version: 2n });
  w.group("many", { kind: "x" });
  for (let k = 0; k < 3000; k++) w.numbers(`many/ä${k}`, Int32Array.of(k));
  w.numbers(
    "long",
    Int16Array.from(count(9_000_003), (i) => i % 999),
    { n: BigInt64Array.of(1n) },
  );
  w.numbers(
    "wide",
    Int16Array.from(count(300_000), (i) => i % 999),
    {},
    [300, 1000],
  );
  w.numbers("tall", count(900_000), {}, [1000, 300, 3]);
  w.numbers("vast", Float32Array.from(count(400_000)), {}, [2, 200_000]);
  w.numbers("none", new Float32Array(0), {}, [0, 5]);
  w.strings(
    "texts",
    Array.from(count(70_000), (i) => (i % 5 === 0 ? "" : "é".repeat(i % 30))),
  );
  w.strings("vastly", ["a".repeat(200_000), "", "b"]);
  w.booleans(
    "t",
    Uint8Array.from(count(5000), (i) => i % 2),
  );
  w.text("s", "");
  w.fixedStrings(
    "fixed",
    Array.from(count(5000), (i) => `${i === 4999 ? "ü" : "c"}${i}`),
  );
  w.group("empty");
}

describe("createHdf5 agrees with the HDF5 library", () => {
  it("which reads every value back", async () => {
    const bytes = await createHdf5(everything);
    await withHdf5(memorySource(new Map([["f", bytes]])), "f", async (file) => {
      expect(file.keys("many").length).toBe(3000);
      expect(file.keys("empty")).toEqual([]);
      for (let k = 0; k < 3000; k += 7) expect(file.numbers(`many/ä${k}`)).toEqual(Int32Array.of(k));
      const long = await file.numbers("long");
      expect(long.length).toBe(9_000_003);
      expect(long.every((v, i) => v === i % 999)).toBe(true);
      expect((await file.numbers("tall")).every((v, i) => v === i)).toBe(true);
      expect((await file.numbers("vast")).every((v, i) => v === i)).toBe(true);
      const texts = await file.strings("texts");
      expect(texts.every((v, i) => v === (i % 5 === 0 ? "" : "é".repeat(i % 30)))).toBe(true);
      expect((await file.strings("vastly")).map((v) => v.length)).toEqual([200_000, 0, 1]);
      expect((await file.strings("fixed"))[4999]).toBe("ü4999");
    });
  });

  const python = process.env["TISSULAR_PYTHON"] ?? null;
  it.skipIf(python === null)("of Python, which reads, changes and reads the file again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tissular-hdf5-"));
    try {
      writeFileSync(join(folder, "all.h5"), await createHdf5(everything));
      const script = fileURLToPath(new URL("../oracles/check_hdf5.py", import.meta.url));
      execFileSync(python!, [script, join(folder, "all.h5")], { stdio: "pipe" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("createHdf5 at the edges", () => {
  it("packs equal values once and writes them twice", async () => {
    const noise = Float32Array.from(count(300_000), (i) => Math.imul(i, 0x9e3779b1) >>> 3);
    const size = async (names: readonly string[]): Promise<number> =>
      (await createHdf5((w) => names.forEach((name) => w.numbers(name, noise)))).length;
    const [one, two] = [await size(["a"]), await size(["a", "b"])];
    expect(two).toBeGreaterThan(1.9 * one - 5000);
  });

  it("refuses what stands twice, what has no group and lists too long for an attribute", async () => {
    const refused = async (build: (w: Hdf5Writer) => void, what: RegExp): Promise<void> => {
      const error = await createHdf5(build).then(
        () => null,
        (e: unknown) => e,
      );
      expect(error instanceof SpatialError && error.code === "output" && error.message).toMatch(what);
    };
    await refused((w) => [1, 2].forEach(() => w.group("a")), /"a" stands twice/);
    await refused((w) => w.text("a/b", "x"), /no group for "a\/b"/);
    await refused((w) => w.group("a", { order: Array.from(count(5000), String) }), /at most 4062 .* 5000/);
  });

  it("stops while it packs when it is told to", async () => {
    const abort = new AbortController();
    let seen = 0;
    const made = createHdf5((w) => w.numbers("a", new Float64Array(2e7)), {
      signal: abort.signal,
      onProgress: () => {
        if (++seen === 3) abort.abort();
      },
    });
    await expect(made).rejects.toMatchObject({ code: "aborted" });
    expect(seen).toBe(3);
  });
});
