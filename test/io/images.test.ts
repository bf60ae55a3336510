import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { SpatialError } from "../../src/core/errors.ts";
import type { Affine, Image, ImagePyramid, Raster } from "../../src/model/index.ts";
import { leftOut, memorySource, openImages, readSample, type Source } from "../../src/io/index.ts";
import { zipSource } from "../../src/io/zip.ts";
import { simulateTissue, writeSimulated } from "../../src/simulate/index.ts";

interface Expected {
  readonly type: string;
  readonly shape: readonly [number, number, number];
  readonly sha256?: string;
  readonly values?: string;
}

const files = new Map<string, Uint8Array>();
let expected: Readonly<Record<string, Expected>> = {};
const only = (name: string): Source => memorySource(new Map([[name, files.get(name) as Uint8Array]]));

beforeAll(async () => {
  const archive = readFileSync(join(import.meta.dirname, "../fixtures/io/tiff-images.zip"));
  const source = await zipSource(memorySource(new Map([["a.zip", new Uint8Array(archive)]])), "a.zip");
  for (const name of source.names) files.set(name, await source.bytes(name));
  expected = JSON.parse(new TextDecoder().decode(files.get("expected.json"))).images;
});

function sha256({ data }: Raster): string {
  return createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex");
}

async function check(image: ImagePyramid, key: string, level = 0): Promise<void> {
  const want = expected[key];
  const [channels, height, width] = want.shape;
  const raster = await image.read(level);
  expect([key, image.samples, image.channels.length]).toEqual([key, want.type, channels]);
  expect(image.levels[level]).toEqual({ width, height });
  expect({ ...raster, data: null }).toMatchObject({ width, height, channels: image.channels });
  if (want.sha256 !== undefined) expect([key, sha256(raster)]).toEqual([key, want.sha256]);
  else {
    const values = Uint8Array.from(atob(want.values as string), (c) => c.charCodeAt(0));
    const wide = raster.data.BYTES_PER_ELEMENT === 2 ? new Uint16Array(values.buffer) : values;
    expect(wide.length).toBe(raster.data.length);
    const off = Array.from(wide, (v, i) => Math.abs(v - raster.data[i]));
    const [most, mean] = [Math.max(...off), off.reduce((t, v) => t + v, 0) / off.length];
    // Halved colors are spread over their pixels in more than one way.
    expect([key, key.includes("subsampled") ? mean <= 4 : most <= 3]).toEqual([key, true]);
  }
}

/** A TIFF of one strip without pixels. */
function header(width: number, height: number, rows = height, counts = 1): Uint8Array {
  const tags = [
    [256, width],
    [257, height],
    [258, 8],
    [259, 8],
    [262, 1],
    [273, 8],
    [278, rows],
    [279, counts],
  ];
  const out = new DataView(new ArrayBuffer(10 + 12 * tags.length + 4));
  out.setUint32(0, 0x002a4949, true);
  out.setUint32(4, 8, true);
  out.setUint16(8, tags.length, true);
  tags.forEach(([tag, value], k) => {
    out.setUint16(10 + 12 * k, tag, true);
    out.setUint16(12 + 12 * k, 4, true);
    out.setUint32(14 + 12 * k, 1, true);
    out.setUint32(18 + 12 * k, value, true);
  });
  return new Uint8Array(out.buffer);
}

describe("TIFF images", () => {
  it("agree with tifffile in every compression, layout and byte order", async () => {
    const names = Object.keys(expected).filter((n) => files.has(n));
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) {
      const [image, ...others] = await openImages(only(name));
      expect(others).toEqual([]);
      await check(image, name);
    }
  });

  it("has the levels and channels of OME-TIFF, below the first or in files beside", async () => {
    const [image] = await openImages(only("pyramid.ome.tif"));
    expect(image).toMatchObject({ name: "pyramid", role: "intensity", channels: ["DAPI", '18S & "rRNA"'] });
    expect(image.toPixels?.map((v) => Math.round(v * 1e6))).toEqual([4705882, 0, 0, 0, 4705882, 0]);
    for (const level of [0, 1, 2]) await check(image, `pyramid.ome.tif${level ? `#${level}` : ""}`, level);

    const parts = [...files].filter(([name]) => name.startsWith("morphology_focus/"));
    const [focus, ...others] = await openImages(memorySource(new Map(parts)));
    expect(others).toEqual([]);
    expect(focus.channels).toEqual(["DAPI", "ATP1A1/CD45/E-Cadherin", "18S"]);
    expect(focus.toPixels?.map((v) => Math.round(v * 1e6))).toEqual([4705882, 0, 0, 0, 4705882, 0]);
    await check(focus, "morphology_focus");
    await check(focus, "morphology_focus#1", 1);
    const one = await focus.read(0, { channels: ["18S"], window: { x: 30, y: 31, width: 40, height: 3 } });
    const whole = await focus.read(0);
    const at = 2 * 96 * 128 + 31 * 128 + 30;
    expect(one.data.subarray(0, 40)).toEqual(whole.data.subarray(at, at + 40));
  });

  it("has focal planes as images and reduced pages as levels", async () => {
    const planes = await openImages(only("stack.ome.tif"));
    expect(planes.map(({ name }) => name)).toEqual(["stack_z0", "stack_z1", "stack_z2"]);
    for (const plane of planes) await check(plane, plane.name);
    const [scanned] = await openImages(only("chained.tif"));
    expect(scanned).toMatchObject({ role: "color", channels: ["red", "green", "blue"] });
    await check(scanned, "chained.tif");
    await check(scanned, "chained.tif#2", 2);
  });

  it("reads any window as the same part of the whole, and only its bytes", async () => {
    for (const name of ["plain.tif", "big-endian-lzw.tif", "rgb.tif", "rgb-planar.tif", "lzw.tif"]) {
      const [image] = await openImages(only(name));
      const whole = await image.read(0);
      const { width: w, height: h } = image.levels[0];
      await fc.assert(
        fc.asyncProperty(
          fc.tuple(fc.nat(w - 1), fc.nat(w - 1), fc.nat(h - 1), fc.nat(h - 1)),
          async ([a, b, c, d]) => {
            const [x, y] = [Math.min(a, b), Math.min(c, d)];
            const window = { x, y, width: Math.abs(a - b) + 1, height: Math.abs(c - d) + 1 };
            const part = await image.read(0, { window });
            const area = window.width * window.height;
            part.data.forEach((v, k) => {
              const [p, rest] = [Math.floor(k / area), k % area];
              const row = y + Math.floor(rest / window.width);
              if (v !== whole.data[(p * h + row) * w + x + (rest % window.width)])
                throw new Error(`${name} ${JSON.stringify(window)} ${k}`);
            });
          },
        ),
        { numRuns: 30 },
      );
    }
    const inner = only("plain-rows.tif");
    let bytes = 0;
    const counting: Source = { ...inner, slice: (n, a, b) => ((bytes += b - a), inner.slice(n, a, b)) };
    const [image] = await openImages(counting);
    bytes = 0;
    await image.read(0, { window: { x: 0, y: 20, width: 54, height: 2 } });
    expect(bytes).toBe(2 * 54 * 2 + 45 * (4 + 2));
  });

  it("refuses what is not there, too much, and other compressions by name", async () => {
    const [image] = await openImages(only("lzw.tif"));
    const code = (promise: Promise<unknown>): Promise<unknown> => promise.catch((e: SpatialError) => e.code);
    expect(await code(image.read(1))).toBe("input");
    expect(await code(image.read(0, { channels: ["DAPI"] }))).toBe("input");
    expect(await code(image.read(0, { window: { x: 50, y: 0, width: 5, height: 1 } }))).toBe("input");
    expect(await code(image.read(0, { windw: {} } as object))).toBe("option");
    const stopped = AbortSignal.abort();
    expect(await code(image.read(0, { signal: stopped }))).toBe("aborted");
    const [zstd] = await openImages(only("zstd.tif"));
    await expect(zstd.read(0)).rejects.toThrow("zstd.tif is compressed with Zstandard, which is not read.");
    expect(await code(openImages(memorySource(new Map([["a.tif", new Uint8Array(9)]]))))).toBe("not-found");
  });

  it("refuses absurd sizes before making room", async () => {
    const read = async (bytes: Uint8Array, width = 1): Promise<unknown> => {
      const [image] = await openImages(memorySource(new Map([["a.tif", bytes]])));
      return image.read(0, { window: { x: 0, y: 0, width, height: 1 } });
    };
    await expect(read(header(4e9, 1, 1, 10))).rejects.toMatchObject({ code: "format" });
    await expect(read(header(2e9, 2e9, 2e9, 10))).rejects.toMatchObject({ code: "memory" });
    await expect(read(header(2e9, 1, 1, 10), 1e9)).rejects.toMatchObject({ code: "memory" });
    await expect(read(header(10, 10, 1, 10))).rejects.toMatchObject({ code: "format" });
    await expect(read(header(1000, 1000, 1000, 4e8))).rejects.toMatchObject({ code: "format" });
  });

  it("answers any damage with SpatialError", async () => {
    const names = [...files.keys()].filter((n) => /\.(tif|btf)$/.test(n));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), { maxLength: 12 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        async (name, changes, end, isCut) => {
          const bytes = (files.get(name) as Uint8Array).slice();
          for (const [at, v] of changes) bytes[Math.floor(at * at * (bytes.length - 1))] = v;
          const damaged = isCut ? bytes.subarray(0, Math.floor(end * bytes.length)) : bytes;
          try {
            const images = await openImages(memorySource(new Map([["a.tif", damaged]])));
            for (const image of images)
              await image.read(image.levels.length - 1, { window: { x: 0, y: 0, width: 1, height: 1 } });
          } catch (error) {
            if (!(error instanceof SpatialError)) throw error;
          }
        },
      ),
      { numRuns: 2000 },
    );
  }, 60_000);
});

describe("images of samples", () => {
  const text = (lines: readonly string[]): Uint8Array => new TextEncoder().encode(`${lines.join("\n")}\n`);

  it("of Xenium lie at its micrometres, a damaged one is left out and named", async () => {
    const written = await writeSimulated(
      simulateTissue({ observations: 100, genes: 200, layout: "cells" }),
      "xenium",
    );
    const parts = [...files].filter(([name]) => name.startsWith("morphology_focus/"));
    const bad = (files.get("pyramid.ome.tif") as Uint8Array).slice(0, 40);
    const all = new Map([...written, ...parts, ["morphology.ome.tif", bad] as const]);
    const { dataset, report } = await readSample(memorySource(all));
    expect(dataset.pyramids?.map(({ name }) => name)).toEqual(["morphology_focus"]);
    await check(dataset.pyramids?.[0] as ImagePyramid, "morphology_focus");
    expect(report.dropped.map(({ what }) => what)).toContain("image morphology.ome.tif");
    const { dataset: without } = await readSample(memorySource(all), { images: false });
    expect(without.pyramids).toBeUndefined();
    expect(leftOut(dataset, "h5ad")).toEqual(["large images: morphology_focus"]);
  });

  it("of Visium is the one of the size that the spots were placed on", async () => {
    const written = await writeSimulated(simulateTissue({ observations: 100, genes: 200 }), "visium");
    const { dataset: plain } = await readSample(memorySource(written));
    const [small] = plain.images as readonly Image[];
    const [w, h] = [Math.round(small.width / small.scale), Math.round(small.height / small.scale)];
    const folder = [...written.keys()][0].includes("/")
      ? [...written.keys()][0].replace(/[^/]*\/.*$/, "")
      : "";
    const all = new Map([
      ...written,
      [`${folder}slide.btf`, header(w, h)],
      [`${folder}other.tif`, header(h + 9, w)],
    ]);
    const { dataset, report } = await readSample(memorySource(all));
    expect(dataset.pyramids).toMatchObject([{ name: "slide", toPixels: [1, 0, 0, 0, 1, 0] }]);
    expect(report.dropped.map(({ what }) => what)).toContain(`image ${folder}other.tif`);
  });

  it("of CosMx lie by their cells, rows down where global y runs against local y, else up", async () => {
    const cells = [
      [1, 1, 10, 20],
      [1, 2, 90, 180],
      [2, 1, 30, 40],
    ];
    const counts = text(["fov,cell_ID,A,B", ...cells.map(([fov, id]) => `${fov},${id},1,2`)]);
    const read = async (sign: 1 | -1): Promise<readonly (Affine | null)[]> => {
      const rows = cells.map(([f, id, x, y]) => `${f},${id},${x},${y},${x + 1000 * f},${sign * y + 5000}`);
      const meta = "fov,cell_ID,CenterX_local_px,CenterY_local_px,CenterX_global_px,CenterY_global_px";
      const { dataset } = await readSample(
        memorySource(
          new Map([
            ["S_exprMat_file.csv", counts],
            ["S_metadata_file.csv", text([meta, ...rows])],
            ["CellLabels/CellLabels_F001.tif", header(100, 200)],
            ["CellLabels/CellLabels_F002.tif", header(100, 200)],
          ]),
        ),
      );
      expect(dataset.pyramids?.map(({ name, role }) => [name, role])).toEqual([
        ["CellLabels_F001", "labels"],
        ["CellLabels_F002", "labels"],
      ]);
      return dataset.pyramids?.map(({ toPixels }) => toPixels) ?? [];
    };
    expect(await read(-1)).toEqual([[1, 0, -1000, 0, 1, 5000], null]);
    expect(await read(1)).toEqual([[1, 0, -1000, 0, -1, 5200], null]);
  });
});
