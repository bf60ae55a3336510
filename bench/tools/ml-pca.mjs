// ml-pca's side of the steps. usage: node bench/tools/ml-pca.mjs INPUTS, then a step per line (serve.mjs)
// PEERS, the folder that has node_modules/ml-pca, comes from the environment.
import { createRequire } from "node:module";
import { join } from "node:path";
import { inputs } from "./inputs.mjs";
import { serve } from "./serve.mjs";

const require = createRequire(join(process.env.PEERS, "package.json"));
const { PCA } = require("ml-pca");
const given = inputs(process.argv[2]);
const { n, p, array } = given;

await serve(given, {
  pca() {
    const [indptr, indices, values] = ["counts.indptr.u32", "counts.indices.u32", "log.f32"].map(array);
    const rows = Array.from({ length: n }, (_, i) => {
      const row = new Array(p).fill(0);
      for (let e = indptr[i]; e < indptr[i + 1]; e++) row[indices[e]] = values[e];
      return row;
    });
    const d = given.components;
    return {
      call: () => new PCA(rows),
      answer(result) {
        const vectors = result.getEigenvectors();
        const loadings = Float64Array.from({ length: p * d }, (_, t) =>
          vectors.get(Math.floor(t / d), t % d),
        );
        return { loadings, variance: result.getEigenvalues().slice(0, d) };
      },
    };
  },
});
