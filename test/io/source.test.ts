import fc from "fast-check";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { blobSource, memorySource } from "../../src/io/index.ts";
import { gunzip, gzip } from "../../src/io/source.ts";
import { text } from "./samples.ts";

describe("gunzip", () => {
  it("always gives back what was packed, in one member or in several", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 }),
        async (parts) => {
          const packed = Uint8Array.from(Buffer.concat(parts.map((p) => gzipSync(p))));
          expect(Buffer.from(await gunzip(packed, "f.gz")).equals(Buffer.concat(parts))).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
    expect(await gunzip(await gzip(text("hello")), "f.gz")).toEqual(text("hello"));
  });

  it("names truncated and damaged files", async () => {
    const packed = Uint8Array.from(gzipSync(text("hello ".repeat(100))));
    const two = Uint8Array.from([...packed, ...packed]);
    const damaged = two.slice();
    damaged[packed.length - 6] ^= 1;
    for (const bad of [packed.subarray(0, 20), two.subarray(0, two.length - 5), damaged, text("no gzip")])
      await expect(gunzip(bad, "f.gz")).rejects.toMatchObject({ code: "format", subject: "f.gz" });
  });
});

describe("gunzip, at the edges", () => {
  it("unpacks nothing to nothing, and no more than it may", async () => {
    expect((await gunzip(Uint8Array.from(gzipSync(new Uint8Array(0))), "f.gz")).length).toBe(0);
    const zeros = Uint8Array.from(gzipSync(new Uint8Array(3_000_000)));
    const twice = Uint8Array.from([...zeros, ...zeros]);
    expect((await gunzip(zeros, "f.gz", 3_000_000)).length).toBe(3_000_000);
    for (const bomb of [zeros, twice])
      await expect(gunzip(bomb, "f.gz", 2_000_000)).rejects.toMatchObject({
        code: "memory",
        subject: "f.gz",
      });
  });
});

describe("sources", () => {
  it("in memory and of blobs are alike; names are sorted; parts can be read", async () => {
    const bytes = text("abcdef");
    const memory = memorySource(
      new Map([
        ["b/x", bytes],
        ["a", text("1")],
      ]),
    );
    const blobs = blobSource([{ name: "b/x", blob: new Blob([bytes as BlobPart]) }, new File(["1"], "a")]);
    for (const source of [memory, blobs]) {
      expect(source.names).toEqual(["a", "b/x"]);
      expect(source.size("b/x")).toBe(6);
      expect(await source.slice("b/x", 4, 9)).toEqual(text("ef"));
      await expect(Promise.resolve().then(() => source.bytes("c"))).rejects.toMatchObject({
        code: "not-found",
      });
    }
    const file = memory.open("b/x");
    const into = new Uint8Array(4);
    expect([file?.size, file?.read(into, 3), ...into]).toEqual([6, 3, 100, 101, 102, 0]);
  });
});
