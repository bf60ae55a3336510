import { describe, expect, it } from "vitest";
import { SpatialError, stream } from "../../src/core/index.ts";
import { gridGraph } from "../../src/graph/index.ts";
import { type Categorical, dense, expression } from "../../src/model/index.ts";
import { hotSpots, localClusters, localG, localMoran } from "../../src/spatial/index.ts";

const side = 14;
const cell = Int32Array.from({ length: side * side }, (_, i) => i);
const graph = gridGraph(
  cell.map((i) => Math.floor(i / side)),
  cell.map((i) => i % side),
);
const rng = stream(3);
/** Of two genes the first is high in one corner and low in the opposite one, the second is noise. */
const x = expression(
  dense(
    side * side,
    2,
    Float32Array.from({ length: 2 * side * side }, (_, t) => {
      const [row, column] = [Math.floor((t >> 1) / side), (t >> 1) % side];
      const planted = t % 2 === 1 ? 0 : row + column < 7 ? 3 : row + column > 19 ? -3 : 0;
      return planted + rng.uniform();
    }),
  ),
  "log",
);
const nameAt = ({ codes, categories }: Categorical, i: number): string | undefined => categories[codes[i]];

describe("hot and cold spots", () => {
  it.each(["p", "pAdjusted", "pPermutation", "pPermutationAdjusted"] as const)(
    "are where z and %s say so, at each level",
    async (by) => {
      const found = await localG(x, graph);
      const labels = hotSpots(found, { by });
      for (const [gene, label] of labels.entries())
        cell.forEach((i) => {
          const [z, p] = [found.z.data[2 * i + gene], found[by].data[2 * i + gene]];
          const level = [0.01, 0.05, 0.1].filter((alpha) => p <= alpha).length;
          const kind = z > 0 ? "hot" : "cold";
          expect(nameAt(label, i)).toBe(
            level === 0 ? "neither" : `${kind} ${["90", "95", "99"][level - 1]}%`,
          );
        });
    },
  );

  it("find what is planted and little in noise", async () => {
    const [planted, noise] = hotSpots(await localG(x, graph, { permutations: 0 }));
    expect(nameAt(planted, 0)).toBe("hot 99%");
    expect(nameAt(planted, side * side - 1)).toBe("cold 99%");
    expect(nameAt(planted, 7 * side + 6)).toBe("neither");
    expect(noise.codes.filter((code) => code !== 3).length).toBeLessThan(4);
  });

  it("quadrants stay where p is small enough, else there is neither", async () => {
    const found = await localMoran(x, graph, { permutations: 0 });
    const [planted] = localClusters(found, { alpha: 0.02 });
    const inner = 2 * side + 2;
    expect([nameAt(planted, inner), nameAt(planted, side * side - 1 - inner)]).toEqual([
      "high-high",
      "low-low",
    ]);
    cell.forEach((i) => {
      const isCalled = found.pAdjusted.data[2 * i] <= 0.02;
      expect(nameAt(planted, i)).toBe(isCalled ? nameAt(found.quadrants[0], i) : "neither");
    });
  });

  it("have no label where there is no test, and need permutations for their p", async () => {
    const constant = expression(dense(side * side, 1, new Float32Array(side * side)), "log");
    const [label] = hotSpots(await localG(constant, graph, { permutations: 0 }));
    expect(new Set(label.codes)).toEqual(new Set([-1]));
    const found = await localMoran(constant, graph, { permutations: 0 });
    expect(new Set(localClusters(found)[0].codes)).toEqual(new Set([-1]));
    expect(() => localClusters(found, { by: "pPermutation" })).toThrow(SpatialError);
  });
});
