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
import {
  categorical,
  type Categorical,
  idList,
  type SpatialDataset,
  type Table,
  transcripts,
  type Transcripts,
} from "../../src/model/index.ts";
import { datasets } from "./arbitrary.ts";
import { full } from "./samples.ts";

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
  "h5ad, packed": async (ds) => new Map([["a.h5ad", await writeH5ad(ds, { compression: "gzip" })]]),
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

/** Transcripts as plain values: names of cells instead of numbers, which are given in the order of the file. */
function named({ cell, columns, ...rest }: Transcripts): unknown {
  const names = ({ codes, categories }: Categorical): (string | null)[] =>
    Array.from(codes, (code) => categories[code] ?? null);
  return {
    ...rest,
    cell: cell && names(cell),
    columns: { ...columns, fov: names(columns["fov"] as Categorical) },
  };
}

describe("transcripts in spatialdata", () => {
  const written = transcripts({
    unit: "px",
    micronsPerUnit: 0.5,
    x: Float64Array.of(0.1, -2, 1e5, 7),
    y: Float64Array.of(3, 1 / 3, 0, -8),
    z: Float64Array.of(0, 1.5, 1 / 7, 2),
    feature: Uint32Array.of(2, 0, 2, 1),
    features: ["β-actin", "NegControlProbe_1", "CD4", "without a transcript"],
    featureKinds: ["Gene Expression", "Negative Control Probe", "Gene Expression", "a kind of one's own"],
    quality: Float64Array.of(20, 40, NaN, 33.25),
    cell: categorical(Int32Array.of(1, -1, 0, 1), ["b", "a/1"]),
    columns: {
      fov: categorical(Int32Array.of(0, 1, 1, 0), ["10", "A1"]),
      overlaps_nucleus: Uint8Array.of(0, 1, 1, 0),
    },
  });
  const readBack = async (t: Transcripts): Promise<Transcripts | undefined> => {
    const store = await writeSpatialData({ ...(await full()), transcripts: t });
    const { dataset } = await readSample(memorySource(store), { transcripts: true });
    return dataset.transcripts;
  };

  it("read back as they were, every value and name, those of features without a transcript too", async () => {
    const read = await readBack(written);
    expect(read && named(read)).toEqual(named(written));
  });

  it("read back in the unit of the positions where they had another", async () => {
    const read = await readBack({ ...written, unit: "um", micronsPerUnit: 1 });
    expect([read?.unit, read?.micronsPerUnit]).toEqual(["px", 0.5]);
    expect(read?.x).toEqual(written.x.map((v) => 2 * v));
    expect(read?.y).toEqual(written.y.map((v) => 2 * v));
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
