import { describe, expect, it, vi } from "vitest";
import { withArena } from "../../src/kernels/wasm/arena.ts";
import { compile } from "../../src/kernels/wasm/module.ts";

describe("withArena", () => {
  it("hands out aligned arrays of zeros that do not overlap, also when reused", async () => {
    for (let lease = 0; lease < 2; lease++) {
      await withArena(4 * 3 + 8 * 5 + 4 * 7, (arena) => {
        const [a, b, c] = [arena.f32(3), arena.f64(5), arena.u32(7)];
        for (const array of [a, b, c]) {
          expect(array.byteOffset % 16).toBe(0);
          expect(array.every((v) => v === 0)).toBe(true);
        }
        a.fill(1);
        b.fill(2);
        c.fill(3);
        expect([...a, ...b, ...c]).toEqual([1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3]);
      });
    }
  });

  it("leases to one at a time, and returns the lease when the work fails", async () => {
    const memories = new Set<ArrayBufferLike>();
    const note = (arena: { f32: (n: number) => Float32Array }): void =>
      void memories.add(arena.f32(1).buffer);
    await withArena(100, async (outer) => {
      note(outer);
      await withArena(100, note);
      expect(memories.size).toBe(2);
      await withArena(100, note);
      expect(memories.size).toBe(2);
    });
    const failed = withArena(100, () => {
      throw new Error("on purpose");
    });
    await expect(failed).rejects.toThrow("on purpose");
    await withArena(100, note);
    expect(memories.size).toBe(2);
  });

  it("grows an idle memory before a larger lease", async () => {
    await withArena(100, () => undefined);
    await withArena(5_000_000, (arena) => {
      const array = arena.f32(1_250_000).fill(1);
      expect(array[1_249_999]).toBe(1);
    });
  });

  it("refuses what 4 GB cannot hold, and arrays beyond what was asked for", async () => {
    await expect(withArena(5e9, () => undefined)).rejects.toMatchObject({ code: "memory" });
    await expect(withArena(100, (arena) => arena.f32(100_000_000))).rejects.toThrow("too small");
  });
});

describe("compile", () => {
  it("refuses a runtime without SIMD or without WebAssembly", () => {
    const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    expect(() => compile(new Uint8Array(8))).toThrow(expect.objectContaining({ code: "unsupported" }));
    validate.mockRestore();
    vi.stubGlobal("WebAssembly", undefined);
    expect(() => compile(new Uint8Array(8))).toThrow(expect.objectContaining({ code: "unsupported" }));
    vi.unstubAllGlobals();
  });
});
