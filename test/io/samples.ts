import { createHdf5 } from "../../src/io/hdf5-write.ts";
import { memorySource, type Source } from "../../src/io/index.ts";

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
