import { describe, expect, it } from "vitest";
import { neighborGraph } from "../../src/graph/index.ts";
import { dense } from "../../src/model/index.ts";
import { log1p, normalizeTotal } from "../../src/preprocess/index.ts";
import { pca, umap } from "../../src/reduce/index.ts";
import { leiden } from "../../src/cluster/leiden.ts";
import { worst } from "../support/close.ts";
import { coreFixture, tissue } from "../support/tissue.ts";

const { rep } = coreFixture<{ rep: number[] }>("neighbors");
const connectivities = async (): Promise<Awaited<ReturnType<typeof neighborGraph>>> =>
  neighborGraph(dense(64, 5, Float64Array.from(rep)), { neighbors: 8 });

describe("agrees with scanpy on a small tissue", () => {
  it("principal components", async () => {
    const want = coreFixture<{ variance: number[]; variance_ratio: number[]; first_scores: number[] }>("pca");
    const got = await pca(log1p(normalizeTotal(tissue().counts, { targetSum: 1e4 })), { components: 8 });
    expect(worst(got.variance, want.variance)).toBeLessThan(1e-5);
    expect(worst(got.varianceRatio, want.variance_ratio)).toBeLessThan(1e-5);
    const first = Float64Array.from(want.first_scores, (_, i) => Math.abs(got.scores.data[i * 8]));
    expect(worst(first, want.first_scores, 1)).toBeLessThan(1e-4);
  });

  it("the curve of UMAP", async () => {
    const want = coreFixture<{ cases: { spread: number; min_dist: number; ab: [number, number] }[] }>("umap");
    const { graph } = await connectivities();
    for (const { spread, min_dist: minDist, ab } of want.cases) {
      const { a, b } = await umap(graph, { spread, minDist, epochs: 1 });
      expect(worst([a, b], ab)).toBeLessThan(1e-3);
    }
  });

  it("Leiden is at least as good as igraph's best of ten", async () => {
    const want = coreFixture<{ modularity_of_10_seeds: number[] }>("clusters");
    const { graph } = await connectivities();
    const best = Math.max(...want.modularity_of_10_seeds);
    expect((await leiden(graph)).modularity).toBeGreaterThan(best - 0.005);
  });
});
