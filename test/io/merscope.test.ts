import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { createHdf5 } from "../../src/io/hdf5-write.ts";
import { memorySource, pathSource, readSample } from "../../src/io/index.ts";
import { centroids } from "../../src/kernels/polygons.ts";
import { idList, type Shapes } from "../../src/model/index.ts";
import { compareOutlines } from "../support/outlines.ts";
import { realData } from "../support/shared.ts";
import { files, text } from "./samples.ts";

type Ring = readonly (readonly [number, number])[];
type Polygons = readonly (readonly Ring[])[];

/** A square of that side from a corner. */
const square = (x: number, y: number, side: number): Ring => [
  [x, y],
  [x + side, y],
  [x + side, y + side],
  [x, y + side],
  [x, y],
];

/** Well-known binary, big-endian so that the reader's other half is tried too; several polygons as a multipolygon. */
function wkb(polygons: Polygons, isMulti: boolean): Uint8Array {
  const bytes: number[] = [];
  const put = (write: (view: DataView) => void, size: number): void => {
    const view = new DataView(new ArrayBuffer(size));
    write(view);
    bytes.push(...new Uint8Array(view.buffer));
  };
  const word = (v: number): void => put((view) => view.setUint32(0, v), 4);
  const head = (kind: number): void => {
    bytes.push(0);
    word(kind);
  };
  if (isMulti) {
    head(6);
    word(polygons.length);
  }
  for (const rings of polygons) {
    head(3);
    word(rings.length);
    for (const ring of rings) {
      word(ring.length);
      for (const v of ring.flat()) put((view) => view.setFloat64(0, v), 8);
    }
  }
  return Uint8Array.from(bytes);
}

interface Row {
  readonly id: bigint;
  readonly z: number;
  readonly shape: Uint8Array | null;
}

function table(rows: readonly Row[], rowGroupSize: number = 1000): Uint8Array {
  return new Uint8Array(
    parquetWriteBuffer({
      rowGroupSize,
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

const A = 112824700230101249n;
const B = 112824700230101250n;
const tables = (ids: readonly (bigint | string)[], prefix: string = ""): Record<string, string> => ({
  [`${prefix}cell_by_gene.csv`]: `cell,Gad1,Blank-1\n${ids.map((id, k) => `${id},${k + 1},0\n`).join("")}`,
  [`${prefix}cell_metadata.csv`]: `EntityID,fov,center_x,center_y\n${ids.map((id, k) => `${id},0,${k},${k}\n`).join("")}`,
});

const list = (shapes: Shapes | undefined): unknown => ({
  ids: idList((shapes as Shapes).ids),
  shapes: [...(shapes as Shapes).shapeOffsets],
  rings: [...(shapes as Shapes).ringOffsets],
});
const corners = (shapes: Shapes | undefined): number[] => [...(shapes as Shapes).coordinates];
const flat = (...rings: readonly Ring[]): number[] => rings.flat(2);

describe("MERSCOPE outlines of one table", () => {
  /** Each plane has squares of its own, so that the one taken shows. */
  const planes = [6, 0, 1, 2, 3, 4, 5].flatMap((z) => [
    { id: B, z, shape: wkb([[square(100 * z, 0, 2)]], false) },
    {
      id: A,
      z,
      shape: wkb([[square(100 * z, 50, 2)], [square(100 * z, 60, 5), square(100 * z + 1, 61, 1)]], true),
    },
  ]);

  it("takes the middle plane, ids beyond 2^53 as they are, the largest piece with its hole", async () => {
    for (const rowGroupSize of [1000, 3]) {
      const source = files({ ...tables([A, B]), "cell_boundaries.parquet": table(planes, rowGroupSize) });
      const { dataset, report } = await readSample(source);
      const outlines = dataset.shapes?.["cell_boundaries"];
      expect(list(outlines)).toEqual({
        ids: [String(B), String(A)],
        shapes: [0, 1, 3],
        rings: [0, 5, 10, 15],
      });
      expect(corners(outlines)).toEqual(flat(square(300, 0, 2), square(300, 60, 5), square(301, 61, 1)));
      expect(report.found).toContain("2 outlines on plane 3 from cell_boundaries.parquet.");
      expect(report.dropped).toEqual([
        { what: "outline", count: 12, why: "on other planes than 3, the middle one" },
      ]);
      expect(report.warnings).toEqual(["1 outline of several pieces: the largest of each is kept."]);
      expect((await readSample(source, { shapes: false })).dataset.shapes).toBeUndefined();
    }
  });

  it("counts what is no polygon, leaves out outlines of another segmentation", async () => {
    const point = Uint8Array.of(0, 0, 0, 0, 1, ...new Uint8Array(16));
    const rows = [
      { id: A, z: 3, shape: null },
      { id: A, z: 3, shape: point },
      { id: B, z: 3, shape: wkb([[square(0, 0, 1)]], false) },
    ];
    const read = await readSample(files({ ...tables([A, B]), "cell_boundaries.parquet": table(rows) }));
    expect(list(read.dataset.shapes?.["cell_boundaries"])).toMatchObject({ ids: [String(B)] });
    expect(read.report.dropped).toEqual([{ what: "outline", count: 2, why: "not a polygon" }]);
    const other = await readSample(
      files({ ...tables([A + 7n, A + 8n]), "cell_boundaries.parquet": table(rows) }),
    );
    expect(other.dataset.shapes).toBeUndefined();
    expect(other.report.dropped).toContainEqual({
      what: "outline",
      count: 1,
      why: "no cell has the ids of cell_boundaries.parquet",
    });
  });

  it("finds the names of Cellpose and of the vendor's tool", async () => {
    const own = table([{ id: A, z: 0, shape: wkb([[square(1, 1, 1)]], false) }]);
    const foreign = table([{ id: A, z: 0, shape: wkb([[square(9, 9, 1)]], false) }]);
    for (const [prefix, extra] of [
      [
        "Cellpose/cellpose_",
        { "Cellpose/cellpose_micron_space.parquet": own, "cell_boundaries.parquet": foreign },
      ],
      ["", { "cellpose2_micron_space.parquet": own, "cellpose2_mosaic_space.parquet": foreign }],
      [
        "run/Mouse_",
        { "run/Mouse_cell_boundaries.parquet": own, "run/Rat_cell_boundaries.parquet": foreign },
      ],
    ] as const) {
      const { dataset } = await readSample(files({ ...tables([A], prefix), ...extra }));
      expect(corners(dataset.shapes?.["cell_boundaries"])).toEqual(flat(square(1, 1, 1)));
    }
    const two = { "cellpose2_micron_space.parquet": own, "watershed_micron_space.parquet": foreign };
    const unclear = await readSample(files({ ...tables([A]), ...two }));
    expect(unclear.dataset.shapes).toBeUndefined();
    expect(unclear.report.warnings[0]).toContain("cannot be told");
  });

  it("brings pixels of the mosaic to micrometres by the transform, or says that it cannot", async () => {
    const pixels = table([{ id: A, z: 0, shape: wkb([[square(100, 40, 20)]], false) }]);
    const half = { ...tables([A], "vpt/"), "vpt/cellpose_mosaic_space.parquet": pixels };
    const matrix = "10 0 -300\n0 5 -100\n0 0 1\n";
    const { dataset, report } = await readSample(
      files({ ...half, "images/micron_to_mosaic_pixel_transform.csv": matrix }),
    );
    expect(corners(dataset.shapes?.["cell_boundaries"])).toEqual([40, 28, 42, 28, 42, 32, 40, 32, 40, 28]);
    expect(report.files).toContain("images/micron_to_mosaic_pixel_transform.csv");
    const without = await readSample(files(half));
    expect(without.dataset.shapes).toBeUndefined();
    expect(without.report.warnings[0]).toContain("in pixels");
    for (const bad of ["1 0 0\n0 1 0\n", "1 0 0\n0 x 0\n0 0 1", "1 2 0\n2 4 0\n0 0 1"]) {
      await expect(
        readSample(files({ ...half, "images/micron_to_mosaic_pixel_transform.csv": bad })),
      ).rejects.toMatchObject({ code: "format" });
    }
  });

  it("notes the mosaic, its pixels by the manifest where there is no matrix", async () => {
    const manifest = {
      mosaic_width_pixels: 200,
      mosaic_height_pixels: 100,
      bbox_microns: [50, 10, 70, 20],
      mosaic_files: [
        { stain: "PolyT", z: 0 },
        { stain: "DAPI", z: 0 },
        { stain: "DAPI", z: 1 },
      ],
    };
    const source = { ...tables([A]), "images/manifest.json": JSON.stringify(manifest) };
    const { report } = await readSample(files(source));
    expect(report.found).toContain("Mosaic images of 0.1000 um per pixel: 3 of DAPI, PolyT.");
    const pixels = table([{ id: A, z: 0, shape: wkb([[square(100, 40, 20)]], false) }]);
    const placed = await readSample(files({ ...source, "cellpose_mosaic_space.parquet": pixels }));
    expect(corners(placed.dataset.shapes?.["cell_boundaries"]).slice(0, 6)).toEqual([60, 14, 62, 14, 62, 16]);
    const blank = await readSample(files({ ...source, "images/manifest.json": "{}" }));
    expect(blank.report.found.join()).not.toContain("Mosaic");
  });

  it("refuses tables without their columns and geometry that is cut off", async () => {
    const cut = wkb([[square(0, 0, 1)]], false).slice(0, 30);
    const lacking = new Uint8Array(
      parquetWriteBuffer({ columnData: [{ name: "EntityID", data: [A], type: "INT64" }] }),
    );
    for (const bad of [lacking, table([{ id: A, z: 0, shape: cut }]), text("PAR1")]) {
      await expect(
        readSample(files({ ...tables([A]), "cell_boundaries.parquet": bad })),
      ).rejects.toMatchObject({ code: "format", subject: "cell_boundaries.parquet" });
    }
  });
});

describe("MERSCOPE outlines by field of view", () => {
  /** 128-bit ids, as runs of the first instruments have them. */
  const wide = ["110883424764611924400221639916314253469", "110883424764611924400221639916314253470", "7"];
  type Cells = Readonly<Record<string, Readonly<Record<number, readonly Ring[]>>>>;

  const field = (cells: Cells): Promise<Uint8Array> =>
    createHdf5((w) => {
      w.group("featuredata");
      for (const [id, planes] of Object.entries(cells)) {
        w.group(`featuredata/${id}`);
        w.numbers(`featuredata/${id}/z_coordinates`, Float64Array.of(1.5, 3));
        for (const [z, pieces] of Object.entries(planes)) {
          w.group(`featuredata/${id}/zIndex_${z}`);
          pieces.forEach((ring, p) => {
            const path = `featuredata/${id}/zIndex_${z}/p_${p}`;
            w.group(path, { type: "Polygon" });
            w.numbers(`${path}/coordinates`, Float64Array.from(ring.flat()), {}, [1, ring.length, 2]);
          });
        }
      }
    });

  it("joins the fields: middle plane of the run, pieces, cells without it counted", async () => {
    const planes = (x: number): Record<number, readonly Ring[]> =>
      Object.fromEntries([0, 1, 2, 3, 4, 5, 6].map((z) => [z, [square(x, 10 * z, 2)]]));
    const source = files({
      ...tables(wide),
      "cell_boundaries/feature_data_0.hdf5": await field({}),
      "cell_boundaries/feature_data_1.hdf5": await field({
        [wide[1]]: planes(0),
        "7": { 0: [square(0, 0, 1)], 3: [] },
      }),
      "cell_boundaries/feature_data_10.hdf5": await field({
        [wide[0]]: { 2: [square(5, 5, 1)], 3: [square(0, 0, 1), square(8, 8, 3)] },
      }),
    });
    const { dataset, report } = await readSample(source);
    const outlines = dataset.shapes?.["cell_boundaries"];
    expect(list(outlines)).toEqual({ ids: [wide[1], wide[0]], shapes: [0, 1, 2], rings: [0, 5, 10] });
    expect(corners(outlines)).toEqual(flat(square(0, 30, 2), square(8, 8, 3)));
    expect(idList(dataset.cells.ids)).toEqual(wide);
    expect(report.found).toContain("2 outlines on plane 3 from 3 files.");
    expect(report.dropped).toEqual([
      { what: "outline", count: 8, why: "on other planes than 3, the middle one" },
      { what: "outline", count: 1, why: "not a polygon" },
    ]);
  });

  it("refuses corners that are none, and files cut off; without the tables it says what is missing", async () => {
    const flatCorners = await createHdf5((w) => {
      for (const path of [
        "featuredata",
        "featuredata/7",
        "featuredata/7/zIndex_0",
        "featuredata/7/zIndex_0/p_0",
      ])
        w.group(path);
      w.numbers("featuredata/7/zIndex_0/p_0/coordinates", Float64Array.of(1, 2, 3));
    });
    const name = "cell_boundaries/feature_data_0.hdf5";
    for (const bad of [flatCorners, flatCorners.subarray(0, 700)]) {
      await expect(readSample(files({ ...tables(["7"]), [name]: bad }))).rejects.toMatchObject({
        code: "format",
        subject: name,
      });
    }
    await expect(
      readSample(files({ [name]: await field({}), "detected_transcripts.csv": ",gene\n0,Gad1\n" })),
    ).rejects.toMatchObject({
      code: "not-found",
      hint: expect.stringContaining("cell_by_gene.csv and cell_metadata.csv") as string,
    });
  });

  it("takes a packed table only where there is no other, and two segmentations for two samples", async () => {
    const twice = await readSample(files({ ...tables(["7"]), "cell_by_gene.csv.gz": "" }));
    expect(twice.report.files).toContain("cell_by_gene.csv");
    await expect(
      readSample(files({ ...tables(["7"]), ...tables(["7"], "cellpose_") })),
    ).rejects.toMatchObject({
      code: "input",
      message: expect.stringContaining("cell_by_gene.csv (merscope), cellpose_cell_by_gene.csv") as string,
    });
  });
});

describe.skipIf(realData === null)("MERSCOPE outlines of real runs agree with geopandas and h5py", () => {
  const folder = `${realData as string}/st`;

  it("tables: number, corners, area, centroids, ids; a cell's outline lies around its center", async () => {
    for (const [name, own] of [
      ["merscope_cellbound_sfe", 0],
      ["merscope_cellpose_sfe", 1],
    ] as const) {
      const { dataset, report } = await readSample(`${folder}/${name}`);
      const outlines = dataset.shapes?.["cell_boundaries"] as Shapes;
      compareOutlines(outlines, name);
      expect(report.warnings.length).toBe(own);
      const centers = centroids(outlines);
      const away = idList(outlines.ids).map((id, s) => {
        const i = dataset.cells.ids.indexOf(id);
        const [x, y] = [0, 1].map((k) => (dataset.positions?.data[2 * i + k] as number) - centers[2 * s + k]);
        return Math.sqrt(x * x + y * y);
      });
      expect(away.sort((a, b) => a - b)[away.length >> 1]).toBeLessThan(0.5);
      expect(away.at(-1)).toBeLessThan(12);
    }
  });

  it("files by field of view, beside tables of their cells", async () => {
    for (const name of ["merscope_cellbound_sfe", "merscope_me_ovarian"]) {
      const run = await pathSource(`${folder}/${name}`);
      const fields = run.names.filter((n) => n.endsWith(".hdf5"));
      const bytes = await Promise.all(fields.map(async (n) => [n, await run.bytes(n)] as const));
      const cells = Object.entries(tables(["112824700230101249", "45862"])).map(
        ([k, v]) => [k, text(v)] as const,
      );
      const { dataset } = await readSample(memorySource(new Map([...bytes, ...cells])));
      compareOutlines(dataset.shapes?.["cell_boundaries"] as Shapes, `${name} fields`);
    }
  });
});
