import { expect, it } from "vitest";
import { startTally } from "../../src/kernels/tally.ts";

it("counts more pairs than are kept at once, and puts columns in order", () => {
  const tally = startTally(7);
  const want = new Float32Array(7 * 5);
  const order = Uint32Array.of(4, 2, 0, 1, 3);
  for (let k = 0; k < 2_500_000; k++) {
    const [row, column] = [(k * k) % 7, ((k >>> 3) * 3) % 5];
    tally.add(row, column);
    want[row * 5 + order[column]]++;
  }
  const { rows, cols, indptr, indices, data } = tally.finish(order);
  const got = new Float32Array(rows * cols);
  for (let i = 0; i < rows; i++)
    for (let e = indptr[i]; e < indptr[i + 1]; e++) got[i * cols + indices[e]] = data[e];
  expect(got).toEqual(want);
  expect(data.length).toBe(want.filter((v) => v > 0).length);
});
