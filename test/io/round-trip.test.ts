import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodePng } from "../../src/io/images.ts";
import {
  memorySource,
  readSample,
  writeAnndataZarr,
  writeH5ad,
  writeSpatialData,
} from "../../src/io/index.ts";
import { idList, type SpatialDataset, type Table } from "../../src/model/index.ts";
import { datasets } from "./arbitrary.ts";

/** A dataset as plain values: names as lists, images by their pixels, parts that are not there as empty. */
async function plain(ds: SpatialDataset): Promise<unknown> {
  const frame = ({ ids, columns }: Table): unknown => ({ ids: idList(ids), columns });
  const record = <T>(of: Readonly<Record<string, T>> | undefined, f: (v: T) => unknown): unknown =>
    Object.fromEntries(Object.entries(of ?? {}).map(([k, v]) => [k, f(v)]));
  return {
    ...ds,
    cells: frame(ds.cells),
    genes: frame(ds.genes),
    features: record(ds.features, (set) => ({ values: set.values, table: frame(set.table) })),
    shapes: record(ds.shapes, (s) => ({ ...s, ids: idList(s.ids) })),
    images: await Promise.all(
      (ds.images ?? []).map(async ({ encoded, ...image }) => ({
        ...image,
        pixels: (await decodePng(encoded.bytes, image.name)).data,
      })),
    ),
  };
}

const written: Readonly<Record<string, (ds: SpatialDataset) => Promise<ReadonlyMap<string, Uint8Array>>>> = {
  h5ad: async (ds) => new Map([["a.h5ad", await writeH5ad(ds)]]),
  "anndata zarr": (ds) => writeAnndataZarr(ds),
  spatialdata: (ds) => writeSpatialData(ds),
};

describe.each(Object.entries(written))("%s", (_, write) => {
  it("always reads back as it was: every value, name, missing one, outline, graph and image", async () => {
    await fc.assert(
      fc.asyncProperty(datasets, async (ds) => {
        const before = await plain(structuredCloneOf(ds));
        const { dataset: read, report } = await readSample(memorySource(await write(ds)));
        expect(await plain(read)).toEqual(before);
        expect(await plain(ds)).toEqual(before);
        expect(report.dropped.filter(({ what }) => !what.startsWith("uns"))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

/** A copy of every array, to see that none was changed; names and functions are shared. */
function structuredCloneOf(ds: SpatialDataset): SpatialDataset {
  const copy = (v: unknown): unknown => {
    if (ArrayBuffer.isView(v)) return (v as Uint8Array).slice();
    if (Array.isArray(v)) return v.map(copy);
    if (typeof v !== "object" || v === null) return v;
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, copy(x)]));
  };
  return copy(ds) as SpatialDataset;
}
