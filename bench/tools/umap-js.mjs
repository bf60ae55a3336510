// umap-js's side of the steps. usage: node bench/tools/umap-js.mjs INPUTS, then a step per line (serve.mjs)
// PEERS, the folder that has node_modules/umap-js, comes from the environment.
import { createRequire } from "node:module";
import { join } from "node:path";
import { random } from "../support/random.mjs";
import { inputs } from "./inputs.mjs";
import { serve } from "./serve.mjs";

const { UMAP } = createRequire(join(process.env.PEERS, "package.json"))("umap-js");
const given = inputs(process.argv[2]);
const { n, array } = given;

await serve(given, {
  umap() {
    const points = array("points.f32");
    const rows = Array.from({ length: n }, (_, i) => Array.from(points.subarray(30 * i, 30 * (i + 1))));
    const [neighbors, distances] = [array("knn.indices.u32"), array("knn.f32")];
    const k = neighbors.length / n;
    const nearest = rows.map((_, i) => {
      const entries = Array.from({ length: k }, (_, t) => k * i + t);
      return entries.sort((a, b) => distances[a] - distances[b]);
    });
    const indices = nearest.map((entries, i) => [i, ...entries.map((e) => neighbors[e])]);
    const lengths = nearest.map((entries) => [0, ...entries.map((e) => distances[e])]);
    return {
      call() {
        const umap = new UMAP({
          nNeighbors: 15,
          nEpochs: n > 10000 ? 200 : 500,
          minDist: 0.5,
          random: random(1),
        });
        umap.setPrecomputedKNN(indices, lengths);
        return umap.fit(rows);
      },
      answer: (layout) => ({ layout: layout.flat() }),
    };
  },
});
