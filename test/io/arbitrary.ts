import fc from "fast-check";
import { encodePng } from "../../src/io/images.ts";
import {
  categorical,
  type Column,
  dataset,
  dense,
  type Expression,
  expression,
  type Graph,
  type Image,
  ids,
  positions,
  type Shapes,
  type Sparse,
  sparse,
  type SpatialDataset,
  type Table,
  table,
} from "../../src/model/index.ts";

/** Names as vendors and users make them: 64- and 128-bit numbers, separators, other scripts. */
const name: fc.Arbitrary<string> = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map(String),
  fc.constantFrom(
    "a/b",
    "a|b",
    "..",
    ".zattrs",
    "_index",
    "β-actin",
    "細胞 1",
    "x y",
    "Aph1b/c",
    "100%",
    "__x",
  ),
  fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,8}$/),
);

const unique = (n: number): fc.Arbitrary<string[]> => fc.uniqueArray(name, { minLength: n, maxLength: n });

const whole = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const real = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(NaN));

const column = (n: number): fc.Arbitrary<Column> => {
  const list = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(of, { minLength: n, maxLength: n });
  return fc.oneof(
    list(fc.constantFrom(0, 1)).map((v) => Uint8Array.from(v)),
    list(whole).map((v) => Int32Array.from(v)),
    list(real).map((v) => Float64Array.from(v)),
    list(fc.constantFrom("", "NA", "x", "é", "a,b", 'say "so"')),
    fc
      .uniqueArray(fc.constantFrom("T cell", "B/c", "", "10", "9", "ψ"), { minLength: 1, maxLength: 4 })
      .chain((names) =>
        list(fc.integer({ min: -1, max: names.length - 1 })).map((codes) =>
          categorical(Int32Array.from(codes), names),
        ),
      ),
  );
};

const rows = (n: number): fc.Arbitrary<Table> =>
  fc
    .tuple(unique(n), fc.uniqueArray(name, { maxLength: 3 }))
    .chain(([labels, columns]) =>
      fc
        .tuple(...columns.map(() => column(n)))
        .map((values) => table(ids(labels), Object.fromEntries(columns.map((c, k) => [c, values[k]])))),
    );

const entries = (n: number, p: number, value: fc.Arbitrary<number>): fc.Arbitrary<Sparse> =>
  fc.array(fc.option(value, { nil: null, freq: 2 }), { minLength: n * p, maxLength: n * p }).map((cells) => {
    const indptr = new Uint32Array(n + 1);
    const indices: number[] = [];
    const data: number[] = [];
    cells.forEach((v, k) => {
      if (v !== null) {
        indices.push(k % p);
        data.push(v);
      }
      indptr[Math.floor(k / p) + 1] = indices.length;
    });
    return sparse(n, p, indptr, Uint32Array.from(indices), Float32Array.from(data));
  });

const count = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 2 ** 20, max: 2 ** 24 }));
const counts = (n: number, p: number): fc.Arbitrary<Expression<Sparse>> =>
  entries(n, p, count).map((x) => expression(x, "counts"));
const float = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(0.01), max: 40 });

const graph = (n: number): fc.Arbitrary<Graph> =>
  fc.tuple(entries(n, n, fc.float({ noNaN: true, min: 0, max: 1 })), fc.boolean()).map(([x, directed]) => ({
    kind: "graph",
    nodes: n,
    directed,
    indptr: x.indptr,
    indices: x.indices,
    weights: x.data,
    distances: Float64Array.from(x.data, (v, e) => v / 3 + e),
  }));

/** Rings that are closed, as vendors write them; some with a hole. */
export const outlines = (labels: readonly string[]): fc.Arbitrary<Shapes> =>
  fc
    .array(fc.record({ x: fc.double({ min: -1e5, max: 1e5, noNaN: true }), hole: fc.boolean() }), {
      minLength: labels.length,
      maxLength: labels.length,
    })
    .map((places) => {
      const shapeOffsets = [0];
      const ringOffsets = [0];
      const coordinates: number[] = [];
      const ring = (x: number, y: number, side: number): void => {
        coordinates.push(x, y, x + side, y, x + side, y + side, x, y + side, x, y);
        ringOffsets.push(coordinates.length / 2);
      };
      for (const { x, hole } of places) {
        ring(x, x / 7, 10);
        if (hole) ring(x + 3, x / 7 + 3, 4);
        shapeOffsets.push(ringOffsets.length - 1);
      }
      return {
        kind: "shapes",
        ids: ids(labels),
        shapeOffsets: Uint32Array.from(shapeOffsets),
        ringOffsets: Uint32Array.from(ringOffsets),
        coordinates: Float64Array.from(coordinates),
      };
    });

const pixels = Uint8Array.from({ length: 7 * 5 * 3 }, (_, k) => (k * 37) % 256);
const png = await encodePng({ width: 7, height: 5, data: pixels });
const image = (of: string): fc.Arbitrary<Image> =>
  fc.double({ min: 1e-3, max: 10, noNaN: true }).map((scale) => ({
    kind: "image",
    name: of,
    width: 7,
    height: 5,
    encoded: { type: "image/png", bytes: png },
    scale,
  }));

const place = fc.double({ min: -1e6, max: 1e6, noNaN: true });

/** Datasets with every kind of part, some of them missing. */
export const datasets: fc.Arbitrary<SpatialDataset> = fc
  .tuple(
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 5 }),
    fc.constantFrom(2 as const, 3 as const),
  )
  .chain(([n, p, dimensions]) =>
    fc
      .record({
        cells: rows(n),
        genes: rows(p),
        counts: counts(n, p),
        log: entries(n, p, float),
        scaled: fc.array(fc.float({ noNaN: true, min: -9, max: 9 }), { minLength: n * p, maxLength: n * p }),
        blanks: counts(n, 2),
        blankTable: rows(2),
        xy: fc.array(place, { minLength: n * dimensions, maxLength: n * dimensions }),
        unit: fc.constantFrom("um" as const, "px" as const, "array" as const),
        scale: fc.option(fc.double({ min: 0.01, max: 100, noNaN: true })),
        observation: fc.constantFrom("cell" as const, "spot" as const, "bin" as const),
        pca: fc.array(real.filter(Number.isFinite), { minLength: n * 2, maxLength: n * 2 }),
        graph: graph(n),
        low: image("lowres"),
        high: image("hires/2"),
        keep: fc.record({
          counts: fc.boolean(),
          layers: fc.boolean(),
          positions: fc.boolean(),
          shapes: fc.boolean(),
          rest: fc.boolean(),
        }),
      })
      .chain((d) =>
        fc
          .tuple(
            outlines(Array.from({ length: n }, (_, i) => d.cells.ids.at(i))),
            outlines(["n/1", "n/1", "2"]),
          )
          .map(([cellOutlines, nuclei]): SpatialDataset =>
            dataset({
              platform: "xenium",
              observation: d.observation,
              cells: d.cells,
              genes: d.genes,
              counts: d.keep.counts || !d.keep.layers ? d.counts : null,
              layers: d.keep.layers
                ? {
                    log: expression(d.log, "log"),
                    centred: expression(
                      dense(
                        n,
                        p,
                        Float64Array.from(d.scaled, (v, k) => (k === 0 ? -0.1 : v / 3)),
                      ),
                      "scaled",
                    ),
                    "scaled/z": expression(
                      dense(
                        n,
                        p,
                        Float32Array.from(d.scaled, (v, k) => (k === 0 ? -1 : v)),
                      ),
                      "scaled",
                    ),
                  }
                : {},
              positions: d.keep.positions
                ? positions(Float64Array.from(d.xy), d.unit, d.unit === "um" ? 1 : d.scale, dimensions)
                : null,
              ...(d.keep.shapes && d.keep.positions
                ? { shapes: { cell_boundaries: cellOutlines, nucleus_boundaries: nuclei } }
                : {}),
              ...(d.keep.rest
                ? {
                    features: { "Negative/Control": { values: d.blanks, table: d.blankTable } },
                    embeddings: {
                      pca: dense(n, 2, Float64Array.from(d.pca)),
                      umap: dense(n, 2, Float32Array.from(d.pca.map((v) => Math.fround(v % 100)))),
                    },
                    graphs: { expression: d.graph, "my/graph": d.graph },
                    ...(d.keep.positions ? { images: [d.low, d.high] } : {}),
                  }
                : {}),
            }),
          ),
      ),
  );
