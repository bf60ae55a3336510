import { spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeH5ad } from "../../src/io/index.ts";
import { dataset, dense, expression, ids, positions, table, toSparse } from "../../src/model/index.ts";

const cli = resolve(import.meta.dirname, "../../dist/cli.js");
const folder = mkdtempSync(join(tmpdir(), "tissular-cli-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const sample = at("sample");
const result = at("result");

function run(...args: string[]): { status: number | null; out: string; err: string } {
  const child = spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" });
  return { status: child.status, out: child.stdout, err: child.stderr };
}

/** A failed command: non-zero, one paragraph, no stack trace, nothing on standard output. */
function expectFailure(r: ReturnType<typeof run>, ...patterns: RegExp[]): void {
  expect(r.status).toBe(1);
  expect(r.out).toBe("");
  const text = r.err.split("\n").filter((line) => line.startsWith("tissular:"));
  expect(text).toHaveLength(1);
  expect(r.err).not.toMatch(/^\s+at /m);
  for (const pattern of patterns) expect(r.err).toMatch(pattern);
}

function csv(path: string): { header: string[]; rows: string[][] } {
  const [header, ...rows] = readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","));
  return { header, rows };
}

/** n observations x p genes with the given values, at places of their own. */
function h5ad(
  n: number,
  p: number,
  value: (i: number, j: number) => number,
  dimensions: 2 | 3 = 2,
  columns: Readonly<Record<string, readonly number[]>> = {},
): Promise<Uint8Array> {
  const x = toSparse(
    dense(
      n,
      p,
      Float32Array.from({ length: n * p }, (_, k) => value(Math.floor(k / p), k % p)),
    ),
  );
  const counts = x.data.every((v) => v >= 0);
  return writeH5ad(
    dataset({
      counts: counts ? expression(x, "counts") : null,
      layers: counts ? {} : { scaled: expression(x, "scaled") },
      cells: table(
        ids(Array.from({ length: n }, (_, i) => `c${i}`)),
        Object.fromEntries(Object.entries(columns).map(([name, v]) => [name, Int32Array.from(v)])),
      ),
      genes: table(ids(Array.from({ length: p }, (_, j) => `G${j}`))),
      positions: positions(
        Float64Array.from({ length: n * dimensions }, (_, k) => (k * 7919) % 101),
        "um",
        1,
        dimensions,
      ),
    }),
  );
}

beforeAll(() => {
  expect(
    run("simulate", sample, "--observations", "500", "--genes", "300", "--seed", "4", "--quiet"),
  ).toEqual({ status: 0, out: "", err: "" });
  expect(run("analyze", sample, "--out", result, "--quiet")).toEqual({ status: 0, out: "", err: "" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("tissular analyze", () => {
  it("writes the eight files and nothing else", () => {
    expect(readdirSync(result).sort()).toEqual([
      "cells.csv",
      "genes.csv",
      "interactions.csv",
      "markers.csv",
      "modules.csv",
      "report.html",
      "result.h5ad",
      "run.json",
    ]);
    expect(readdirSync(folder).sort()).toEqual(["result", "sample"]);
  });

  it("cells.csv starts with the columns of the contract, one row per spot", () => {
    const { header, rows } = csv(join(result, "cells.csv"));
    expect(header.slice(0, 11)).toEqual([
      "id",
      "sample",
      "x",
      "y",
      "total_counts",
      "n_genes",
      "pct_mito",
      "cluster",
      "module",
      "umap1",
      "umap2",
    ]);
    expect(rows).toHaveLength(500);
    const truth = csv(join(sample, "truth_cells.csv"));
    expect(new Set(rows.map((r) => r[0]))).toEqual(new Set(truth.rows.map((r) => r[0])));
  });

  it("genes.csv, markers.csv, interactions.csv and modules.csv have their columns", () => {
    expect(csv(join(result, "genes.csv")).header).toEqual(
      expect.arrayContaining(["id", "name", "highly_variable", "moran_i", "moran_p", "moran_p_adj"]),
    );
    expect(csv(join(result, "markers.csv")).rows.length).toBeGreaterThan(10);
    expect(csv(join(result, "interactions.csv")).header.slice(0, 4)).toEqual([
      "ligand",
      "receptor",
      "sender",
      "receiver",
    ]);
    expect(csv(join(result, "modules.csv")).rows.length).toBeGreaterThan(1);
  });

  it("run.json records every parameter after defaults, the seed and digests of what was read", () => {
    const record = JSON.parse(readFileSync(join(result, "run.json"), "utf8"));
    expect(record.tool).toBe("tissular");
    expect(record.params).toMatchObject({
      seed: 0,
      minCells: 3,
      minCounts: 1,
      neighbors: 15,
      modules: "auto",
      permutations: 1000,
    });
    expect(Object.keys(record.input.sha256).length).toBeGreaterThan(1);
    for (const digest of Object.values(record.input.sha256)) expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(record.timing.seconds).toBeGreaterThan(0);
  });

  it("says on --json what a script needs, and plain lines of progress where there is no terminal", () => {
    const r = run(
      "analyze",
      sample,
      "--out",
      at("json"),
      "--json",
      "--skip",
      "umap,modules",
      "--modules",
      "3",
    );
    expect(r.status).toBe(0);
    const said = JSON.parse(r.out) as {
      report: string;
      observations: number;
      modules: null;
      notes: { step: string }[];
    };
    expect(existsSync(said.report)).toBe(true);
    expect(said).toMatchObject({ observations: 500, modules: null });
    expect(said.notes.map((n) => n.step)).toEqual(expect.arrayContaining(["umap", "modules"]));
    expect(r.err).toMatch(/^PCA$/m);
    rmSync(at("json"), { recursive: true });
  });

  it("takes labels of the user's own for the groups", () => {
    const labels = at("labels.csv");
    copyFileSync(join(sample, "truth_cells.csv"), labels);
    expect(
      run("analyze", sample, "--out", at("labelled"), "--labels", `${labels}:module`, "--quiet").status,
    ).toBe(0);
    const { header, rows } = csv(at("labelled", "markers.csv"));
    expect(new Set(rows.map((r) => r[header.indexOf("grouping")])).size).toBe(2);
    rmSync(at("labelled"), { recursive: true });
    rmSync(labels);
  });
});

describe("tissular info, convert", () => {
  it("info --json has the contract's fields", () => {
    const info = JSON.parse(run("info", sample, "--json").out) as Record<string, unknown>;
    expect(info).toMatchObject({ platform: "visium", cells: 500, genes: 300, observation: "spot" });
    for (const field of ["features", "positions", "images", "report"]) expect(info).toHaveProperty(field);
  });

  it("reads simulated layouts of cells; an unknown one is refused", () => {
    for (const [platform, control] of [
      ["xenium", "Unassigned Codeword"],
      ["merscope", "Blank"],
      ["cosmx", "System Control"],
    ]) {
      const layout = ["--platform", platform, "--observations", "150", "--genes", "220", "--quiet"];
      expect(run("simulate", at(platform), ...layout).status).toBe(0);
      const info = JSON.parse(run("info", at(platform), "--json").out) as Record<string, unknown>;
      expect(info).toMatchObject({ platform, cells: 150, genes: 220, observation: "cell" });
      expect(JSON.stringify(info["features"])).toContain(control);
      rmSync(at(platform), { recursive: true });
    }
    expectFailure(run("simulate", at("none"), "--platform", "dbit"), /visium, xenium, merscope, cosmx/);
  });

  it("reads a part: a box, the same as a polygon, some genes by id", () => {
    const part = (...flags: string[]): Record<string, unknown> =>
      JSON.parse(run("info", sample, "--json", ...flags).out) as Record<string, unknown>;
    const genes = csv(join(sample, "truth_genes.csv")).rows.map(([id]) => id);
    const box = part("--region", "0,0,7500,1e6", "--genes", `${genes[3]}, ${genes[0]},none`);
    const cells = new Set(csv(join(sample, "truth_cells.csv")).rows.map(([id]) => id));
    const places = csv(join(sample, "spatial", "tissue_positions.csv")).rows;
    const left = places.filter((r) => cells.has(r[0]) && Number(r[5]) <= 7500);
    expect(box).toMatchObject({ genes: 2, cells: left.length });
    const corners = part("--region=-1,0,7500.5,0,7500.5,1e6,-1,1e6");
    expect(corners).toMatchObject({ genes: 300, cells: left.length });
    expectFailure(run("info", sample, "--region", "1,2,3"), /--region must be a box/);
    expectFailure(run("info", sample, "--genes", "none"), /has none of the genes asked for/);
  });

  it("convert writes an h5ad that reads back alike, and does not overwrite", () => {
    const h5ad = at("sample.h5ad");
    expect(run("convert", sample, h5ad, "--quiet").status).toBe(0);
    expect(JSON.parse(run("info", h5ad, "--json").out)).toMatchObject({
      cells: 500,
      genes: 300,
      observation: "spot",
    });
    expectFailure(run("convert", sample, h5ad), /exists already.*--force/);
    const packed = at("packed.h5ad");
    expect(run("convert", sample, packed, "--gzip", "--quiet").status).toBe(0);
    expect(statSync(packed).size).toBeLessThan(statSync(h5ad).size / 2);
    for (const file of [h5ad, packed]) rmSync(file);
  });

  it("convert writes what the end of the name or --to says, and says what is left out", () => {
    for (const [name, args, reads] of [
      ["c.zarr", [], "visium"],
      ["a.zarr", ["--to", "anndata-zarr"], "visium"],
      ["c.h5", [], "10x-h5"],
      ["folder", [], "10x-mtx"],
    ] as const) {
      const out = at("convert", name);
      const { status, out: said } = run("convert", sample, out, ...args);
      expect(status).toBe(0);
      expect(said.includes("left out")).toBe(!name.endsWith(".zarr"));
      expect(JSON.parse(run("info", out, "--json").out)).toMatchObject({
        cells: 500,
        genes: 300,
        platform: reads,
      });
    }
    const cells = at("convert", "cells.csv");
    expect(run("convert", sample, cells).out).toMatch(/left out, as csv has no place for it: counts/);
    expect(csv(cells).header.slice(0, 3)).toEqual(["id", "x", "y"]);
    expect(csv(cells).rows).toHaveLength(500);
    expect(run("convert", sample, at("convert", "cells.parquet"), "--quiet")).toEqual({
      status: 0,
      out: "",
      err: "",
    });
    expectFailure(run("convert", sample, at("convert", "cells.geojson")), /no outlines/);
    const merscope = at("merscope");
    const few = ["--observations", "300", "--genes", "200", "--quiet"];
    expect(run("simulate", merscope, "--platform", "merscope", ...few).status).toBe(0);
    const geojson = at("convert", "outlines.geojson");
    expect(run("convert", merscope, geojson).status).toBe(0);
    const { features } = JSON.parse(readFileSync(geojson, "utf8")) as { features: unknown[] };
    expect(features.length).toBeGreaterThan(100);
    expectFailure(run("convert", sample, at("convert", "cells.xyz")), /names no format/);
    expectFailure(
      run("convert", sample, at("convert", "b.zarr"), "--to", "loom"),
      /--to must be one of h5ad/,
    );
  });

  it("convert replaces a store of its own with --force only, and never another tool's", () => {
    const store = at("convert", "twice.zarr");
    expect(run("convert", sample, store, "--quiet").status).toBe(0);
    expectFailure(run("convert", sample, store), /not empty.*--force/s);
    writeFileSync(join(store, "stale"), "");
    expect(run("convert", sample, store, "--to", "anndata-zarr", "--force", "--quiet").status).toBe(0);
    expect([existsSync(join(store, "stale")), existsSync(join(store, "tables"))]).toEqual([false, false]);
    rmSync(join(store, "uns"), { recursive: true });
    expectFailure(run("convert", sample, store, "--force"), /zarr store that another tool wrote/);
    expect(readdirSync(at("convert")).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("odd but sound input", () => {
  const analyzed = (input: string, ...args: string[]): Record<string, string[]> => {
    expect(run("analyze", input, "--out", at("odd"), "--quiet", ...args)).toEqual({
      status: 0,
      out: "",
      err: "",
    });
    const { header, rows } = csv(at("odd", "cells.csv"));
    return Object.fromEntries(header.map((name, j) => [name, rows.map((r) => r[j])]));
  };
  const noted = (step: string): string =>
    (JSON.parse(readFileSync(at("odd", "run.json"), "utf8")).notes as { step: string; text: string }[])
      .filter((n) => n.step === step)
      .map((n) => n.text)
      .join();

  it("two genes have one component and still a map", async () => {
    writeFileSync(at("two.h5ad"), await h5ad(60, 2, (i, j) => 1 + ((i * 7 + j * 3) % 5)));
    expect(analyzed(at("two.h5ad"))["umap1"].every((v) => v !== "")).toBe(true);
  });
  it("positions in three dimensions", async () => {
    writeFileSync(at("three.h5ad"), await h5ad(60, 12, (i, j) => (i * 7 + j * j) % 5, 3));
    analyzed(at("three.h5ad"));
    expect(readFileSync(at("odd", "run.json"), "utf8")).toContain("12 nearest in three dimensions");
  });
  it("columns with the names of an object's own parts", async () => {
    const columns = { constructor: [0, 1, 2, 3].flatMap((v) => new Array<number>(15).fill(v)) };
    writeFileSync(at("names.h5ad"), await h5ad(60, 12, (i, j) => (i * 7 + j * j) % 5, 2, columns));
    expect(analyzed(at("names.h5ad"))["constructor"][59]).toBe("3");
  });
  it("counts that are left as they are", () => {
    analyzed(sample, "--skip", "normalize");
    for (const step of ["modules", "markers", "interactions"])
      expect(noted(step)).toContain("not normalized and logged");
  });
  it("labels for some, under a name that is taken", () => {
    const ids = csv(join(sample, "truth_cells.csv")).rows.map((r) => r[0]);
    writeFileSync(
      at("some.csv"),
      `id,total_counts\n${ids
        .slice(0, 100)
        .map((id, i) => `${id},${"pq"[i % 2]}\n`)
        .join("")}`,
    );
    const cells = analyzed(sample, "--labels", `${at("some.csv")}:total_counts`);
    expect(noted("labels")).toContain("400 of 500 spots have no label");
    expect(cells["label_total_counts"].filter((v) => v === "p")).toHaveLength(50);
    expect(Number(cells["total_counts"][0])).toBeGreaterThan(1);
  });
});

describe("a run that is ended", () => {
  it("leaves an earlier result as it was and nothing beside it", async () => {
    const before = readFileSync(join(result, "run.json"), "utf8");
    const names = readdirSync(folder);
    const child = spawn(process.execPath, [cli, "analyze", sample, "--out", result, "--seed", "5"]);
    let said = "";
    child.stderr.on("data", (part: Buffer) => {
      said += part.toString();
      if (/report and tables/.test(said)) child.kill("SIGINT");
    });
    const code = await new Promise((ended) => child.on("exit", (status) => ended(status)));
    expect(code).toBe(130);
    expect(readFileSync(join(result, "run.json"), "utf8")).toBe(before);
    expect(readdirSync(folder)).toEqual(names);
  });
});

describe("bad input is one clear paragraph, and nothing is written", () => {
  const nowhere = at("out");
  const refused = (input: string, args: string[], ...patterns: RegExp[]): void => {
    expectFailure(run("analyze", input, "--out", nowhere, "--quiet", ...args), ...patterns);
    expect(existsSync(nowhere)).toBe(false);
    expect(readdirSync(folder).filter((f) => f.startsWith("."))).toEqual([]);
  };
  const h5 = join(sample, "filtered_feature_bc_matrix.h5");

  it("a missing file", () => refused(at("nothing"), [], /no file or folder/));
  it("a folder of another kind", () => {
    mkdirSync(at("other"), { recursive: true });
    writeFileSync(at("other", "notes.txt"), "hello");
    refused(at("other"), [], /notes\.txt/);
  });
  it("a truncated h5", () => {
    const broken = at("broken.h5");
    copyFileSync(h5, broken);
    truncateSync(broken, 20_000);
    refused(broken, [], /broken\.h5/);
  });
  it("positions that match no barcode", () => {
    writeFileSync(at("positions.csv"), "barcode,x,y\nnobody,1,2\nnone,3,4\n");
    refused(h5, ["--positions", at("positions.csv")], /positions\.csv/);
  });
  it("an option there is not", () => refused(sample, ["--colour", "red"], /--colour/));
  it("a number that is none", () => refused(sample, ["--seed", "one"], /seed/));
  it("a step there is not", () => refused(sample, ["--skip", "everything"], /no step "everything"/));
  it("cutoffs that leave nothing", () =>
    refused(sample, ["--min-counts", "1e9"], /No spot passes the filter/));
  it("pairs of another world", () => {
    writeFileSync(at("pairs.csv"), "ligand,receptor\nNOPE1,NOPE2\n");
    refused(sample, ["--pairs", at("pairs.csv")], /None of the 1 pairs/);
  });
  it("the other species", () => refused(sample, ["--species", "mouse"], /look like human/));
  it("no --out", () => expectFailure(run("analyze", sample), /--out/));
  it("no such command", () => expectFailure(run("analyse", sample), /no command/));
  it("labels that are no groups, stand twice, or are a folder", () => {
    const labels = at("odd.csv");
    const ids = csv(join(sample, "truth_cells.csv")).rows.map((r) => r[0]);
    writeFileSync(labels, `id,each,none\n${ids.map((id, i) => `${id},${i},\n`).join("")}`);
    refused(sample, ["--labels", `${labels}:each`], /500 different values for 500 observations/);
    refused(sample, ["--labels", `${labels}:none`], /0 different values/);
    refused(sample, ["--labels", `${folder}:g`], /must name one file/);
    writeFileSync(labels, `id,g\n${ids.map((id) => `${id},a\n${id},b\n`).join("")}`);
    refused(sample, ["--labels", `${labels}:g`], /label each id once/);
  });
  it("negative values said to be counts", async () => {
    writeFileSync(at("negative.h5ad"), await h5ad(60, 12, (i, j) => ((i * 7 + j * j) % 5) - 2));
    refused(at("negative.h5ad"), ["--values", "counts"], /must not be negative/);
  });
  it("pairs that are a folder", () => refused(sample, ["--pairs", folder], /must be a file, found a folder/));
  it("positions that are no numbers", () => {
    const ids = csv(join(sample, "truth_cells.csv")).rows.map((r) => r[0]);
    writeFileSync(at("nowhere.csv"), `id,x,y\n${ids.map((id) => `${id},NaN,NaN\n`).join("")}`);
    refused(h5, ["--positions", at("nowhere.csv")], /not one spot has a place|not one cell has a place/);
  });
  it("options by the names of the command line", () => {
    refused(sample, ["--hvg", "1"], /--hvg must be a whole number >= 2/);
    refused(sample, ["--min-counts=-1"], /--min-counts must be a number/);
    refused(sample, ["--seed", "-1"], /--seed needs a value/);
  });
  it("a folder under a file", () => {
    writeFileSync(at("file"), "");
    expectFailure(run("analyze", sample, "--out", at("file", "sub"), "--quiet"), /must be a folder to write/);
  });
  it("a folder that is not ours", () => {
    const r = run("analyze", sample, "--out", at("other"), "--quiet");
    expectFailure(r, /not empty/, /--force/);
    expect(readdirSync(at("other"))).toEqual(["notes.txt"]);
  });
  it("the folder that holds the input", () =>
    expectFailure(run("analyze", sample, "--out", sample), /lies in the folder to write/));
});
