import { describe, expect, it } from "vitest";
import { background, thumbnail } from "../../src/io/index.ts";
import { decodePng } from "../../src/io/images.ts";
import { imagePyramid } from "../../src/io/pyramid.ts";
import {
  type Affine,
  dataset,
  ids,
  type Image,
  type ImagePyramid,
  positions,
  type SpatialDataset,
  table,
} from "../../src/model/index.ts";

type Value = (x: number, y: number, c: number) => number;

/** Levels of the field 0..1 x 0..1, each pixel the value at its center, and which of them were read. */
function field(
  value: Value,
  sizes: readonly (readonly [number, number])[],
  more: Partial<ImagePyramid> = {},
): { readonly image: ImagePyramid; readonly reads: { level: number; pixels: number }[] } {
  const reads: { level: number; pixels: number }[] = [];
  const image = imagePyramid({
    name: "field",
    role: "intensity",
    channels: ["DAPI"],
    samples: "float32",
    levels: sizes.map(([width, height]) => ({ width, height })),
    toPixels: null,
    ...more,
    fetch: async (level, window, channels) => {
      reads.push({ level, pixels: window.width * window.height });
      const [w, h] = sizes[level];
      return Float32Array.from({ length: window.width * window.height * channels.length }, (_, k) => {
        const [c, i] = [Math.floor(k / (window.width * window.height)), k % (window.width * window.height)];
        const x = (window.x + (i % window.width) + 0.5) / w;
        return value(x, (window.y + Math.floor(i / window.width) + 0.5) / h, channels[c]);
      });
    },
  });
  return { image, reads };
}

const pixelsOf = ({ encoded }: Image): Promise<{ data: Uint8Array; width: number; height: number }> =>
  decodePng(encoded.bytes, "thumbnail");
const gray = async (image: Image): Promise<number[]> =>
  Array.from((await pixelsOf(image)).data).filter((_, k) => k % 3 === 0);

describe("thumbnail", () => {
  it("averages the smallest level that is fine enough", async () => {
    const { image, reads } = field(
      (x) => x,
      [
        [64, 32],
        [32, 16],
        [16, 8],
      ],
    );
    const small = await thumbnail(image, { size: 8, limits: [0, 100] });
    expect([small.width, small.height, small.scale, small.origin]).toEqual([8, 4, 1 / 8, undefined]);
    expect(reads).toEqual([{ level: 2, pixels: 128 }]);
    const ramp = Array.from({ length: 8 }, (_, k) => Math.round((255 * k) / 7));
    expect(await gray(small)).toEqual([...ramp, ...ramp, ...ramp, ...ramp]);
    expect((await thumbnail(image, { size: 17 })).width).toBe(17);
    expect(reads[1].level).toBe(1);
    expect((await thumbnail(image, { size: 5000 })).width).toBe(64);
  });

  it("shows the image as it lies among the positions: moved, mirrored, turned, cut out", async () => {
    const value: Value = (x, y) => Math.floor(4 * x) + 10 * Math.floor(3 * y);
    const want: Record<string, [Affine, number[][]]> = {
      moved: [
        [0.5, 0, -50, 0, 0.5, -20],
        [
          [0, 1, 2, 3],
          [10, 11, 12, 13],
          [20, 21, 22, 23],
        ],
      ],
      mirrored: [
        [1, 0, 0, 0, -1, 3],
        [
          [20, 21, 22, 23],
          [10, 11, 12, 13],
          [0, 1, 2, 3],
        ],
      ],
      turned: [
        [0, 1, 0, -1, 0, 3],
        [
          [20, 10, 0],
          [21, 11, 1],
          [22, 12, 2],
          [23, 13, 3],
        ],
      ],
    };
    for (const [what, [toPixels, rows]] of Object.entries(want)) {
      const { image } = field(value, [[4, 3]], { toPixels });
      const seen = await thumbnail(image, { limits: [0, 100] });
      expect([what, seen.height, seen.width]).toEqual([what, rows.length, rows[0].length]);
      const shades = rows.flat().map((v) => Math.round((255 * v) / 23));
      expect([what, await gray(seen)]).toEqual([what, shades]);
      if (what === "moved") expect([seen.origin, seen.scale]).toEqual([[100, 40], 0.5]);
    }
    const { image } = field(value, [[4, 3]]);
    const part = await thumbnail(image, { region: [1, 1, 3, 2], limits: [0, 100] });
    expect([part.origin, await gray(part)]).toEqual([
      [1, 1],
      [0, 255],
    ]);
    const beyond = await thumbnail(image, { region: [-1, 0, 1, 1], limits: [0, 100] });
    expect(beyond).toMatchObject({ width: 2, height: 1, origin: [-1, 0] });
    await expect(thumbnail(image, { region: [5, 5, 9, 9] })).rejects.toMatchObject({ code: "input" });
  });

  it("keeps colors, mixes channels, tells labels apart", async () => {
    const color = field((x, _, c) => 10 * c + 100 * x, [[2, 1]], {
      role: "color",
      samples: "uint8",
      channels: ["red", "green", "blue"],
    });
    expect([...(await pixelsOf(await thumbnail(color.image))).data]).toEqual([25, 35, 45, 75, 85, 95]);
    const stains = field((x, _, c) => (x < 0.5 ? Number(c === 1) : Number(c === 2)), [[2, 1]], {
      channels: ["DAPI", "18S", "SMA"],
    });
    const mixed = await pixelsOf(
      await thumbnail(stains.image, { channels: ["18S", "SMA"], limits: [0, 100] }),
    );
    const [first, second] = [mixed.data.slice(0, 3), mixed.data.slice(3)];
    expect(first[2]).toBe(255);
    expect(second[1]).toBe(230);
    const labels = field((x) => Math.floor(x * 4), [[4, 1]], { role: "labels", samples: "int32" });
    const { data } = await pixelsOf(await thumbnail(labels.image));
    expect([...data.slice(0, 3)]).toEqual([255, 255, 255]);
    expect(new Set([3, 6, 9].map((k) => data.slice(k, k + 3).join())).size).toBe(3);
  });

  it("reads a large level in parts, and stops when asked", async () => {
    const { image, reads } = field((x) => x, [[5000, 3500]]);
    const whole = await thumbnail(image, { size: 40, limits: [0, 100] });
    expect(reads.length).toBeGreaterThan(1);
    expect(Math.max(...reads.map(({ pixels }) => pixels))).toBeLessThanOrEqual(16_777_216);
    const row = (await gray(whole)).slice(0, 40);
    expect(row).toEqual(Array.from({ length: 40 }, (_, k) => Math.round((255 * k) / 39)));
    const stop = new AbortController();
    const done = thumbnail(image, { size: 40, signal: stop.signal, onProgress: () => stop.abort() });
    await expect(done).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("background", () => {
  const sample = (points: number[], pyramids: ImagePyramid[]): SpatialDataset =>
    dataset({
      cells: table(ids(points.slice(0, points.length / 2).map((_, i) => `c${i}`))),
      genes: table(ids(["g"])),
      positions: positions(Float64Array.from(points), "um", 1),
      pyramids,
    });
  const at = (name: string, toPixels: Affine | null, size = 100): ImagePyramid =>
    field((x) => x, [[size, size]], { name, toPixels }).image;
  const one: Affine = [1, 0, 0, 0, 1, 0];

  it("is the first image under the cells, of its planes the middle one", async () => {
    const corners = [1, 1, 99, 1, 99, 99, 1, 99];
    const away = at("away", [1, 0, 1000, 0, 1, 0]);
    const planes = ["m_z0", "m_z1", "m_z2"].map((name) => at(name, one));
    const found = await background(sample(corners, [at("lost", null), away, ...planes]));
    expect(found).toMatchObject({ image: { name: "m_z1", scale: 1, width: 100 }, why: null });
    const { image } = await background(sample([40, 40, 60, 60, 50, 50], [at("a", one)]));
    expect(image).toMatchObject({ origin: [39, 39], width: 22, height: 22 });
  });

  it("says why there is none", async () => {
    const corners = [1, 1, 99, 1, 99, 99, 1, 99];
    expect(await background(sample(corners, []))).toEqual({ image: null, why: null });
    const whys = [[at("a", null)], [at("a", [1, 0, 1000, 0, 1, 0])], [at("a", [50, 0, 0, 0, 50, 0], 5000)]];
    const said = await Promise.all(whys.map(async (list) => (await background(sample(corners, list))).why));
    expect(said).toEqual([
      "where the images lie is not known",
      "no image lies under most of the observations",
      "a has no smaller level: make a picture with thumbnail and add it to the images",
    ]);
  });
});
