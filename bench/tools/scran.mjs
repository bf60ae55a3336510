// scran.js's side of the steps (Node 24). usage: node bench/tools/scran.mjs INPUTS, then a step per line (serve.mjs)
// PEERS, the folder that has node_modules/scran.js, comes from the environment.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inputs } from "./inputs.mjs";
import { serve } from "./serve.mjs";

const scran = await import(
  pathToFileURL(join(process.env.PEERS, "node_modules/scran.js/main/index.js")).href
);
await scran.initialize({ numberOfThreads: availableParallelism() });
const given = inputs(process.argv[2]);
const { n, p, array } = given;
const index = () =>
  scran.buildNeighborSearchIndex(Float64Array.from(array("points.f32")), {
    numberOfDims: 30,
    numberOfCells: n,
    approximate: true,
  });

await serve(given, {
  pca() {
    const values = array("log.f32");
    const x = scran.initializeSparseMatrixFromSparseArrays(
      p,
      n,
      values,
      Int32Array.from(array("counts.indices.u32")),
      array("counts.indptr.u32"),
      { byRow: false, forceInteger: false, layered: false },
    );
    const variable = array("variable.u32");
    const features = new Uint8Array(p);
    for (const gene of variable) features[gene] = 1;
    return {
      call: () => scran.runPca(x, { features, numberOfPCs: given.components, realizeMatrix: true }),
      answer(result) {
        const rotation = result.rotation();
        const d = given.components;
        const loadings = new Float64Array(p * d);
        variable.forEach((gene, g) => {
          for (let c = 0; c < d; c++) loadings[gene * d + c] = rotation[c * variable.length + g];
        });
        return { loadings };
      },
    };
  },
  neighbors: () => ({
    call: () => scran.findNearestNeighbors(index(), 14),
    answer: (result) => ({ indices: result.serialize().indices }),
  }),
  umap() {
    const near = scran.findNearestNeighbors(index(), 15);
    return {
      call: () => scran.runUmap(near, { epochs: n > 10000 ? 200 : 500, minDist: 0.5 }),
      answer({ x, y }) {
        return { layout: Float64Array.from({ length: 2 * n }, (_, t) => (t % 2 ? y : x)[t >> 1]) };
      },
    };
  },
});
await scran.terminate();
