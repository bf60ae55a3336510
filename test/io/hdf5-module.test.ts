import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openHdf5 } from "../../src/io/hdf5.ts";
import { loadHdf5, shielded } from "../../src/io/hdf5-module.ts";
import { readSample } from "../../src/io/index.ts";
import type { Sparse } from "../../src/model/index.ts";
import { files } from "./samples.ts";

const source = files({
  "m.h5": new Uint8Array(readFileSync(new URL("../fixtures/io/packed-latest.h5", import.meta.url))),
});
const total = async (): Promise<number> =>
  ((await readSample(source)).dataset.counts as Sparse).data.reduce((a, b) => a + b, 0);

describe("the HDF5 library after a trap", () => {
  it("is what it was at first, though its memory was overwritten; files that were open are refused", async () => {
    const { Module } = await loadHdf5();
    const before = await total();
    const { file, close } = await openHdf5(source, "m.h5");
    expect(file.info("matrix/barcodes").shape).toEqual([40]);
    for (let k = 0; k < 200; k++) {
      const trap = (): unknown => {
        Module.HEAPU8.fill(0xa5, 1024);
        return Module.get_names(1n, "/", false);
      };
      expect(() => shielded(Module, 0, trap)).toThrow(WebAssembly.RuntimeError);
      if (k % 50 === 0) expect(await total()).toBe(before);
    }
    expect(() => file.info("matrix/barcodes")).toThrow("was closed");
    close();
    expect(await total()).toBe(before);
  });

  it("keeps its stack where calls fail again and again", async () => {
    const { Module } = await loadHdf5();
    const { file, close } = await openHdf5(source, "m.h5");
    const stack = (): number =>
      (Module as unknown as { ccall: (...call: unknown[]) => number }).ccall(
        "memmove",
        "number",
        ["string", "number", "number"],
        ["x", 0, 0],
      );
    const at = stack();
    for (let k = 0; k < 500; k++) expect(() => file.keys("matrix/nothing")).toThrow("cannot be read");
    expect(stack()).toBe(at);
    expect(() => shielded(Module, 0, () => Module._free(0xfffffff8))).toThrow(WebAssembly.RuntimeError);
    expect(stack()).toBe(at);
    close();
  });
});
