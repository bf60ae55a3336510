import { createHdf5 } from "../../../src/io/hdf5-write.ts";
import { decodePng, encodePng } from "../../../src/io/images.ts";
import { memorySource, openMatrix, readTable, writeH5ad } from "../../../src/io/index.ts";
import { readParquet } from "../../../src/io/parquet.ts";
import { gunzip, gzip } from "../../../src/io/source.ts";
import { platforms, positionsOf } from "../platforms.ts";
import { full, text } from "../samples.ts";
import { type Case, fixture, type Files, filesOf, type Given, layout, one, unzipped, whole } from "./case.ts";
import { imaging } from "./imaging.ts";

const h5ad = (name: string): Case => ({
  sample: one("s.h5ad", () => gunzip(fixture(`${name}.h5ad.gz`), name)),
  read: (files) => whole(files),
});

/** A matrix taken block by block. */
async function blocks(files: Files): Promise<string> {
  const { matrix } = await openMatrix(memorySource(files));
  let [rows, sum] = [0, 0];
  for await (const block of matrix.blocks(7)) {
    rows += block.rows;
    sum += block.data.reduce((a, b) => a + b, 0);
  }
  return `${rows} x ${matrix.cols}: ${sum}`;
}

const packed = ["zstd", "snappy-v2", "gzip-deltas", "lz4", "plain", "plain-deltas-v2"];

const tenxV2 = (): Promise<Uint8Array> =>
  createHdf5((w) => {
    for (const [k, genome] of ["hg19", "mm10"].entries()) {
      w.group(genome);
      w.strings(`${genome}/barcodes`, ["a-1", "b-1", "c-1"]);
      w.strings(`${genome}/genes`, [`g${k}1`, `g${k}2`]);
      w.strings(`${genome}/gene_names`, [`G${k}1`, `G${k}2`]);
      w.numbers(`${genome}/data`, Int32Array.of(3, 1, 2));
      w.numbers(`${genome}/indices`, Int32Array.of(0, 1, 0));
      w.numbers(`${genome}/indptr`, BigInt64Array.of(0n, 1n, 2n, 3n));
      w.numbers(`${genome}/shape`, Int32Array.of(2, 3));
    }
  });

const ring = (x: number, y: number): number[][] => [
  [x, y],
  [x + 4, y],
  [x + 4, y + 4],
  [x, y],
];
const outlines = (...shapes: readonly (readonly [number, string, unknown])[]): string =>
  JSON.stringify({
    type: "FeatureCollection",
    features: shapes.map(([id, type, coordinates]) => ({
      type: "Feature",
      geometry: { type, coordinates },
      properties: { cell_id: id, classification: { name: "a } in a [text" } },
    })),
  });

const xenium = async (): Promise<Given> => ({
  ...(await platforms["xenium"]()),
  "experiment.xenium": '{"analysis_sw_version": "xenium-3.0.0", "pixel_size": 0.2125}',
});

/** Every reader with a sample; new layouts come in with the table of platforms. */
export const cases: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    Object.entries(platforms).map(([name, given]) => [name, layout(given, positionsOf[name])]),
  ),
  // the same layouts without the images that take most of the time
  visium: layout(async () => {
    const { "spatial/tissue_hires_image.png": _, ...given } = await platforms["visium"]();
    return given;
  }),
  h5ad: layout(async () => ({ "s.h5ad": await writeH5ad(await full()) })),
  "anndata-zarr v2": unzipped("anndata-v2.zarr.zip"),
  "anndata-zarr v3": unzipped("anndata-v3.zarr.zip"),
  "spatialdata v2": unzipped("spatialdata-v2.zarr.zip"),
  "spatialdata v3": unzipped("spatialdata-v3.zarr.zip"),
  "spatialdata labels": unzipped("spatialdata-labels.zarr.zip"),
  "spatialdata ragged": unzipped("spatialdata-ragged.zarr.zip"),
  "h5ad of anndata 0.12": h5ad("encodings-0.12.19"),
  "h5ad of anndata 0.13": h5ad("encodings-0.13.4"),
  "h5ad, compound and lzf": h5ad("compound-lzf"),
  "10x-h5 v2": layout(async () => ({ "m.h5": await tenxV2() })),
  ...Object.fromEntries(
    ["earliest", "latest"].flatMap((libver) => {
      const sample = one("m.h5", () => fixture(`packed-${libver}.h5`));
      return [
        [`10x-h5, packed, ${libver}`, { sample, read: (files: Files) => whole(files) }],
        [`blocks of 10x-h5, ${libver}`, { sample, read: blocks }],
      ];
    }),
  ),
  "blocks of h5ad": { ...h5ad("encodings-0.12.19"), read: blocks },
  ...Object.fromEntries(
    packed.map((name) => [
      `parquet, ${name}`,
      {
        sample: one("t.parquet", () => fixture(`packed-${name}.parquet`)),
        read: (files: Files) => readParquet(memorySource(files), "t.parquet", null),
      },
    ]),
  ),
  "xenium parquet": layout(async () => {
    const { "cells.csv.gz": _, ...given } = await xenium();
    return {
      ...given,
      "cell_feature_matrix.h5": fixture("packed-earliest.h5"),
      "cells.parquet": fixture("packed-zstd.parquet"),
    };
  }),
  "xenium csv": layout(async () => ({
    ...(await xenium()),
    "cell_feature_matrix.h5": fixture("packed-earliest.h5"),
    "cells.csv.gz": await gzip(
      text(
        `cell_id,x_centroid,y_centroid\n${[0, 1, 2, 3].map((i) => `cell00${i >> 1}-${(i & 1) + 1},${i},${2 * i}\n`).join("")}`,
      ),
    ),
    "cell_boundaries.csv": `cell_id,vertex_x,vertex_y\n${["0,0", "1,0", "0,1"].map((at) => `cell000-1,${at}\n`).join("")}`,
    "analysis/clustering/gene_expression_graphclust/clusters.csv":
      "Barcode,Cluster\ncell000-1,1\ncell001-2,10\n",
  })),
  geojson: layout(async () => ({
    "filtered_feature_cell_matrix.h5": await createHdf5((w) => {
      w.group("matrix");
      w.group("matrix/features");
      w.strings("matrix/barcodes", ["cellid_000000003-1", "cellid_000000007-1"]);
      w.numbers("matrix/data", Int32Array.of(3, 1));
      w.numbers("matrix/indices", Int32Array.of(0, 1));
      w.numbers("matrix/indptr", BigInt64Array.of(0n, 1n, 2n));
      w.numbers("matrix/shape", Int32Array.of(2, 2));
      w.strings("matrix/features/id", ["g1", "g2"]);
      w.strings("matrix/features/name", ["A", "B"]);
      w.strings("matrix/features/feature_type", ["Gene Expression", "Gene Expression"]);
    }),
    "cell_segmentations.geojson": outlines(
      [3, "MultiPolygon", [[ring(0, 0)], [ring(10, 10)]]],
      [7, "Polygon", [ring(100, 200), ring(101, 201)]],
    ),
    "nucleus_segmentations.geojson": outlines([7, "Polygon", [ring(101, 201)]]),
    "spatial/scalefactors_json.json": '{"microns_per_pixel": 0.5}',
  })),
  "cosmx, local, outlines": layout(() => ({
    "S_exprMat_file.csv": "fov,cell_ID,g1,g2,NegPrb1\n1,0,9,9,9\n1,1,1,0,0\n1,2,0,3,1\n2,1,4,0,0\n",
    "S_metadata_file.csv":
      "fov,cell_ID,Area,CenterX_local_px,CenterY_local_px\n1,1,5,10,20\n1,2,6,30,40\n2,1,7,50,60\n",
    "S_fov_positions_file.csv": "fov,x_global_px,y_global_px\n1,0,0\n2,500,0\n",
    "S-polygons.csv": "fov,cellID,x_global_px,y_global_px\n1,1,9,19\n1,1,11,19\n1,1,10,21\n",
  })),
  "st, selected": layout(() => ({
    "A1.tsv": "\tg1\tg2\n1x2\t4\t0\n3x4\t0\t2\n",
    "A1_selection.tsv": "x\ty\tnew_x\tnew_y\tselected\n1\t2\t1.1\t2.1\t1\n3\t4\t3.1\t4.1\t1\n",
  })),
  "table, genes by cells": layout(() => ({
    "s_expr.txt": "c1 c2 c3\ng1 1 0 2\ng2 0 5 0\n",
    "s_locs.txt": "1.5 -2\n3 -4\n5 -6\n",
  })),
  "table, portal": layout(() => ({
    "raw.csv": '"GENE","w0","w1"\n"A",0,1\n"B",2,0\n',
    "spatial.csv": '"NAME","X","Y"\n"TYPE","numeric","numeric"\n"w1",3,4\n"w0",1,2\n',
  })),
  readTable: {
    sample: async () =>
      filesOf({ "values.csv": "cell,Actb,Gad1\na,0,3\nb,5,0\n", "places.csv": "cell,x,y\nb,3,4\na,1,2\n" }),
    read: (files) =>
      readTable(files.get("values.csv") ?? new Uint8Array(0), files.get("places.csv") ?? new Uint8Array(0)),
  },
  ...imaging,
  gzip: {
    sample: one("t.gz", () => gzip(text("id,x\na,1\n".repeat(40)))),
    read: (files) => gunzip(files.get("t.gz") as Uint8Array, "t.gz"),
  },
  png: {
    sample: one("i.png", () =>
      encodePng({ width: 9, height: 7, data: Uint8Array.from({ length: 189 }, (_, k) => (k * 37) & 255) }),
    ),
    read: (files) => decodePng(files.get("i.png") as Uint8Array, "i.png"),
  },
};
