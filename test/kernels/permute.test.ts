import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { groupSums, shuffleInto } from "../../src/kernels/permute.ts";
import { sparse } from "../../src/model/index.ts";

describe("shuffleInto, always", () => {
  it("keeps the source and every value", () => {
    const source = Int32Array.from({ length: 1000 }, (_, i) => (i * 7) % 13);
    const before = source.slice();
    const target = new Int32Array(1000);
    shuffleInto(source, target, stream(1));
    expect(source).toEqual(before);
    expect(target).not.toEqual(source);
    expect(target.slice().sort()).toEqual(source.slice().sort());
  });

  it("gives the same order for the same stream and another for another", () => {
    const source = Int32Array.from({ length: 50 }, (_, i) => i);
    const [a, b, c] = [new Int32Array(50), new Int32Array(50).fill(9), new Int32Array(50)];
    shuffleInto(source, a, stream(3, 1));
    shuffleInto(source, b, stream(3, 1));
    shuffleInto(source, c, stream(3, 2));
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  it("gives each of the 24 orders of four equally often", () => {
    const source = Int32Array.of(0, 1, 2, 3);
    const target = new Int32Array(4);
    const seen = new Map<string, number>();
    for (let b = 0; b < 24000; b++) {
      shuffleInto(source, target, stream(5, b));
      seen.set(target.join(), (seen.get(target.join()) ?? 0) + 1);
    }
    expect(seen.size).toBe(24);
    let chi = 0;
    for (const count of seen.values()) chi += (count - 1000) ** 2 / 1000;
    expect(chi).toBeLessThan(49.7); // 99.9 % of chi-squared with 23 degrees of freedom
  });

  it("draws again where a number would favor the lower places", () => {
    const draws = [5, 5, 0, 4294967295]; // with three places left, 0 belongs to none
    const rng = { ...stream(0), u32: (): number => draws.shift() as number };
    const target = new Int32Array(3);
    shuffleInto(Int32Array.of(7, 8, 9), target, rng);
    expect(draws).toEqual([]);
    expect([...target]).toEqual([8, 7, 9]);
  });

  it("takes no element and one", () => {
    const one = new Int32Array(1);
    shuffleInto(Int32Array.of(7), one, stream(0));
    expect([...one]).toEqual([7]);
    shuffleInto(new Int32Array(0), new Int32Array(0), stream(0));
  });
});

describe("groupSums", () => {
  it("adds the rows of each group and leaves out rows without one", () => {
    const x = sparse(
      4,
      2,
      Uint32Array.of(0, 1, 3, 4, 5),
      Uint32Array.of(0, 0, 1, 1, 0),
      Float32Array.of(1, 2, 3, 4, 5),
    );
    const sums = new Float64Array(4).fill(9);
    groupSums(x, Int32Array.of(0, 1, 1, -1), sums);
    expect([...sums]).toEqual([1, 0, 2, 7]);
  });
});
