import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { readSample, readShapes, type ReadShapesResult } from "../../src/io/index.ts";
import { gzip } from "../../src/io/source.ts";
import { ringMoments } from "../../src/kernels/polygons.ts";
import { type Categorical, idList, type Shapes, transcripts } from "../../src/model/index.ts";
import { assignTranscripts } from "../../src/preprocess/index.ts";
import { realData } from "../support/shared.ts";
import { text } from "./samples.ts";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/io/shapes.${name}`, import.meta.url));
const truth = JSON.parse(readFileSync(fixture("json"), "utf8")) as {
  areas: Record<string, number>;
  points: readonly (readonly [number, number])[];
  inside: readonly (string | null)[];
};

/** Areas by id: outlines less their holes, parts together. */
function areas({ ids, shapeOffsets, ringOffsets, coordinates }: Shapes): Record<string, number> {
  const out: Record<string, number> = {};
  for (let s = 0; s < ids.length; s++)
    for (let r = shapeOffsets[s]; r < shapeOffsets[s + 1]; r++) {
      const ring = coordinates.subarray(2 * ringOffsets[r], 2 * ringOffsets[r + 1]);
      const area = Math.abs(ringMoments(ring)[0]) / 2;
      out[ids.at(s)] = (out[ids.at(s)] ?? 0) + (r === shapeOffsets[s] ? area : -area);
    }
  return out;
}

const codes = ({ properties }: ReadShapesResult, name: string): string[] => {
  const column = properties.columns[name] as Categorical | readonly string[];
  return "codes" in column ? Array.from(column.codes, (c) => column.categories[c]) : [...column];
};

describe("readShapes agrees with geopandas and shapely", () => {
  it.each(["geojson", "parquet", "csv"])(
    "in %s: holes, parts, properties, what is no polygon",
    async (ending) => {
      const read = await readShapes(fixture(ending));
      const { shapes, properties, report, params } = read;
      expect(idList(shapes.ids)).toEqual(["plain", "ring", "parts", "parts"]);
      expect(params).toMatchObject({
        file: `shapes.${ending}`,
        id: "cell_id",
        geometry: "geometry",
        transform: null,
      });
      const found = areas(shapes);
      expect(Object.keys(found)).toEqual(Object.keys(truth.areas));
      for (const [id, area] of Object.entries(truth.areas)) expect(found[id]).toBeCloseTo(area, 9);
      expect(codes(read, "type")).toEqual(["T", "B", "T", "T"]);
      expect([...(properties.columns["score"] as Float64Array)]).toEqual([0.5, 1.25, NaN, NaN]);
      expect(properties.columns["count"]).toEqual(Int32Array.of(1, 2, 3, 3));
      expect(idList(properties.ids)).toEqual(idList(shapes.ids));
      expect(report.dropped.reduce((sum, d) => sum + d.count, 0)).toBe(2);
      const [x, y] = [0, 1].map((k) => Float64Array.from(truth.points, (p) => p[k]));
      const molecules = transcripts({ x, y, feature: new Uint32Array(x.length), features: ["g"] });
      const inside = await assignTranscripts(molecules, shapes);
      expect(Array.from(inside, (s) => (s < 0 ? null : shapes.ids.at(s)))).toEqual(truth.inside);
    },
  );
});

const square = (x: number): number[][][] => [
  [
    [x, 0],
    [x + 2, 0],
    [x + 2, 2],
    [x, 2],
    [x, 0],
  ],
];
const feature = (more: object, x: number, properties: object = {}): object => ({
  type: "Feature",
  geometry: { type: "Polygon", coordinates: square(x) },
  properties,
  ...more,
});
const json = (value: unknown): Uint8Array => text(JSON.stringify(value));

describe("readShapes", () => {
  const qupath = [
    feature({ id: "u-1", nucleusGeometry: { type: "Polygon", coordinates: square(0.5) } }, 0, {
      objectType: "cell",
      classification: { name: "Tumor", color: [200, 0, 0] },
      measurements: { "Cell: Area": 4, "Nucleus: Area": 1.5 },
    }),
    feature({ id: "u-2", nucleusGeometry: { type: "Polygon", coordinates: square(5.5) } }, 5, {
      objectType: "cell",
      classification: { name: "Stroma", color: [0, 200, 0] },
      measurements: { "Cell: Area": 4 },
      isLocked: true,
    }),
  ];

  it("reads QuPath's cells in every dress of GeoJSON: classes, measurements, nuclei", async () => {
    const dresses = [
      json({ type: "FeatureCollection", features: qupath }),
      json(qupath),
      text(qupath.map((f) => JSON.stringify(f)).join("\n")),
      await gzip(json(qupath)),
    ];
    for (const bytes of dresses) {
      const read = await readShapes(bytes);
      expect(idList(read.shapes.ids)).toEqual(["u-1", "u-2"]);
      expect(codes(read, "classification")).toEqual(["Tumor", "Stroma"]);
      expect(read.properties.columns["measurements: Nucleus: Area"]).toEqual(Float64Array.of(1.5, NaN));
      expect([...read.shapes.coordinates.subarray(10, 12)]).toEqual([5, 0]);
      const nuclei = await readShapes(bytes, {
        geometry: "nucleusGeometry",
        transform: [0.5, 0, 10, 0, 0.5, 0],
      });
      expect([...nuclei.shapes.coordinates.subarray(10, 14)]).toEqual([12.75, 0, 13.75, 0]);
    }
    expect(idList((await readShapes(json(qupath[0]))).shapes.ids)).toEqual(["u-1"]);
  });

  it("reads Baysor's geometries, which carry their cell", async () => {
    const geometry = (x: number, cell: string): object => ({ type: "Polygon", coordinates: square(x), cell });
    const bytes = json({ type: "GeometryCollection", geometries: [geometry(0, "c-7"), geometry(3, "c-9")] });
    const { shapes } = await readShapes(bytes);
    expect([idList(shapes.ids), [...shapes.ringOffsets]]).toEqual([
      ["c-7", "c-9"],
      [0, 5, 10],
    ]);
  });

  it("names shapes as asked, else by number; repeated ids are doubted", async () => {
    const bytes = json([feature({}, 0, { a: "x", b: 1 }), feature({}, 3, { a: "x", b: 2 })]);
    const named = async (id?: string): Promise<ReadShapesResult> =>
      readShapes(bytes, id === undefined ? {} : { id });
    expect(idList((await named()).shapes.ids)).toEqual(["0", "1"]);
    expect(idList((await named("b")).shapes.ids)).toEqual(["1", "2"]);
    expect((await named("a")).report.warnings.join()).toContain("1 outline of shapes repeat the id");
    await expect(named("c")).rejects.toMatchObject({ code: "not-found", subject: "id" });
  });

  it("takes the middle plane of Vizgen's parquet, and says so", async () => {
    const wkb = (x: number): Uint8Array => {
      const view = new DataView(new ArrayBuffer(93));
      view.setUint8(0, 1);
      [3, 1, 5].forEach((v, k) => view.setUint32(1 + 4 * k, v, true));
      square(x)[0]
        .flat()
        .forEach((v, k) => view.setFloat64(13 + 8 * k, v, true));
      return new Uint8Array(view.buffer);
    };
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: "EntityID", data: [7n, 7n, 7n, 8n], type: "INT64" },
        { name: "ZIndex", data: [0, 1, 2, 1], type: "INT32" },
        { name: "Geometry", data: [0, 1, 2, 3].map(wkb), type: "BYTE_ARRAY" },
      ],
    });
    const { shapes, report } = await readShapes(new Uint8Array(bytes));
    expect([idList(shapes.ids), shapes.coordinates[0], shapes.coordinates[10]]).toEqual([["7", "8"], 1, 3]);
    expect(report.dropped).toEqual([
      { what: "outline", count: 2, why: "on other planes than 1, the middle one" },
    ]);
  });

  it("refuses what is cut, what holds no polygon, and folders", async () => {
    const whole = json(qupath);
    await expect(readShapes(whole.subarray(0, whole.length - 9))).rejects.toMatchObject({ code: "format" });
    for (const none of [
      json([]),
      json({ type: "FeatureCollection", features: [] }),
      json(feature({ geometry: null }, 0)),
    ])
      await expect(readShapes(none)).rejects.toMatchObject({ code: "not-found" });
    const broken = json([feature({ geometry: { type: "Polygon", coordinates: [[["a", 0]]] } }, 0)]);
    await expect(readShapes(broken)).rejects.toMatchObject({ code: "format" });
    await expect(readShapes(text("a,b\n1,2\n"))).rejects.toMatchObject({ code: "format" });
    await expect(readShapes(".")).rejects.toMatchObject({ code: "input" });
    await expect(readShapes(whole, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
  });
});

const xenium = join(realData ?? "", "st", "xenium_sfe");
describe.skipIf(realData === null || !existsSync(xenium))("readShapes of real files", () => {
  it("Xenium's corners in parquet and text are those of the sample", async () => {
    const { dataset } = await readSample(xenium);
    for (const ending of ["parquet", "csv.gz"]) {
      const { shapes } = await readShapes(join(xenium, `cell_boundaries.${ending}`));
      expect(Float32Array.from(shapes.coordinates)).toEqual(
        Float32Array.from(dataset.shapes?.["cell_boundaries"]?.coordinates ?? []),
      );
    }
  });

  it("Vizgen's parquet gives the outlines of the sample", async () => {
    const folder = join(realData ?? "", "st", "merscope_cellbound_sfe");
    const { dataset } = await readSample(folder);
    const { shapes, report, params } = await readShapes(join(folder, "cell_boundaries.parquet"));
    const known = Object.values(dataset.shapes ?? {})[0];
    expect(params.id).toBe("EntityID");
    expect(new Set(idList(shapes.ids))).toEqual(new Set(idList(known.ids)));
    expect(report.dropped).toEqual([]);
  });
});
