import type { Dense, Expression, Shapes, Sparse, SpatialDataset } from "../../../src/model/index.ts";

/** What a read sample amounts to, after checking that its parts agree; any other result as it is. */
export function fingerprint(result: unknown): string {
  if (typeof result !== "object" || result === null || !("dataset" in result)) return summary(result);
  const ds = result.dataset as SpatialDataset;
  const [n, p] = [ds.cells.ids.length, ds.genes.ids.length];
  const parts = [ds.platform, n, p];
  need(n > 0, "no observations");
  if (ds.counts?.kind === "blocked") throw new Error("a blocked matrix was not asked for");
  for (const x of [ds.counts, ...Object.values(ds.layers ?? {})])
    if (x !== null) parts.push(matrix(x as Expression<Sparse> | Expression<Dense>, n, p));
  for (const { values, table } of Object.values(ds.features)) parts.push(matrix(values, n, table.ids.length));
  for (const column of Object.values(ds.cells.columns))
    need(("codes" in column ? column.codes.length : column.length) === n, "a column of another length");
  if (ds.positions !== null) {
    need(ds.positions.rows === n && ds.positions.data.every(Number.isFinite), "positions");
    parts.push(ds.positions.data.reduce((a, b) => a + b, 0));
  }
  for (const shapes of Object.values(ds.shapes ?? {})) parts.push(outlines(shapes));
  for (const image of ds.images ?? []) parts.push(image.width, image.height);
  return parts.join();
}

function matrix(x: Expression<Sparse> | Expression<Dense>, n: number, p: number): number {
  need(x.rows === n && x.cols === p, `a matrix of ${x.rows} x ${x.cols} for ${n} x ${p}`);
  if (x.kind === "sparse") {
    need(x.indptr.length === n + 1 && x.indptr[n] === x.data.length, "offsets");
    for (let i = 0; i < n; i++)
      for (let e = x.indptr[i]; e < x.indptr[i + 1]; e++)
        need(x.indices[e] < p && (e === x.indptr[i] || x.indices[e] > x.indices[e - 1]), "columns");
  } else need(x.data.length === n * p, "a full matrix of another length");
  need((x.data as Float32Array).every(Number.isFinite), "values that are no numbers");
  return (x.data as Float32Array).reduce((a, b) => a + b, 0);
}

function outlines({ ids, shapeOffsets, ringOffsets, coordinates }: Shapes): number {
  need(
    shapeOffsets.length === ids.length + 1 && shapeOffsets[ids.length] === ringOffsets.length - 1,
    "rings",
  );
  need(2 * ringOffsets[ringOffsets.length - 1] === coordinates.length, "corners");
  return coordinates.reduce((a, b) => a + b, 0);
}

function summary(result: unknown): string {
  const text = JSON.stringify(result, (_, v: unknown) => {
    if (typeof v === "bigint") return String(v);
    return ArrayBuffer.isView(v)
      ? `${(v as Uint8Array).length}:${(v as Uint8Array).subarray(0, 50).join()}`
      : v;
  });
  return text ?? "";
}

function need(holds: boolean, what: string): void {
  if (!holds) throw new Error(`unsound: ${what}`);
}
