import { describe, expect, it } from "vitest";
import type { Progress } from "../../src/core/index.ts";
import { readSample, type Source } from "../../src/io/index.ts";
import {
  type Dense,
  geneNames,
  idList,
  type Sparse,
  type SpatialDataset,
  toDense,
} from "../../src/model/index.ts";
import { platforms, positionsOf, sourceOf } from "./platforms.ts";

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

describe.each(Object.keys(platforms))("readSample of %s", (platform) => {
  const read = async (options: object = {}) =>
    readSample(await sourceOf(platform), { positions: positionsOf[platform], ...options });

  it("reports its files, what was found, and how far it is: from 0 to 1 in each step, to the end", async () => {
    const seen: Progress[] = [];
    const { report, dataset } = await read({ onProgress: (p: Progress) => void seen.push(p) });
    expect(report.platform).toBe(platform);
    expect(report.files.length).toBeGreaterThan(0);
    expect(report.found[0]).toContain(String(dataset.genes.ids.length));
    const last = new Map<string, number>();
    for (const { step, fraction } of seen) {
      expect(fraction).toBeGreaterThanOrEqual(last.get(step) ?? 0);
      last.set(step, fraction);
    }
    expect(last.size).toBeGreaterThan(0);
    expect([...last].filter(([, fraction]) => fraction !== 1)).toEqual([]);
  });

  it("keeps the observations of a region, as reading all and choosing would", async () => {
    const { dataset: all } = await read();
    const { data = new Float64Array(0), cols = 2 } = all.positions ?? {};
    const x = Float64Array.from(data.filter((_, k) => k % cols === 0)).sort();
    const middle = x[x.length >> 1];
    const box = [x[0] - 1, -1e9, middle, 1e9] as const;
    const corners = [
      [x[0] - 1, -1e9],
      [middle + 1e-6, -1e9],
      [middle + 1e-6, 1e9],
      [x[0] - 1, 1e9],
    ] as const;
    const inside = Array.from({ length: all.cells.ids.length }, (_, i) => i).filter(
      (i) => data[i * cols] <= middle,
    );
    for (const region of [box, corners]) {
      const { dataset, report, params } = await read({ region });
      expect(params.region).toEqual(region);
      expect(idList(dataset.cells.ids)).toEqual(inside.map((i) => all.cells.ids.at(i)));
      expect(rows(dataset)).toEqual(inside.map((i) => rows(all)[i]));
      const gone = report.dropped.find((d) => d.why === "outside the region")?.count ?? 0;
      expect(gone).toBe(all.cells.ids.length - inside.length);
      for (const shapes of Object.values(dataset.shapes ?? {}))
        for (const id of idList(shapes.ids))
          expect(dataset.cells.ids.indexOf(id) >= 0).toBe(all.cells.ids.indexOf(id) >= 0);
    }
    await expect(read({ region: [1e8, 1e8, 2e8, 2e8] })).rejects.toMatchObject({
      code: "input",
      subject: "region",
    });
  });

  it("keeps the genes asked for, in the sample's order, and names those that are not there", async () => {
    const { dataset: all } = await read();
    const p = all.genes.ids.length;
    const wanted = [geneNames(all.genes)[p - 1], all.genes.ids.at(0), "no such gene"];
    const { dataset, report } = await read({ genes: wanted });
    const kept = [0, p - 1];
    expect(idList(dataset.genes.ids)).toEqual(kept.map((j) => all.genes.ids.at(j)));
    expect(rows(dataset)).toEqual(rows(all).map((row) => kept.map((j) => row[j])));
    expect(report.warnings.join()).toContain("not in the sample: no such gene");
    expect(Object.keys(dataset.features)).toEqual(Object.keys(all.features));
    await expect(read({ genes: ["no such gene"] })).rejects.toMatchObject({
      code: "not-found",
      subject: "genes",
    });
  });

  it("keeps the kinds of features, outlines and images asked for", async () => {
    const { dataset, report } = await read({ features: ["Blank"], shapes: false, images: false });
    expect(Object.keys(dataset.features).filter((kind) => kind !== "Blank")).toEqual([]);
    expect([dataset.shapes, dataset.images]).toEqual([undefined, undefined]);
    if (dataset.features["Blank"] === undefined)
      expect(report.warnings.join()).toContain("no features of kind Blank");
  });

  it("stops at once where the signal has fired, and before the next file where it fires later", async () => {
    expect(await read({ signal: AbortSignal.abort() }).catch(codeOf)).toBe("aborted");
    const stop = new AbortController();
    const source = await sourceOf(platform);
    const late: Source = {
      ...source,
      bytes: async (name) => (stop.abort(), source.bytes(name)),
      slice: async (name, start, end) => (stop.abort(), source.slice(name, start, end)),
      open: (name) => (stop.abort(), source.open(name)),
    };
    const run = readSample(late, { positions: positionsOf[platform], signal: stop.signal });
    expect(await run.catch(codeOf)).toBe("aborted");
  });
});

/** The first expression matrix as rows of numbers. */
function rows(ds: SpatialDataset): number[][] {
  const m = (ds.counts ?? Object.values(ds.layers)[0]) as Sparse | Dense;
  const dense = m.kind === "sparse" ? toDense(m) : m;
  return Array.from({ length: m.rows }, (_, i) => [...dense.data.subarray(i * m.cols, (i + 1) * m.cols)]);
}
