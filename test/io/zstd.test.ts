import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { unzstd } from "../../src/io/zstd.ts";

/** Made by test/oracles/make_zstd.py: the text's frame with and without its size, an empty one, two with a skippable one between. */
const { text, sized, unsized, empty, several } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../fixtures/io/zstd.json"), "utf8"),
) as Record<"text" | "sized" | "unsized" | "empty" | "several", string>;
const bytes = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));
const unpacked = async (base64: string): Promise<string> =>
  new TextDecoder().decode(await unzstd(bytes(base64), "f"));

describe("unzstd", () => {
  it("agrees with the zstandard package of Python", async () => {
    expect(await unpacked(sized)).toBe(text);
    expect(await unpacked(unsized)).toBe(text);
    expect(await unpacked(several)).toBe(text + text);
    expect(await unpacked(empty)).toBe("");
    expect(await unzstd(new Uint8Array(0), "f")).toEqual(new Uint8Array(0));
  });

  it("refuses damaged frames, and reads good ones after thousands of them", async () => {
    const rng = stream(4);
    let refused = 0;
    for (let v = 0; v < 3000; v++) {
      const damaged = bytes(v % 2 === 0 ? sized : unsized).slice(
        0,
        v % 5 === 0 ? 1 + rng.below(60) : Infinity,
      );
      for (let k = 0; k <= v % 3; k++) damaged[rng.below(damaged.length)] = rng.below(256);
      await unzstd(damaged, "f").catch((error: unknown) => {
        expect(error).toMatchObject({ code: expect.stringMatching(/format|memory/) as string, subject: "f" });
        refused++;
      });
    }
    expect(refused).toBeGreaterThan(1000);
    expect(await unpacked(sized)).toBe(text);
  });
});
