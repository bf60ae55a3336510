import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { gzip } from "../../src/io/source.ts";
import { readSample, readTable } from "../../src/io/index.ts";
import {
  type Categorical,
  idList,
  type Sparse,
  type SpatialDataset,
  toDense,
} from "../../src/model/index.ts";
import { files, text } from "./samples.ts";

const values = (ds: SpatialDataset): number[] => Array.from(toDense(ds.counts as unknown as Sparse).data);
const xy = (ds: SpatialDataset): number[] => Array.from(ds.positions?.data ?? []);

describe("seqFISH (GenePS)", () => {
  const cells = "label,area,center_x,center_y\n2,50,20,200\n1,40,10,100\n3,60,30,300\n";
  const counts = ",Actb,Gad1\n1,5,0\n2,0,7\n3,1,1\n";

  it("joins by label under any prefix", async () => {
    const source = files({ "a/Roi1_CellxGene.csv": counts, "a/Roi1_CellCoordinates.csv": cells });
    const { dataset, report } = await readSample(source);
    expect(report.platform).toBe("seqfish");
    expect(values(dataset)).toEqual([5, 0, 0, 7, 1, 1]);
    expect(xy(dataset)).toEqual([10, 100, 20, 200, 30, 300]);
    expect(dataset.positions?.micronsPerUnit).toBe(null);
    expect(dataset.cells.columns["area"]).toEqual(Int32Array.of(40, 50, 60));
  });

  /** Squares around centers (in units of `step`), in an order of their own. */
  const squares = (labels: readonly number[], step: number, property: string | null): string => {
    const features = labels.map((label) => {
      const [x, y] = [(10 * label) / step, (100 * label) / step];
      const ring = [
        [x - 2, y - 2],
        [x + 2, y - 2],
        [x + 2, y + 2],
        [x - 2, y + 2],
        [x - 2, y - 2],
      ];
      const properties = property === null ? {} : { [property]: label, area: 16 };
      return { type: "Feature", properties, geometry: { type: "Polygon", coordinates: [ring] } };
    });
    return JSON.stringify({ type: "FeatureCollection", features });
  };

  it("reads outlines by label or by order, in the coordinates of the centers", async () => {
    const read = (outlines: string, options = {}): ReturnType<typeof readSample> =>
      readSample(
        files({
          "Roi1_CellxGene.csv": counts,
          "Roi1_CellCoordinates.csv": cells,
          "Roi1_Boundaries.geojson": outlines,
          "Roi10_Boundaries.geojson": "no JSON",
        }),
        options,
      );
    const first = (ds: SpatialDataset): number[] =>
      Array.from(ds.shapes?.["cell_boundaries"].coordinates.slice(0, 2) ?? []);
    const names = (ds: SpatialDataset): string[] =>
      ds.shapes === undefined ? [] : idList(ds.shapes["cell_boundaries"].ids);
    for (const property of ["label", "Cell_ID", "id"]) {
      const { dataset } = await read(squares([3, 1, 2], 1, property));
      expect([names(dataset), first(dataset)]).toEqual([
        ["3", "1", "2"],
        [28, 298],
      ]);
    }
    const pixels = await read(squares([3, 1, 2], 0.125, "label"));
    expect(first(pixels.dataset)).toEqual([30 - 0.25, 300 - 0.25]);
    expect(pixels.report.found.at(-1)).toContain("0.1250 per pixel");
    const nameless = await read(squares([2, 1, 3], 1, null));
    expect(names(nameless.dataset)).toEqual(["2", "1", "3"]);
    expect(nameless.report.warnings.join()).toContain("in the order of Roi1_CellCoordinates.csv");
    for (const wrong of [
      squares([1, 2], 1, null),
      squares([3, 1, 2], 1, null),
      squares([4, 5, 6], 1, "label"),
    ]) {
      const { dataset, report } = await read(wrong);
      expect(dataset.shapes).toBeUndefined();
      expect(report.dropped[0].why).toContain("do not lie around the centers");
    }
    expect((await read("no JSON", { shapes: false })).dataset.shapes).toBeUndefined();
    await expect(read("no JSON")).rejects.toMatchObject({
      code: "format",
      subject: "Roi1_Boundaries.geojson",
    });
  });

  /** The directory of a TIFF with that description, its one strip never looked at. */
  const tiff = (description: string): Uint8Array => {
    const note = text(`${description}\0`);
    const view = new DataView(new ArrayBuffer(8 + 2 + 12 * 9 + 4 + note.length));
    [0x4949002a, 8 << 24].forEach((word, k) => view.setUint32(4 * k, word));
    view.setUint16(2, 42, true);
    const tags = [
      [256, 4, 1, 40],
      [257, 4, 1, 400],
      [258, 3, 1, 16],
      [259, 3, 1, 1],
      [262, 3, 1, 1],
      [270, 2, note.length, 122],
      [273, 4, 1, 122],
      [278, 4, 1, 400],
      [279, 4, 1, 0],
    ];
    view.setUint16(8, tags.length, true);
    tags.forEach(([tag, type, count, value], k) => {
      view.setUint16(10 + 12 * k, tag, true);
      view.setUint16(12 + 12 * k, type, true);
      view.setUint32(14 + 12 * k, count, true);
      view.setUint32(18 + 12 * k, value, true);
    });
    new Uint8Array(view.buffer).set(note, 122);
    return new Uint8Array(view.buffer);
  };

  it("takes the scale from an image's header: pixels, or micrometres where they fit into it", async () => {
    const header = (size: number): Uint8Array =>
      tiff(
        `<OME><Image><Pixels SizeX="40" SizeY="400" SizeC="1" SizeZ="1" SizeT="1" Type="uint16" DimensionOrder="XYZCT" PhysicalSizeX="${size}" PhysicalSizeY="${size}"><Channel/></Pixels></Image></OME>`,
      );
    const scale = async (name: string, image: Uint8Array): Promise<unknown> => {
      const { dataset, report } = await readSample(
        files({ "Roi1_CellxGene.csv": counts, "Roi1_CellCoordinates.csv": cells, [name]: image }),
      );
      const { unit, micronsPerUnit } = dataset.positions as NonNullable<SpatialDataset["positions"]>;
      expect(report.warnings.some((line) => line.includes("unknown"))).toBe(micronsPerUnit === null);
      return [unit, micronsPerUnit];
    };
    expect(await scale("Roi1_DAPI.tiff", header(0.125))).toEqual(["px", 0.125]);
    expect(await scale("Roi1_Segmentation.ome.tif", header(0.8))).toEqual(["um", 1]);
    expect(await scale("Roi2_DAPI.tiff", header(0.8))).toEqual(["px", null]);
    expect(await scale("Roi1_DAPI.tiff", tiff("none"))).toEqual(["px", null]);
    expect(await scale("Roi1_DAPI.tiff", text("no image"))).toEqual(["px", null]);
  });

  it("reads the names of the first releases, with the region at the end", async () => {
    const source = { "TestSet_CxG_1.csv": counts, "TestSet_CellCoordinates_1.csv": cells };
    expect(xy((await readSample(files(source))).dataset)).toEqual([10, 100, 20, 200, 30, 300]);
    const two = { ...source, "TestSet_CxG_2.csv": counts, "TestSet_CellCoordinates_2.csv": cells };
    await expect(readSample(files(two))).rejects.toMatchObject({
      message: expect.stringContaining("TestSet__1 (seqfish), TestSet__2 (seqfish)") as string,
    });
  });

  it("lists regions, and refuses one half", async () => {
    const two = {
      "Roi1_CellxGene.csv": counts,
      "Roi1_CellCoordinates.csv": cells,
      "Roi2_CellxGene.csv": counts,
      "Roi2_CellCoordinates.csv": cells,
    };
    await expect(readSample(files(two))).rejects.toMatchObject({
      message: expect.stringContaining("Roi1_ (seqfish), Roi2_ (seqfish)") as string,
    });
    await expect(readSample(files({ "Roi1_CellCoordinates.csv": cells }))).rejects.toMatchObject({
      code: "not-found",
    });
  });
});

describe("original Spatial Transcriptomics", () => {
  const counts = "\tERBB2\tGNAS\n10x13\t4\t0\n9x12\t0\t2\n10x14\t1\t3\n";
  const spots =
    "x\ty\tnew_x\tnew_y\tpixel_x\tpixel_y\tselected\n9\t12\t9.1\t11.9\t90\t120\t1\n10\t14\t10.1\t14.2\t100\t140\t0\n10\t13\t9.9\t13.1\t99\t131\t1\n";

  it("places spots by their names where nothing else does", async () => {
    const { dataset, report } = await readSample(files({ "A1.tsv.gz": await gzip(text(counts)) }));
    expect(report.platform).toBe("st");
    expect(dataset.observation).toBe("spot");
    expect(idList(dataset.cells.ids)).toEqual(["10x13", "9x12", "10x14"]);
    expect(xy(dataset)).toEqual([10, 13, 9, 12, 10, 14]);
    expect(dataset.positions).toMatchObject({ unit: "array", micronsPerUnit: 200 });
    expect(dataset.cells.columns["array_col"]).toEqual(Int32Array.of(10, 9, 10));
    expect(report.warnings.join()).toContain("no table of selected spots");
  });

  it("refines them by selected spots, given or found by name", async () => {
    const found = await readSample(files({ "cnts/A1.tsv": counts, "spots/A1_selection.tsv": spots }));
    expect(xy(found.dataset)).toEqual([9.9, 13.1, 9.1, 11.9]);
    expect(found.report.dropped).toMatchObject([{ what: "spot", count: 1 }]);
    const given = await readSample(files({ "A1.tsv": counts }), { positions: text(spots) });
    expect(xy(given.dataset)).toEqual([9.9, 13.1, 9.1, 11.9]);
  });

  it("lists sections", async () => {
    const two = {
      "cnts/A1.tsv": counts,
      "cnts/B1.tsv": counts,
      "spots/A1_selection.tsv": spots,
      "spots/B1_selection.tsv": spots,
    };
    await expect(readSample(files(two))).rejects.toMatchObject({
      code: "input",
      message: expect.stringContaining("cnts/A1.tsv (st), cnts/B1.tsv (st)") as string,
    });
  });
});

describe("published MERFISH tables", () => {
  const head =
    "Cell_ID,Animal_ID,Animal_sex,Behavior,Bregma,Centroid_X,Centroid_Y,Cell_class,Neuron_cluster_ID";
  const table = `${head},Ace2,Blank_1,Gad1\nu1,1,Female,Naive,0.26,-5,2.5,Astrocyte,,0.5,0,1.25\nu2,1,Female,Naive,0.26,4,-1,Inhibitory,I-5,0,0.75,2.5\n`;

  it("keeps normalized values, classes as categories, blanks apart", async () => {
    const { dataset, report } = await readSample(files({ "m.csv": table }));
    expect(report.platform).toBe("merfish");
    expect(dataset.counts).toBe(null);
    expect(dataset.layers["normalized"]?.values).toBe("normalized");
    expect(xy(dataset)).toEqual([-5, 2.5, 4, -1]);
    expect(dataset.positions).toMatchObject({ unit: "um", micronsPerUnit: 1 });
    expect((dataset.cells.columns["Cell_class"] as Categorical).categories).toEqual([
      "Astrocyte",
      "Inhibitory",
    ]);
    expect(Array.from((dataset.cells.columns["Neuron_cluster_ID"] as Categorical).codes)).toEqual([-1, 0]);
    expect(idList(dataset.genes.ids)).toEqual(["Ace2", "Gad1"]);
    expect(Object.keys(dataset.features)).toEqual(["Blank"]);
    expect("sample" in dataset.cells.columns).toBe(false);
  });

  it("tells sections of one table apart", async () => {
    const { dataset } = await readSample(
      files({ "m.csv": table.replace("u2,1,Female,Naive,0.26", "u2,1,Female,Naive,0.21") }),
    );
    expect((dataset.cells.columns["sample"] as Categorical).categories).toEqual(["1_0.21", "1_0.26"]);
  });
});

describe("any table", () => {
  it("genes x cells without a corner, spaces, places by order", async () => {
    const source = files({
      "s_expr.txt": "c1 c2 c3\nActb 1 0 2\nGad1 0 5 0\n",
      "s_locs.txt": "1.5 -2\n3 -4\n5 -6\n",
    });
    const { dataset, report } = await readSample(source);
    expect(values(dataset)).toEqual([1, 0, 0, 5, 2, 0]);
    expect(xy(dataset)).toEqual([1.5, -2, 3, -4, 5, -6]);
    expect(report.joined).toEqual(["Positions by order: 3 cells."]);
    expect(report.warnings.join()).toContain("order of the matrix");
  });

  it("quoted names, ids in another order", async () => {
    const source = files({
      "f_countdata.csv": '"","\'Tal1\'","\'Emx2\'"\n"C1",3,1\n"C2",0,4\n',
      "f_info.csv": '"","x","y","z"\n"C2",7,8,1\n"C1",5,6,1\n',
    });
    const { dataset } = await readSample(source);
    expect(idList(dataset.genes.ids)).toEqual(["Tal1", "Emx2"]);
    expect(values(dataset)).toEqual([3, 1, 0, 4]);
    expect(xy(dataset)).toEqual([5, 6, 7, 8]);
  });

  it("a second row of types, and beads", async () => {
    const portal = await readSample(
      files({
        "raw.csv": '"GENE","w_0","w_1"\n"A2M",0,1\n"ABL1",2,0\n',
        "spatial.csv":
          '"NAME","X","Y","kind"\n"TYPE","numeric","numeric","group"\n"w_1",3,4,"b"\n"w_0",1,2,"a"\n',
      }),
    );
    expect(values(portal.dataset)).toEqual([0, 2, 1, 0]);
    expect(xy(portal.dataset)).toEqual([1, 2, 3, 4]);
    const beads = await readSample(
      files({
        "MappedDGEForR.csv": "Row,AANT-1,CGGT-1,TTTT-1\nActb,1,0,2\nGad1,0,5,0\n",
        "BeadLocationsForR.csv": "barcodes,xcoord,ycoord\nTTTT-1,30,3\nAANT-1,10,1\nCGGT-1,20,2\n",
      }),
    );
    expect(beads.report.platform).toBe("slide-seq");
    expect(beads.dataset.observation).toBe("spot");
    expect(xy(beads.dataset)).toEqual([10, 1, 20, 2, 30, 3]);
    expect(beads.dataset.positions?.micronsPerUnit).toBe(0.65);
  });

  it("a table alone asks for its other half, and takes it", async () => {
    const counts = "id,g1,g2\na,1,0\nb,0,2\n";
    await expect(readSample(files({ "c.csv": counts }))).rejects.toMatchObject({
      code: "not-found",
      hint: expect.stringContaining("--positions") as string,
    });
    const { dataset } = await readSample(files({ "c.csv": counts }), {
      positions: text("cell,x_um,y_um\nb,3,4\na,1,2\n"),
    });
    expect(xy(dataset)).toEqual([1, 2, 3, 4]);
    expect(dataset.positions?.micronsPerUnit).toBe(1);
    await expect(readSample(files({ "where.txt": "ID\tX\tY\nc1\t1\t2\nc2\t3\t4\n" }))).rejects.toMatchObject({
      code: "not-found",
      hint: expect.stringContaining("no table of values") as string,
    });
  });
});

describe("a file finds its other half", () => {
  const root = mkdtempSync(join(tmpdir(), "tissular-tables-"));
  afterAll(() => rmSync(root, { recursive: true }));

  it("beside it, and in a folder beside", async () => {
    mkdirSync(join(root, "cnts"));
    mkdirSync(join(root, "where"));
    writeFileSync(join(root, "cnts", "s1_counts.csv"), "id,g1,g2\na,1,0\nb,0,2\n");
    writeFileSync(join(root, "cnts", "s2_counts.csv"), "id,g1,g2\nc,1,0\nd,0,2\n");
    writeFileSync(join(root, "where", "s1_xy.csv"), "id,x,y\nb,3,4\na,1,2\n");
    writeFileSync(join(root, "cnts", "s2_xy.csv"), "id,x,y\nd,7,8\nc,5,6\n");
    const far = await readSample(join(root, "cnts", "s1_counts.csv"));
    expect(xy(far.dataset)).toEqual([1, 2, 3, 4]);
    expect(far.report.files).toEqual(["s1_counts.csv", "../where/s1_xy.csv"]);
    expect(xy((await readSample(join(root, "cnts", "s2_xy.csv"))).dataset)).toEqual([5, 6, 7, 8]);
    await expect(readSample(root)).rejects.toMatchObject({ code: "input" });
  });
});

describe("readTable", () => {
  const counts = text("id,g1,g2,g3\na,1,0,0\nb,0,2,5\n");

  it("takes a map of columns, a unit and an orientation", async () => {
    const { dataset, params } = await readTable(counts, text("who,left,top\nb,3,4\na,1,2\n"), {
      columns: { id: "who", x: "left", y: "top" },
      unit: "px",
      micronsPerUnit: 0.5,
      observation: "bin",
    });
    expect(xy(dataset)).toEqual([1, 2, 3, 4]);
    expect(dataset.observation).toBe("bin");
    expect(params).toEqual({
      orientation: "auto",
      long: null,
      columns: { id: "who", x: "left", y: "top" },
      unit: "px",
      micronsPerUnit: 0.5,
      observation: "bin",
      values: null,
    });
    const square = text(",a,b\na,1,2\nb,3,4\n");
    const places = text("id,x,y\na,1,2\nb,3,4\n");
    await expect(readTable(square, places)).rejects.toMatchObject({ code: "input" });
    const turned = await readTable(square, places, { orientation: "genes-by-cells" });
    expect(values(turned.dataset)).toEqual([1, 3, 2, 4]);
  });

  it("says what does not fit", async () => {
    const refused = (...args: Parameters<typeof readTable>): Promise<unknown> =>
      readTable(...args).then(
        () => "read",
        (e: { code: string }) => e.code,
      );
    expect(await refused(counts, text("id,x,y\nq,1,2\nr,3,4\n"))).toBe("join");
    expect(await refused(counts, text("1 2\n3 4\n5 6\n7 8\n"))).toBe("join");
    expect(await refused(counts, text("id,u,v\na,1,2\nb,3,4\n"))).toBe("format");
    expect(await refused(counts, text("id,x,y\na,1,2\nb,3,4\n"), { columns: { x: "nowhere" } })).toBe(
      "option",
    );
    expect(await refused(text("id,g\na,1\nb\n"), text("id,x,y\na,1,2\nb,3,4\n"))).toBe("format");
    expect(await refused(text(""), text("id,x,y\na,1,2\n"))).not.toBe("read");
    // @ts-expect-error an option that there is not
    expect(await refused(counts, counts, { units: "px" })).toBe("option");
  });
});
