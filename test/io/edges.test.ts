import { describe, expect, it } from "vitest";
import { createHdf5 } from "../../src/io/hdf5-write.ts";
import { blobSource, openMatrix, readSample } from "../../src/io/index.ts";
import { gzip } from "../../src/io/source.ts";
import type { Sparse } from "../../src/model/index.ts";
import { files, tenx, text } from "./samples.ts";

const matrix = (): Promise<Uint8Array> =>
  tenx(
    ["AA-1", "CC-1", "GG-1"],
    ["MT-A", "B", "B"],
    [
      [1, 0, 2],
      [0, 3, 0],
      [0, 0, 4],
    ],
  );
const six = "CC-1,1,0,2,10,120\nTT-1,1,0,4,10,140\nAA-1,1,0,0,10,100\nGG-1,0,1,1,27,110\n";
const scale = '{"tissue_lowres_scalef": 0.5}';
const named = `barcode,in_tissue,array_row,array_col,pxl_row_in_fullres,pxl_col_in_fullres\n${six}`;

describe("readSample at the edges: Visium", () => {
  it("joins by barcode, with and without header, under either name, nested, prefixed, packed", async () => {
    const h5 = await matrix();
    const layouts: Record<string, Uint8Array | string>[] = [
      { "filtered_feature_bc_matrix.h5": h5, "spatial/tissue_positions_list.csv": six },
      { "filtered_feature_bc_matrix.h5": h5, "spatial/tissue_positions_list.csv": named },
      { "filtered_feature_bc_matrix.h5": h5, "spatial/tissue_positions.csv": six },
      {
        "filtered_feature_bc_matrix.h5": h5,
        "spatial/tissue_positions.csv": `\ufeff${named.replaceAll("\n", "\r\n")}`,
      },
      { "s/outs/filtered_feature_bc_matrix.h5": h5, "s/outs/spatial/tissue_positions.csv": named },
      { "S1_filtered_feature_bc_matrix.h5": h5, "S1_tissue_positions_list.csv": six },
      { "S1_filtered_feature_bc_matrix.h5": h5, "S1_spatial/tissue_positions_list.csv": six },
      { "filtered_feature_bc_matrix.h5": h5, "spatial/tissue_positions.csv.gz": await gzip(text(named)) },
    ];
    for (const layout of layouts) {
      const { dataset, report } = await readSample(files(layout));
      expect([report.platform, dataset.observation]).toEqual(["visium", "spot"]);
      expect([...(dataset.positions?.data ?? [])]).toEqual([100, 10, 120, 10, 110, 27]);
      expect(dataset.positions?.micronsPerUnit).toBeCloseTo(5, 12);
      expect(dataset.cells.columns["in_tissue"]).toEqual(Int32Array.of(1, 1, 0));
      expect(report.warnings.join()).toContain("Off the tissue, but in the matrix and kept: 1 spot.");
      expect(report.warnings.join()).toContain("1 gene name repeats");
      expect(dataset.genes.columns["name"]).toEqual(["MT-A", "B", "B"]);
    }
  });

  it("takes the scale from any neighbors of the hexagonal array, off-tissue spots aside", async () => {
    const read = async (positions: string): Promise<number | null | undefined> => {
      const source = files({
        "filtered_feature_bc_matrix.h5": await matrix(),
        "spatial/tissue_positions.csv": positions,
      });
      return (await readSample(source)).dataset.positions?.micronsPerUnit;
    };
    expect(await read("AA-1,1,3,5,0,0\nCC-1,1,4,4,40,-30\nGG-1,0,9,9,7,7\nTT-1,0,9,10,7,8\n")).toBe(2);
    expect(await read("AA-1,1,3,5,0,0\nCC-1,1,9,9,40,-30\nGG-1,0,9,9,7,7\n")).toBeNull();
    expect(await read("AA-1,1,3,5,0,0\nCC-1,1,3,6,40,-30\nGG-1,1,9,9,7,7\n")).toBeNull();
  });

  it("lists several samples", async () => {
    const h5 = await matrix();
    const two = files({
      "S1_filtered_feature_bc_matrix.h5": h5,
      "S1_tissue_positions_list.csv": six,
      "S2_filtered_feature_bc_matrix.h5": h5,
      "S2_tissue_positions_list.csv": six,
    });
    await expect(readSample(two)).rejects.toMatchObject({
      code: "input",
      message: "memory must hold one sample, found 2: S1_ (visium), S2_ (visium).",
    });
  });

  it("refuses positions of another sample, twice-placed and unnamed ones", async () => {
    const with_ = async (positions: string): Promise<unknown> =>
      readSample(
        files({ "filtered_feature_bc_matrix.h5": await matrix(), "spatial/tissue_positions.csv": positions }),
      );
    await expect(with_("XX-1,1,0,0,1,1\nYY-1,1,0,2,1,2\n")).rejects.toMatchObject({
      code: "join",
      message: expect.stringContaining("the matrix has AA-1, CC-1, GG-1, the positions XX-1, YY-1") as string,
    });
    await expect(with_(`${six}AA-1,1,0,6,1,1\n`)).rejects.toMatchObject({ code: "format" });
    await expect(with_("barcode,a,b\nAA-1,1,2\n")).rejects.toMatchObject({
      code: "format",
      hint: expect.stringContaining("x_centroid") as string,
    });
  });

  it("keeps images with their scale and leaves out those without", async () => {
    const png = new Uint8Array(33);
    png.set([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 7, 0, 0, 0, 9]);
    const { dataset, report } = await readSample(
      files({
        "filtered_feature_bc_matrix.h5": await matrix(),
        "spatial/tissue_positions.csv": named,
        "spatial/scalefactors_json.json": scale,
        "spatial/tissue_lowres_image.png": png,
        "spatial/tissue_hires_image.png": png,
      }),
    );
    expect(dataset.images?.map((i) => [i.name, i.width, i.height, i.scale])).toEqual([["lowres", 7, 9, 0.5]]);
    expect(report.dropped.map((d) => d.what)).toEqual(["image spatial/tissue_hires_image.png"]);
    await expect(
      readSample(
        files({
          "filtered_feature_bc_matrix.h5": await matrix(),
          "spatial/tissue_positions.csv": named,
          "spatial/scalefactors_json.json": scale,
          "spatial/tissue_lowres_image.png": "no image",
        }),
      ),
    ).rejects.toMatchObject({ code: "format", subject: "spatial/tissue_lowres_image.png" });
  });
});

describe("readSample at the edges: matrices", () => {
  it("joins coordinates from a table by id, with more columns, also when only -1 differs", async () => {
    const source = files({ "m.h5": await matrix() });
    const positions = text("id,y,x,kind\nGG-1,3,30,t\nCC-1,2,20,s\nAA-1,1,10,t\n");
    const { dataset } = await readSample(source, { positions });
    expect([...(dataset.positions?.data ?? [])]).toEqual([10, 1, 20, 2, 30, 3]);
    expect(dataset.positions?.micronsPerUnit).toBeNull();
    expect(dataset.cells.columns["kind"]).toEqual(["t", "s", "t"]);
    const bare = await readSample(source, { positions: text("AA,10,1\nCC,20,2\n") });
    expect(bare.report.dropped).toEqual([{ what: "cell", count: 1, why: "no position in positions" }]);
    expect(bare.report.warnings.join()).toContain('ending "-1"');
    await expect(readSample(source, { positions: text("id,x,y\nZ,1,2\n") })).rejects.toMatchObject({
      code: "join",
    });
  });

  it("keeps features of other kinds apart", async () => {
    const h5 = await tenx(
      ["a", "b"],
      ["G", "P"],
      [
        [1, 5],
        [2, 6],
      ],
      ["Gene Expression", "Antibody Capture"],
    );
    const { dataset } = await readSample(files({ "m.h5": h5 }));
    expect((dataset.counts as Sparse).data).toEqual(Float32Array.of(1, 2));
    expect(dataset.features["Antibody Capture"].values.data).toEqual(Float32Array.of(5, 6));
  });

  it("refuses repeated barcodes, NaN, empty and unsound matrices; notes all zeros", async () => {
    const read = async (h5: Promise<Uint8Array>): Promise<unknown> => readSample(files({ "m.h5": await h5 }));
    await expect(read(tenx(["a", "a"], ["G"], [[1], [2]]))).rejects.toMatchObject({
      code: "format",
      message: expect.stringContaining("1 id stands more than once: a") as string,
    });
    await expect(read(tenx(["a", "b"], ["G"], [[1], [NaN]]))).rejects.toMatchObject({
      code: "input",
      message: expect.stringContaining("found 1 that are NaN") as string,
    });
    await expect(read(tenx([], ["G"], []))).rejects.toMatchObject({ code: "input" });
    await expect(read(tenx(["a"], ["G"], [[1], [1]]))).rejects.toMatchObject({ code: "format" });
    await expect(read(tenx(["a"], ["G"], [[0, 7]]))).rejects.toMatchObject({
      code: "format",
      message: expect.stringContaining("it names column 1") as string,
    });
    const { report } = await readSample(files({ "m.h5": await tenx(["a"], ["G"], [[0]]) }));
    expect(report.warnings).toContain("m.h5: all values are 0.");
  });

  it("takes values for what they look like, or for what the caller says", async () => {
    const source = files({
      "m.h5": await tenx(
        ["a", "b"],
        ["G", "H"],
        [
          [1.5, 0],
          [0.5, 0.25],
        ],
      ),
    });
    const read = await readSample(source);
    expect([read.dataset.counts, read.dataset.layers["log"].values]).toEqual([null, "log"]);
    const told = await readSample(source, { values: "normalized" });
    expect(Object.keys(told.dataset.layers)).toEqual(["normalized"]);
    expect(told.report.warnings.join()).toContain("look like log; they are taken as normalized as asked");
    await expect(readSample(source, { values: "raw" as "log" })).rejects.toMatchObject({ code: "option" });
    await expect(readSample(source, { what: 1 } as object)).rejects.toMatchObject({ code: "option" });
  });

  it("refuses truncated, molecule and other files by name", async () => {
    const whole = await matrix();
    await expect(readSample(files({ "m.h5": whole.subarray(0, whole.length >> 1) }))).rejects.toMatchObject({
      code: "format",
      message: "m.h5 must be a whole HDF5 file, but it is truncated.",
    });
    const molecules = await createHdf5((w) => {
      w.numbers("barcode_idx", Int32Array.of(0));
      w.numbers("umi", Int32Array.of(0));
    });
    await expect(readSample(files({ "molecule_info.h5": molecules }))).rejects.toMatchObject({
      code: "format",
      hint: expect.stringContaining("filtered_feature_bc_matrix.h5") as string,
    });
    await expect(readSample(files({ "notes.txt": "hello" }))).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining("it has notes.txt. Looked for Visium") as string,
    });
    await expect(readSample(files({}))).rejects.toMatchObject({
      message: expect.stringContaining("it is empty") as string,
    });
    await expect(
      readSample(files({ "x/matrix.mtx.gz": "no gzip", "x/barcodes.tsv": "a\n", "x/genes.tsv": "g\n" })),
    ).rejects.toMatchObject({ code: "format" });
    const packed = await gzip(text("%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 1\n"));
    await expect(
      readSample(
        files({ "matrix.mtx.gz": packed.subarray(0, 30), "barcodes.tsv": "a\n", "genes.tsv": "g\n" }),
      ),
    ).rejects.toMatchObject({ code: "format", subject: "matrix.mtx.gz" });
  });

  it("text matrices: three columns or two, turned ones, sizes that disagree", async () => {
    const mtx = "%%MatrixMarket matrix coordinate integer general\n2 3 2\n1 1 4\n2 3 5\n";
    const { dataset, report } = await readSample(
      files({ "matrix.mtx": mtx, "barcodes.tsv": "a\nb\nc\n", "genes.tsv": "g1\tA\ng2\tB\n" }),
    );
    expect([report.platform, dataset.genes.ids.at(1), dataset.genes.columns["name"]]).toEqual([
      "10x-mtx",
      "g2",
      ["A", "B"],
    ]);
    expect((dataset.counts as Sparse).indptr).toEqual(Uint32Array.of(0, 1, 1, 2));
    const turned = await readSample(
      files({
        "matrix.mtx": mtx,
        "barcodes.tsv": "a\nb\n",
        "features.tsv": "g1\tA\tGene Expression\ng2\tB\tGene Expression\ng3\tC\tBlank\n",
      }),
    );
    expect([turned.dataset.counts?.rows, Object.keys(turned.dataset.features)]).toEqual([2, ["Blank"]]);
    await expect(
      readSample(files({ "matrix.mtx": mtx, "barcodes.tsv": "a\n", "genes.tsv": "g1\tA\n" })),
    ).rejects.toMatchObject({ message: "matrix.mtx must be features x barcodes = 1 x 1, found 2 x 3." });
  });

  it("refuses sizes that cannot be before it makes room for them", async () => {
    const absurd = (shape: readonly number[], columns: number, barcodes: number): Promise<Uint8Array> =>
      createHdf5((w) => {
        w.group("matrix");
        w.group("matrix/features");
        w.strings(
          "matrix/barcodes",
          Array.from({ length: barcodes }, (_, i) => `b${i}`),
        );
        w.strings("matrix/features/id", ["g"]);
        w.numbers("matrix/data", new Float32Array(columns));
        w.numbers("matrix/indices", new Int32Array(columns));
        w.numbers("matrix/indptr", Int32Array.of(0, columns));
        w.numbers("matrix/shape", Float64Array.from(shape));
      });
    const refused = async (h5: Promise<Uint8Array>, message: string): Promise<unknown> =>
      expect(readSample(files({ "m.h5": await h5 }))).rejects.toMatchObject({
        code: "format",
        message: expect.stringContaining(message) as string,
      });
    await refused(absurd([1, 1], 9, 1), "it says to hold 9 values");
    await refused(absurd([1, 1], 1, 2), "must name its 1 barcodes, found 2 names");
    await refused(absurd([4e9, 1], 1, 1), "must name its 4000000000 features, found 1 names");
    const mtx = async (sizes: string): Promise<unknown> =>
      readSample(
        files({
          "matrix.mtx": `%%MatrixMarket matrix coordinate real general\n${sizes}\n1 1 1e40\n`,
          "barcodes.tsv": "a\n",
          "genes.tsv": "g\tG\n",
        }),
      );
    await expect(mtx("1 1 4000000000")).rejects.toMatchObject({
      message: expect.stringContaining("has room for 3 at most") as string,
    });
    await expect(mtx("1 4000000000 1")).rejects.toMatchObject({
      message: expect.stringContaining("= 1 x 1, found 1 x 4000000000") as string,
    });
    for (const sizes of ["1 1 -5", "1 1 0.5", "-1 -1 1"])
      await expect(mtx(sizes)).rejects.toMatchObject({
        message: expect.stringContaining("must state its size") as string,
      });
    await expect(mtx("1 1 1")).rejects.toMatchObject({
      message: expect.stringContaining("found 1, 1, 1e+40") as string,
    });
  });

  it("reads browser blobs as it reads bytes", async () => {
    const h5 = await matrix();
    const source = blobSource([
      { name: "outs/filtered_feature_bc_matrix.h5", blob: new Blob([h5 as BlobPart]) },
      { name: "outs/spatial/tissue_positions.csv", blob: new Blob([named]) },
    ]);
    const { dataset } = await readSample(source);
    expect((dataset.counts as Sparse).data).toEqual(Float32Array.of(1, 2, 3, 4));
  });

  it("stops when asked", async () => {
    const source = files({ "m.h5": await matrix() });
    await expect(readSample(source, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
  });
});

describe("readSample at the edges: cells", () => {
  const counts = "cell,CD4,Blank-1\n112824700230101249,3,0\n112824700230101252,0,1\n";
  const cells = "EntityID,fov,center_x,center_y\n112824700230101252,,5,6\n112824700230101249,,1,2\n";

  it("MERSCOPE ids beyond 2^53 stay apart; a missing table is named", async () => {
    const { dataset } = await readSample(files({ "cell_by_gene.csv": counts, "cell_metadata.csv": cells }));
    expect(dataset.cells.ids.indexOf("112824700230101252")).toBe(1);
    expect([...(dataset.positions?.data ?? [])]).toEqual([1, 2, 5, 6]);
    await expect(readSample(files({ "cell_by_gene.csv": counts }))).rejects.toMatchObject({
      hint: "cell_metadata.csv must lie beside cell_by_gene.csv.",
    });
  });

  it("cells without coordinates are left out and reported", async () => {
    const { dataset, report } = await readSample(
      files({ "cell_by_gene.csv": counts, "cell_metadata.csv": cells.replace("5,6", ",6") }),
    );
    expect(dataset.cells.ids.length).toBe(1);
    expect(report.dropped).toEqual([
      { what: "cell", count: 1, why: "coordinates in cell_metadata.csv are no numbers" },
    ]);
  });

  it("Xenium: whole-number ids, a row-name column, a damaged parquet table refused with the way out", async () => {
    const h5 = await tenx(
      ["1", "2"],
      ["G", "N"],
      [
        [1, 0],
        [2, 1],
      ],
      ["Gene Expression", "Negative Control Probe"],
    );
    const table = '"","cell_id","x_centroid","y_centroid","cell_area"\n"1",2,3,4,9.5\n"2",1,1,2,8.5\n';
    const { dataset, report } = await readSample(
      files({ "o/cell_feature_matrix.h5": h5, "o/cells.csv.gz": await gzip(text(table)) }),
    );
    expect([report.platform, dataset.positions?.unit]).toEqual(["xenium", "um"]);
    expect([...(dataset.positions?.data ?? [])]).toEqual([1, 2, 3, 4]);
    expect(dataset.cells.columns).toEqual({ cell_area: Float64Array.of(8.5, 9.5) });
    await expect(
      readSample(files({ "cell_feature_matrix.h5": h5, "cells.parquet": "PAR1" })),
    ).rejects.toMatchObject({
      code: "format",
      hint: expect.stringContaining("copy or download it again") as string,
    });
  });
});

describe("openMatrix", () => {
  it("always gives the rows that readSample gives, for any block size", async () => {
    const h5 = await tenx(
      ["a", "b", "c"],
      ["G", "P", "H"],
      [
        [1, 9, 0],
        [0, 0, 0],
        [2, 9, 3],
      ],
      ["Gene Expression", "Antibody Capture", "Gene Expression"],
    );
    const source = files({ "m.h5": h5 });
    const whole = (await readSample(source)).dataset.counts as Sparse;
    for (const rows of [1, 2, 3, 100]) {
      const { matrix: m, genes, cells } = await openMatrix(source);
      expect([m.values, m.rows, m.cols, genes.ids.length, cells.ids.at(2)]).toEqual(["counts", 3, 2, 2, "c"]);
      for (let pass = 0; pass < 2; pass++) {
        const data: number[] = [];
        const indices: number[] = [];
        let n = 0;
        for await (const block of m.blocks(rows)) {
          n += block.rows;
          data.push(...block.data);
          indices.push(...block.indices);
        }
        expect([n, data, indices]).toEqual([3, [...whole.data], [...whole.indices]]);
      }
    }
  });

  it("names what is wrong and stops when asked", async () => {
    const source = files({ "m.h5": await matrix() });
    const { matrix: m } = await openMatrix(source);
    expect(() => m.blocks(0)).toThrow("at least 1 row");
    await expect(m.blocks(1, AbortSignal.abort())[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "aborted",
    });
    await expect(openMatrix(files({ a: "", b: "" }))).rejects.toMatchObject({ code: "input" });
  });
});
