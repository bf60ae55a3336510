import { loadHdf5 } from "../io/hdf5.ts";
import { idList } from "../model/index.ts";
import type { SimulatedDataset } from "./tissue.ts";

/** Values per chunk of a written dataset. */
const CHUNK = 65_536;

/**
 * The vendor's matrix file: one column per barcode, genes first, then control features, with the layout and types of
 * version 3 of the format.
 */
export async function writeTenxMatrix(ds: SimulatedDataset, genome: string): Promise<Uint8Array> {
  const parts = [
    { kind: "Gene Expression", values: ds.counts, table: ds.genes },
    ...Object.entries(ds.features).map(([kind, set]) => ({ kind, ...set })),
  ];
  const n = ds.cells.ids.length;
  const matrices = parts.map((part) => part.values);
  const entries = matrices.reduce((sum, x) => sum + x.data.length, 0);
  const indptr = new BigInt64Array(n + 1);
  const indices = new BigInt64Array(entries);
  const data = new Int32Array(entries);
  let m = 0;
  for (let i = 0; i < n; i++) {
    let first = 0;
    for (const x of matrices) {
      for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++) {
        indices[m] = BigInt(first + x.indices[e]);
        data[m++] = x.data[e];
      }
      first += x.cols;
    }
    indptr[i + 1] = BigInt(m);
  }

  const features = parts.flatMap(({ kind, table }) => {
    const names = table.columns["name"] as readonly string[];
    return idList(table.ids).map((id, j) => ({ id, kind, name: names[j] }));
  });
  const h5 = await loadHdf5();
  const path = "simulated.h5";
  const file = new h5.File(path, "w");
  try {
    const put = (name: string, values: BigInt64Array | Int32Array, dtype: "<q" | "<i"): void => {
      file.create_dataset({
        name: `matrix/${name}`,
        data: values,
        dtype,
        chunks: [Math.max(1, Math.min(CHUNK, values.length))],
        compression: "gzip",
        compression_opts: 4,
      });
    };
    const putText = (name: string, values: readonly string[]): void => {
      const longest = values.reduce((max, v) => Math.max(max, v.length), 1);
      file.create_dataset({
        name: `matrix/${name}`,
        data: [...values],
        dtype: `S${longest}`,
        chunks: [Math.min(CHUNK, values.length)],
        compression: "gzip",
        compression_opts: 4,
      });
    };
    file.create_attribute("filetype", "matrix");
    file.create_attribute("version", 2, null, "<q");
    file.create_attribute("chemistry_description", "simulated");
    file.create_attribute("software_version", "simulated");
    file.create_attribute("library_ids", ["simulated"]);
    file.create_attribute("original_gem_groups", [1], null, "<q");
    file.create_group("matrix");
    file.create_group("matrix/features");
    putText("barcodes", idList(ds.cells.ids));
    put("data", data, "<i");
    put("indices", indices, "<q");
    put("indptr", indptr, "<q");
    put("shape", Int32Array.of(features.length, n), "<i");
    putText("features/_all_tag_keys", ["genome"]);
    putText(
      "features/feature_type",
      features.map((f) => f.kind),
    );
    putText(
      "features/genome",
      features.map(() => genome),
    );
    putText(
      "features/id",
      features.map((f) => f.id),
    );
    putText(
      "features/name",
      features.map((f) => f.name),
    );
  } finally {
    file.close();
  }
  const written = h5.FS?.readFile(path) as Uint8Array;
  h5.FS?.unlink(path);
  return written.slice();
}
