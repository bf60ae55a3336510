import fc from "fast-check";
import { expect, it } from "vitest";
import { forEachRows } from "../../src/kernels/passes.ts";
import { dense, toBlocked, toSparse } from "../../src/model/index.ts";

it("rows are always gone over once, in order, however blocks are divided for the work", async () => {
  const n = 23;
  const x = toBlocked(
    toSparse(
      dense(
        n,
        1,
        Float32Array.from({ length: n }, (_, i) => i + 1),
      ),
    ),
  );
  const size = fc.integer({ min: 1, max: n + 2 });
  await fc.assert(
    fc.asyncProperty(size, size, async (read, worked) => {
      const seen: number[] = [];
      const fractions: number[] = [];
      await forEachRows(
        "rows",
        { ...x, blocks: () => x.blocks(read) },
        (block, start) => {
          expect(start).toBe(seen.length);
          expect(block.rows).toBeLessThanOrEqual(worked);
          seen.push(...block.data);
        },
        { onProgress: ({ fraction }) => fractions.push(fraction) },
        () => worked,
      );
      expect(seen).toEqual(Array.from({ length: n }, (_, i) => i + 1));
      expect(fractions.at(-1)).toBe(1);
    }),
  );
});
