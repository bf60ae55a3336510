import { decodePng } from "../../src/io/images.ts";
import {
  type Column,
  type Dense,
  idList,
  type Sparse,
  type SpatialDataset,
  type Table,
} from "../../src/model/index.ts";

type Json = Record<string, unknown>;

/** What test/oracles/check_h5ad.py should find in a file written from this dataset with X = `x`. */
export async function expectations(ds: SpatialDataset, x: string, library: string): Promise<Json> {
  const matrices: Json = {};
  const dense: Json = {};
  const add = (name: string, m: Sparse | Dense): void => {
    const shape = [m.rows, m.cols];
    const dtype = m.data instanceof Float64Array ? "float64" : "float32";
    if (m.kind === "dense") dense[name] = { shape, dtype, data: list(m.data) };
    else
      matrices[name] = { shape, dtype, indptr: list(m.indptr), indices: list(m.indices), data: list(m.data) };
  };
  const all: Record<string, Sparse | Dense> = { ...ds.layers };
  if (ds.counts?.kind === "sparse") all["counts"] = ds.counts;
  for (const [name, m] of Object.entries(all)) add(name === x ? "X" : name, m);
  if (ds.positions) add("obsm/spatial", ds.positions);
  for (const [name, e] of Object.entries(ds.embeddings)) add(`obsm/X_${name}`, e);
  for (const [kind, set] of Object.entries(ds.features)) add(`obsm/${kind}`, set.values);
  for (const [name, graph] of Object.entries(ds.graphs)) {
    const base = name === "expression" ? "" : `${name}_`;
    for (const [what, data, dtype] of [
      ["connectivities", graph.weights, "float32"],
      ["distances", graph.distances, "float64"],
    ] as const) {
      const shape = [graph.nodes, graph.nodes];
      const { indptr, indices } = graph;
      matrices[`obsp/${base}${what}`] = {
        shape,
        dtype,
        indptr: list(indptr),
        indices: list(indices),
        data: list(data),
      };
    }
  }
  const images: Json = {};
  for (const image of ds.images ?? []) {
    const rgb = await decodePng(image.encoded.bytes, image.name);
    images[image.name] = { shape: [rgb.height, rgb.width, 3], data: list(rgb.data), scale: image.scale };
  }
  return {
    obs_names: idList(ds.cells.ids),
    var_names: idList(ds.genes.ids),
    matrices,
    dense,
    obs: frame(ds.cells),
    var: frame(ds.genes),
    images: Object.keys(images).length > 0 ? { [library]: images } : {},
  };
}

/** Numbers as JSON has them: missing ones become null. */
const list = (values: ArrayLike<number>): (number | null)[] =>
  Array.from(values, (v) => (Number.isNaN(v) ? null : v));

function frame(t: Table): Json {
  return Object.fromEntries(Object.entries(t.columns).map(([k, v]) => [k.replaceAll("/", "|"), column(v)]));
}

function column(c: Column): Json {
  if ("codes" in c) return { dtype: "category", values: list(c.codes), categories: c.categories };
  if (c instanceof Uint8Array) return { dtype: "bool", values: list(c) };
  if (c instanceof Int32Array) return { dtype: "int32", values: list(c) };
  if (c instanceof Float64Array) return { dtype: "float64", values: list(c) };
  return { dtype: "str", values: c };
}
