import { parquetWriteBuffer } from "hyparquet-writer";
import { createHdf5 } from "../../../src/io/hdf5-write.ts";
import {
  memorySource,
  openImages,
  openTranscripts,
  readBarcodeMappings,
  readTranscripts,
} from "../../../src/io/index.ts";
import { gunzip } from "../../../src/io/source.ts";
import { tarSource } from "../../../src/io/tar.ts";
import { platforms } from "../platforms.ts";
import { text } from "../samples.ts";
import { type Case, fixture, type Files, layout, one, unzipped, whole } from "./case.ts";

/** Every level of every image, of a file or of all. */
async function pixels(files: Files): Promise<unknown> {
  const found: unknown[] = [];
  for (const image of await openImages(memorySource(files)))
    for (let level = 0; level < image.levels.length; level++) {
      const { width, height, data } = await image.read(level);
      found.push([image.name, width, height, data.length, (data as Uint8Array).reduce((a, b) => a + b, 0)]);
    }
  return found;
}

const image = (...names: readonly string[]): Case => ({
  sample: async () => {
    const all = await unzipped("tiff-images.zip").sample();
    return new Map([...all].filter(([name]) => names.some((n) => name.startsWith(n))));
  },
  read: pixels,
});

const gef = (name: string): Case => ({
  sample: one("C1.gef", () => gunzip(fixture(`${name}.gef.gz`), name)),
  read: (files) => whole(files),
});

/** A square in well-known binary, alone or as one of several polygons. */
function square(x: number, y: number, isMulti: boolean): Uint8Array {
  const corners = [x, y, x + 2, y, x + 2, y + 2, x, y + 2, x, y];
  const view = new DataView(new ArrayBuffer((isMulti ? 9 : 0) + 13 + 8 * corners.length));
  let at = 0;
  const head = (kind: number, count: number): void => {
    view.setUint8(at, 1);
    view.setUint32(at + 1, kind, true);
    view.setUint32(at + 5, count, true);
    at += 9;
  };
  if (isMulti) head(6, 1);
  head(3, 1);
  view.setUint32(at, corners.length / 2, true);
  corners.forEach((v, k) => view.setFloat64(at + 4 + 8 * k, v, true));
  return new Uint8Array(view.buffer);
}

const merscope = {
  "cell_by_gene.csv": "cell,Gad1,Blank-1\n112824700230101249,1,0\n112824700230101250,2,0\n",
  "cell_metadata.csv": "EntityID,fov,center_x,center_y\n112824700230101249,0,0,0\n112824700230101250,0,1,1\n",
};

function boundaries(): Uint8Array {
  const rows = [0, 1, 2].flatMap((z) => [
    { id: 112824700230101249n, z, shape: square(10 * z, 0, false) },
    { id: 112824700230101250n, z, shape: square(10 * z, 5, true) },
  ]);
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: "ID", data: rows.map((_, k) => BigInt(k)), type: "INT64" },
        { name: "EntityID", data: rows.map((r) => r.id), type: "INT64" },
        { name: "ZIndex", data: Int32Array.from(rows, (r) => r.z), type: "INT32" },
        { name: "Type", data: rows.map(() => "cell"), type: "STRING" },
        { name: "Geometry", data: rows.map((r) => r.shape), type: "BYTE_ARRAY" },
      ],
    }),
  );
}

const fields = (): Promise<Uint8Array> =>
  createHdf5((w) => {
    w.group("featuredata");
    for (const [k, id] of ["112824700230101249", "112824700230101250"].entries()) {
      w.group(`featuredata/${id}`);
      w.numbers(`featuredata/${id}/z_coordinates`, Float64Array.of(1.5, 3));
      for (const z of [0, 1]) {
        w.group(`featuredata/${id}/zIndex_${z}`);
        w.group(`featuredata/${id}/zIndex_${z}/p_0`, { type: "Polygon" });
        w.numbers(
          `featuredata/${id}/zIndex_${z}/p_0/coordinates`,
          Float64Array.of(k, z, k + 2, z, k, z + 2),
          {},
          [1, 3, 2],
        );
      }
    }
  });

const lines = Array.from({ length: 12 }, (_, i) => ({
  cell: i % 4 === 0 ? "UNASSIGNED" : `aaaa${"abc"[i % 3]}ca-1`,
  feature: ["CD4", "CD8A", "NegControlProbe_00042", "BLANK_0069"][i % 4],
  x: i + 0.25,
  y: 2 * i,
}));

const transcripts = (name: string, bytes: () => Uint8Array | Promise<Uint8Array>): Case => ({
  sample: one(name, bytes),
  read: async (files) => {
    const { transcripts: t } = await readTranscripts(memorySource(files));
    let rows = 0;
    const opened = await openTranscripts(memorySource(files));
    for await (const block of opened.blocks()) rows += block.length;
    return [t.length, rows, t.features, [...t.x], [...t.feature]];
  },
});

/** Files one after the other in blocks of 512 bytes, as the oldest tar has them. */
function tar(files: Files): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const [name, bytes] of files) {
    const head = new Uint8Array(512);
    const put = (at: number, value: string): void => head.set(text(value), at);
    put(0, name);
    put(100, "0000644\0");
    put(124, `${bytes.length.toString(8).padStart(11, "0")} `);
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    put(
      148,
      `${head
        .reduce((a, b) => a + b, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
    );
    blocks.push(head, bytes, new Uint8Array(-bytes.length & 511));
  }
  blocks.push(new Uint8Array(1024));
  const out = new Uint8Array(blocks.reduce((n, b) => n + b.length, 0));
  let at = 0;
  for (const block of blocks) {
    out.set(block, at);
    at += block.length;
  }
  return out;
}

/** Readers of images, outlines, transcripts and of platforms with files of their own. */
export const imaging: Readonly<Record<string, Case>> = {
  "stereo-seq bins": gef("stereo-bins-50"),
  "stereo-seq bins, old": gef("stereo-bins-old"),
  "stereo-seq cells": gef("stereo-cells"),
  "stereo-seq gem": layout(async () => {
    const lines = new TextDecoder().decode(await gunzip(fixture("stereo.gem.gz"), "gem")).split("\n");
    return { "a.gem": lines.slice(0, 60).join("\n") };
  }),
  "stereo-seq gem, cells": layout(() => ({
    "A.gem":
      "#FileFormat=GEMv0.1\ngeneID\tgeneName\tx\ty\tMIDCount\tCellID\nE1\tA\t3\t4\t1\t7\nE2\tB\t5\t4\t2\t0\n",
  })),
  "feature slice": unzipped("visium-hd.zip", "outs/feature_slice.h5"),
  loom: layout(async () => ({
    "a.loom": await createHdf5((w) => {
      for (const group of ["row_attrs", "col_attrs", "layers", "col_graphs", "row_graphs", "attrs"])
        w.group(group);
      w.numbers("matrix", Float64Array.of(1, 0, 0, 2, 3, 4), {}, [3, 2]);
      w.strings("row_attrs/Gene", ["A", "B", "A"]);
      w.strings("row_attrs/Accession", ["ENSG1", "ENSG2", "ENSG3"]);
      w.strings("col_attrs/CellID", ["c1", "c2"]);
      w.numbers("col_attrs/X", Float64Array.of(5, 6));
      w.numbers("col_attrs/Y", Float64Array.of(7, 8.5));
      w.numbers("col_attrs/tSNE", Float64Array.of(1, 2, 3, 4), {}, [2, 2]);
      w.numbers("layers/spliced", Int32Array.of(1, 0, 0, 0, 2, 0), {}, [3, 2]);
    }),
  })),
  "merscope, outlines": layout(() => ({ ...merscope, "cell_boundaries.parquet": boundaries() })),
  "merscope, fields": layout(async () => ({
    ...merscope,
    "cell_boundaries/feature_data_0.hdf5": await fields(),
  })),
  "visium of CytAssist": unzipped("visium-cytassist.zip", "outs/"),
  "visium-hd, run": unzipped("visium-hd.zip", "outs/"),
  "barcode mappings": {
    sample: unzipped("visium-hd.zip", "outs/barcode_mappings.parquet").sample,
    read: async (files) => JSON.stringify(await readBarcodeMappings(memorySource(files))).length,
  },
  "transcripts of text": transcripts("transcripts.csv", () =>
    text(
      `cell_id,feature_name,x_location,y_location,z_location,qv,fov_name\n${lines
        .map((l, i) => `${l.cell},${l.feature},${l.x},${l.y},1,${20 + i},A1\n`)
        .join("")}`,
    ),
  ),
  "transcripts of parquet": transcripts(
    "transcripts.parquet",
    () =>
      new Uint8Array(
        parquetWriteBuffer({
          rowGroupSize: 5,
          columnData: [
            { name: "transcript_id", data: lines.map((_, i) => BigInt(i) + 281474976710656n), type: "INT64" },
            { name: "cell_id", data: lines.map((l) => l.cell), type: "STRING" },
            { name: "feature_name", data: lines.map((l) => text(l.feature)), type: "BYTE_ARRAY" },
            { name: "x_location", data: lines.map((l) => l.x), type: "FLOAT" },
            { name: "y_location", data: lines.map((l) => l.y), type: "FLOAT" },
            { name: "qv", data: lines.map((_, i) => 20 + i), type: "FLOAT" },
          ],
        }),
      ),
  ),
  tar: {
    sample: async () =>
      new Map([
        [
          "a.tar",
          tar(
            new Map(
              Object.entries(await platforms["10x-mtx"]()).map(([k, v]) => [
                k,
                typeof v === "string" ? text(v) : v,
              ]),
            ),
          ),
        ],
      ]),
    read: async (files) => whole(files),
  },
  "tar, its list": {
    sample: async () =>
      new Map([
        [
          "a.tar",
          tar(
            new Map([
              ["a/b.txt", text("hello")],
              ["c.txt", text("x".repeat(700))],
            ]),
          ),
        ],
      ]),
    read: async (files) => {
      const inside = await tarSource(memorySource(files), "a.tar");
      return Promise.all(inside.names.map(async (n) => [n, (await inside.bytes(n)).length]));
    },
  },
  ...Object.fromEntries(
    [
      "plain.tif",
      "big-endian-lzw.tif",
      "bigtiff.btf",
      "packbits.tif",
      "rgb.tif",
      "jpeg-ycbcr.tif",
      "jpeg2000.tif",
      "pyramid.ome.tif",
      "stack.ome.tif",
      "morphology_focus/",
    ].map((name) => [`image, ${name}`, image(name)]),
  ),
};
