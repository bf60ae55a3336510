import { createHdf5 } from "../../src/io/hdf5-write.ts";
import { encodePng } from "../../src/io/images.ts";
import { memorySource, type Source } from "../../src/io/index.ts";
import {
  categorical,
  dataset,
  dense,
  expression,
  type Graph,
  ids,
  positions,
  type Sparse,
  sparse,
  type SpatialDataset,
  table,
} from "../../src/model/index.ts";

export const text = (s: string): Uint8Array => new TextEncoder().encode(s);

/** A source in memory; texts become bytes. */
export function files(named: Readonly<Record<string, string | Uint8Array>>): Source {
  return memorySource(
    new Map(Object.entries(named).map(([k, v]) => [k, typeof v === "string" ? text(v) : v])),
  );
}

/** A 10x HDF5 matrix of the current schema from dense rows (one per barcode). */
export function tenx(
  barcodes: readonly string[],
  genes: readonly string[],
  rows: readonly (readonly number[])[],
  kinds: readonly string[] = genes.map(() => "Gene Expression"),
): Promise<Uint8Array> {
  const indptr = [0];
  const indices: number[] = [];
  const data: number[] = [];
  for (const row of rows) {
    row.forEach((v, j) => {
      if (v === 0) return;
      indices.push(j);
      data.push(v);
    });
    indptr.push(indices.length);
  }
  return createHdf5((w) => {
    w.group("matrix");
    w.group("matrix/features");
    w.strings("matrix/barcodes", barcodes);
    w.numbers("matrix/data", Float64Array.from(data));
    w.numbers("matrix/indices", Int32Array.from(indices));
    w.numbers("matrix/indptr", BigInt64Array.from(indptr, BigInt));
    w.numbers("matrix/shape", Int32Array.of(genes.length, barcodes.length));
    w.strings(
      "matrix/features/id",
      genes.map((_, j) => `id${j}`),
    );
    w.strings("matrix/features/name", genes);
    w.strings("matrix/features/feature_type", kinds);
  });
}

/** A tiny dataset with every kind of part. */
export async function full(): Promise<SpatialDataset> {
  const n = 3;
  const x = (values: readonly number[]): Sparse =>
    sparse(n, 2, Uint32Array.of(0, 1, 1, 3), Uint32Array.of(1, 0, 1), Float32Array.from(values));
  const graph: Graph = {
    kind: "graph",
    nodes: n,
    directed: false,
    indptr: Uint32Array.of(0, 1, 2, 2),
    indices: Uint32Array.of(1, 0),
    weights: Float32Array.of(0.5, 0.5),
    distances: Float64Array.of(0.1, 0.1),
  };
  const pixels = Uint8Array.from({ length: 4 * 5 * 3 }, (_, k) => (k * 37) % 256);
  return dataset({
    platform: "visium",
    observation: "spot",
    counts: expression(x([3, 1, 4]), "counts"),
    layers: { log: expression(x([0.5, 0.25, 1.5]), "log") },
    cells: table(ids(["a", "b", "c"]), {
      good: Uint8Array.of(1, 0, 1),
      whole: Int32Array.of(-1, 2, 3),
      real: Float64Array.of(0.1, NaN, 3),
      note: ["x", "", "é"],
      kind: categorical(Int32Array.of(1, -1, 0), ["k/1", "k2"]),
    }),
    genes: table(ids(["g1", "g2"]), { name: ["G", "G"] }),
    features: {
      Blank: {
        values: expression(
          sparse(n, 1, Uint32Array.of(0, 1, 1, 1), Uint32Array.of(0), Float32Array.of(7)),
          "counts",
        ),
        table: table(ids(["b1"]), { name: ["Blank-1"] }),
      },
    },
    positions: positions(Float64Array.of(0.1, 1, 2, 3, 4, 5), "px", 0.5),
    images: [
      {
        kind: "image",
        name: "lowres",
        width: 5,
        height: 4,
        encoded: { type: "image/png", bytes: await encodePng({ width: 5, height: 4, data: pixels }) },
        scale: 0.25,
      },
    ],
    embeddings: { pca: dense(n, 2, Float32Array.of(1, 2, 3, 4, 5, 6)) },
    graphs: { expression: graph, spatial: graph },
  });
}
