// What every writer makes of whole analyses, as Python's own readers read it, against the arrays in memory.
// usage: check.mjs PYTHON
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  memorySource,
  pathSource,
  readSample,
  writeAnndataZarr,
  writeArrowTable,
  writeFolder,
  writeGeoJson,
  writeH5ad,
  writeMtx,
  writeParquetTable,
  writeSpatialData,
  writeTenxH5,
} from "../../../dist/io.js";
import { categorical, idList, isCategorical, transcripts } from "../../../dist/model.js";
import { analyze } from "../../../dist/pipeline.js";
import { simulateTissue, writeSimulated } from "../../../dist/simulate.js";

const python = resolve(process.argv[2]);
const scripts = ["check_h5ad.py", "check_formats.py"].map((name) => join(import.meta.dirname, name));
const folder = mkdtempSync(join(tmpdir(), "tissular-h5ad-"));
const data = process.env.TISSULAR_DATA ?? resolve(import.meta.dirname, "../../../../shared/data");

const simulated = async (platform, options) => {
  const written = await writeSimulated(simulateTissue(options), platform);
  return readSample(memorySource(written));
};

/** A dataset with transcripts about its cells, some in none, some of unknown quality. */
function withTranscripts({ dataset }) {
  const { data, cols, unit, micronsPerUnit } = dataset.positions;
  const cells = idList(dataset.cells.ids);
  const of = Int32Array.from({ length: 20_000 }, (_, t) => (t * 37) % cells.length);
  const near = (axis) => Float64Array.from(of, (i, t) => data[i * cols + axis] + ((t * 7) % 11) / 3);
  return {
    dataset: {
      ...dataset,
      transcripts: transcripts({
        unit,
        micronsPerUnit,
        x: near(0),
        y: near(1),
        z: Float64Array.from(of, (_, t) => (t % 13) / 7),
        feature: Uint32Array.from(of, (_, t) => (t * t) % 5),
        features: ["CD4", "β-actin", "Aph1b/c", "NegControlProbe_1", "BLANK_0006"],
        quality: Float64Array.from(of, (_, t) => (t % 5 === 0 ? NaN : (t % 400) / 10)),
        cell: categorical(
          of.map((i, t) => (t % 3 === 0 ? -1 : i)),
          cells,
        ),
        columns: {
          fov: categorical(
            of.map((i) => i % 2),
            ["A1", "10"],
          ),
          overlaps_nucleus: Uint8Array.from(of, (i) => i % 2),
        },
      }),
    },
  };
}

const samples = {
  "simulated visium": () => simulated("visium", { observations: 600, genes: 300, seed: 5 }),
  "simulated xenium": async () =>
    withTranscripts(await simulated("xenium", { layout: "cells", observations: 700, genes: 200, seed: 6 })),
};
for (const [name, options] of [
  ["visium_dlpfc_151673"],
  ["xenium_sfe", { transcripts: true }],
  ["stlearn_bca/test_data.h5"],
  ["merscope_cellbound_sfe"],
  ["spatialdata_xenium_sfe/xenium_sfe_v3.zarr"],
]) {
  const path = join(data, "st", name);
  if (existsSync(path)) samples[name] = async () => readSample(await pathSource(path), options);
}

/** Arrays as raw little-endian files beside a manifest that names their types. */
function dump(dataset, to) {
  mkdirSync(to);
  const types = {
    Float32Array: "<f4",
    Float64Array: "<f8",
    Int32Array: "<i4",
    Uint32Array: "<u4",
    Uint8Array: "|u1",
  };
  let count = 0;
  const array = (values) => {
    const file = `${count++}.bin`;
    writeFileSync(join(to, file), new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return { file, type: types[values.constructor.name] };
  };
  const matrix = (m) =>
    m.kind === "dense"
      ? { kind: "dense", shape: [m.rows, m.cols], data: array(m.data) }
      : {
          kind: "sparse",
          shape: [m.rows, m.cols],
          indptr: array(m.indptr),
          indices: array(m.indices),
          data: array(m.data),
        };
  const graph = (g) => ({
    shape: [g.nodes, g.nodes],
    indptr: array(g.indptr),
    indices: array(g.indices),
    weights: array(g.weights),
    distances: array(g.distances),
  });
  const column = (c) =>
    Array.isArray(c)
      ? { kind: "strings", values: c }
      : isCategorical(c)
        ? { kind: "categorical", codes: array(c.codes), categories: c.categories }
        : { kind: "numbers", ...array(c) };
  const table = (t) => ({
    ids: idList(t.ids),
    columns: Object.fromEntries(Object.entries(t.columns).map(([name, c]) => [name, column(c)])),
  });
  const points = ({ x, y, z, feature, features, cell, quality, columns }) => {
    const named = {
      x,
      y,
      z,
      feature_name: categorical(feature, features),
      cell_id: cell,
      qv: quality,
      ...columns,
    };
    const known = Object.entries(named).filter(([, values]) => values !== null);
    return Object.fromEntries(known.map(([name, values]) => [name, column(values)]));
  };
  const record = (r, f) => Object.fromEntries(Object.entries(r).map(([name, v]) => [name, f(v)]));
  const manifest = {
    platform: dataset.platform,
    counts: dataset.counts && matrix(dataset.counts),
    layers: record(dataset.layers, matrix),
    cells: table(dataset.cells),
    genes: table(dataset.genes),
    positions: dataset.positions && matrix(dataset.positions),
    embeddings: record(dataset.embeddings, matrix),
    graphs: record(dataset.graphs, graph),
    features: record(dataset.features, (set) => ({ values: matrix(set.values), table: table(set.table) })),
    shapes: record(dataset.shapes ?? {}, (s) => ({
      ids: idList(s.ids),
      shapeOffsets: array(s.shapeOffsets),
      ringOffsets: array(s.ringOffsets),
      coordinates: array(s.coordinates),
    })),
    transcripts: dataset.transcripts && points(dataset.transcripts),
    unit: dataset.positions?.unit ?? null,
    micronsPerUnit: dataset.positions?.micronsPerUnit ?? null,
    images: (dataset.images ?? []).map((image) => {
      const file = `${count++}.png`;
      writeFileSync(join(to, file), image.encoded.bytes);
      const { name, width, height, scale, origin = null } = image;
      return { name, width, height, scale, origin, file };
    }),
  };
  writeFileSync(join(to, "manifest.json"), JSON.stringify(manifest));
}

/** The dataset in every format. */
async function write(dataset, to) {
  const file = (name, bytes) => writeFileSync(join(to, name), bytes);
  file("result.h5ad", await writeH5ad(dataset));
  await writeFolder(join(to, "result.zarr"), await writeAnndataZarr(dataset));
  await writeFolder(join(to, "sample.zarr"), await writeSpatialData(dataset));
  file("cells.parquet", await writeParquetTable(dataset.cells));
  file("cells.arrow", await writeArrowTable(dataset.cells));
  for (const [name, outlines] of Object.entries(dataset.shapes ?? {}))
    file(`${name}.geojson`, writeGeoJson(outlines));
  if (dataset.counts === null) return;
  file("matrix.h5", await writeTenxH5(dataset));
  await writeFolder(join(to, "mtx"), await writeMtx(dataset));
}

let failed = false;
try {
  for (const [name, read] of Object.entries(samples)) {
    const { dataset } = await analyze(await read(), { permutations: 100 });
    const to = join(folder, name.replaceAll(/\W/g, "_"));
    dump(dataset, to);
    await write(dataset, to);
    try {
      for (const script of scripts)
        console.log(execFileSync(python, [script, to], { encoding: "utf8" }).trim());
      console.log(`ok - ${name}`);
    } catch (error) {
      failed = true;
      console.log(`not ok - ${name}\n${error.stdout}${error.stderr}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
