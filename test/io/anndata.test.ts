import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createHdf5 } from "../../src/io/hdf5-write.ts";
import { readSample } from "../../src/io/index.ts";
import { decodeLzf } from "../../src/io/lzf.ts";
import { gunzip } from "../../src/io/source.ts";
import { type Categorical, categorical, type Sparse } from "../../src/model/index.ts";
import { realData } from "../support/shared.ts";
import { files } from "./samples.ts";

const old = async (): Promise<Uint8Array> =>
  gunzip(readFileSync(new URL("../fixtures/io/compound-lzf.h5ad.gz", import.meta.url)), "fixture");

describe("readSample reads h5ad of old anndata (test/oracles/make_zarr.py)", () => {
  it("compound tables, codes with categories in uns, LZF with other filters, raw.X as counts", async () => {
    const { dataset: ds, report } = await readSample(files({ "old.h5": await old() }));
    expect([ds.cells.ids.at(0), ds.cells.ids.at(3), ds.genes.ids.at(2)]).toEqual(["w", "z", "g3"]);
    expect(ds.cells.columns).toEqual({
      kind: categorical(Int32Array.of(1, -1, 0, 0), ["a", "b"]),
      ratio: Float64Array.of(0.5, 1, 1.5, 2),
      on: Uint8Array.of(1, 0, 1, 1),
      note: ["one", "", "vier", "x"],
    });
    expect((ds.counts as Sparse).indices).toEqual(Uint32Array.of(1, 0, 2, 0, 1, 2));
    expect((ds.counts as Sparse).data).toEqual(Float32Array.of(2, 3, 4, 1, 1, 1));
    expect([...ds.layers["scaled"].data]).toEqual([
      -1, 1.25, -1.25, 2, -0.75, -1.25, -1, -0.75, 2.75, 0, 0.25, -0.25,
    ]);
    expect(ds.positions?.data).toEqual(Float64Array.of(0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5));
    expect(ds.embeddings["pca"].data).toEqual(Float32Array.from({ length: 12 }, (_, k) => k));
    expect(report.found).toContain("raw, over the same genes, holds counts values.");
  });

  it("damaged bytes are a SpatialError, never wrong memory", async () => {
    const bytes = await old();
    for (let at = 100; at < bytes.length; at += 97) {
      const damaged = bytes.slice();
      damaged.fill(0xff, at, at + 12);
      await readSample(files({ "old.h5ad": damaged })).catch((error: unknown) =>
        expect(error).toMatchObject({ name: "SpatialError" }),
      );
    }
  });

  it("LZF: plain runs, near and far copies; sizes that disagree", () => {
    expect([...decodeLzf(Uint8Array.of(1, 7, 8, 0x20, 1, 0xe0, 1, 0), 15)]).toEqual([
      7, 8, 7, 8, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    ]);
    for (const bad of [
      [1, 7],
      [0x20, 0],
      [0, 7, 0x20, 5],
      [0, 7],
    ])
      expect(() => decodeLzf(Uint8Array.from(bad), 2)).toThrow(RangeError);
  });
});

describe("raw and X", () => {
  const file = (raw: { genes: readonly string[]; values: readonly number[] }, x: readonly number[] | null) =>
    createHdf5((w) => {
      w.group("", { "encoding-type": "anndata", "encoding-version": "0.1.0" });
      const frame = (path: string, names: readonly string[]): void => {
        w.group(path, { _index: "_index", "column-order": [], "encoding-type": "dataframe" });
        w.strings(`${path}/_index`, names);
      };
      frame("obs", ["a", "b"]);
      frame("var", ["g", "h"]);
      if (x !== null) w.numbers("X", Float32Array.from(x), undefined, [2, 2]);
      w.group("raw");
      frame("raw/var", raw.genes);
      w.numbers("raw/X", Float32Array.from(raw.values), undefined, [2, raw.genes.length]);
    });

  it("raw of other genes is put aside; of the same genes it serves as what it holds", async () => {
    const scaled = [-1, 1, 1, -1];
    const other = await readSample(
      files({ "a.h5ad": await file({ genes: ["g", "h", "i"], values: [1, 2, 3, 4, 5, 6] }, scaled) }),
    );
    expect(other.dataset.counts).toBeNull();
    expect(other.report.dropped).toContainEqual({
      what: "raw",
      count: 1,
      why: "its 3 genes are not the 2 of X",
    });
    const logs = await readSample(
      files({ "a.h5ad": await file({ genes: ["g", "h"], values: [0.5, 1, 0, 0.25] }, scaled) }),
    );
    expect(Object.keys(logs.dataset.layers)).toEqual(["scaled", "log"]);
    const alone = await readSample(
      files({ "a.h5ad": await file({ genes: ["g", "h"], values: [1, 2, 0, 3] }, null) }),
    );
    expect((alone.dataset.counts as Sparse).data).toEqual(Float32Array.of(1, 2, 3));
    const both = await readSample(
      files({ "a.h5ad": await file({ genes: ["g", "h"], values: [1, 2, 0, 3] }, [1, 2, 0, 3]) }),
    );
    expect(both.report.dropped).toEqual([
      { what: "raw", count: 1, why: "the counts are taken from X or a layer" },
    ]);
  });
});

describe.skipIf(realData === null)("readSample agrees with anndata on old and odd real files", () => {
  const read = (name: string) => readSample(join(realData ?? "", name));

  it.each(["adata.h5ad", "adata.zarr.zip"])("v0.7.0/%s: LZF, __categories, layers", async (name) => {
    const { dataset: ds } = await read(`st/h5ad_legacy_archives/v0.7.0/${name}`);
    expect([ds.cells.ids.length, ds.genes.ids.length, (ds.counts as Sparse).data.length]).toEqual([
      30, 20, 228,
    ]);
    expect((ds.counts as Sparse).data.reduce((a, b) => a + b)).toBe(285);
    expect((ds.cells.columns["obs_cat"] as Categorical).categories.length).toBe(22);
    expect([ds.layers["sparse"].kind, ds.embeddings["array"].cols]).toEqual(["sparse", 50]);
  });

  it.each(["adata.h5ad", "adata.zarr.zip"])("v0.11.4/%s: names without values are refused", async (name) => {
    await expect(read(`st/h5ad_legacy_archives/v0.11.4/${name}`)).rejects.toMatchObject({
      code: "format",
      message: expect.stringContaining("found no X and no layers") as string,
    });
  });

  it("anndata 0.5: compound tables; raw over the same genes is kept as log values", async () => {
    const { dataset: ds } = await read("lr/reference_outputs/10x_pbmc68k_reduced.h5ad");
    expect([ds.cells.ids.length, ds.genes.ids.length, ds.cells.ids.at(0)]).toEqual([
      700,
      765,
      "AAAGCCTGGCTAAC-1",
    ]);
    expect((ds.cells.columns["bulk_labels"] as Categorical).categories.length).toBe(10);
    expect([ds.layers["log"].data.length, ds.layers["scaled"].kind, ds.embeddings["umap"].cols]).toEqual([
      174400,
      "dense",
      2,
    ]);
  });
});
