import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openImages, readSample } from "../../src/io/index.ts";
import type { ImagePyramid } from "../../src/model/index.ts";
import { realData } from "../support/shared.ts";

const root = join(realData ?? "", "st");
const fixture = join(import.meta.dirname, "../fixtures/io/real-images.json");
const { images } = JSON.parse(readFileSync(fixture, "utf8")) as {
  images: Record<string, [type: string, shape: number[], sha256: string]>;
};

async function seen(image: ImagePyramid, level = 0): Promise<unknown[]> {
  const { data, channels, height, width } = await image.read(level);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return [image.samples, [channels.length, height, width], createHash("sha256").update(bytes).digest("hex")];
}

describe.skipIf(realData === null)("images of real samples", () => {
  it("agree with tifffile", async () => {
    const names = Object.keys(images).filter((name) => name.endsWith(".tif"));
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) {
      const [image] = await openImages(join(root, name));
      expect([name, ...(await seen(image))]).toEqual([name, ...images[name]]);
    }
  });

  it("agree with spatialdata, at every level", async () => {
    const stores = new Set(
      Object.keys(images)
        .filter((name) => name.includes("#"))
        .map((name) => name.split("#")[0]),
    );
    expect(stores.size).toBe(3);
    for (const store of stores) {
      const { dataset } = await readSample(join(root, store));
      const found: Record<string, unknown> = {};
      for (const image of dataset.pyramids ?? [])
        for (const level of image.levels.keys())
          found[`${store}#${image.name}#${level}`] = await seen(image, level);
      const opened = await openImages(join(root, store));
      expect(opened.map(({ name, role, levels, toPixels }) => ({ name, role, levels, toPixels }))).toEqual(
        dataset.pyramids?.map(({ name, role, levels, toPixels }) => ({ name, role, levels, toPixels })),
      );
      const wanted = Object.entries(images).filter(([name]) => name.startsWith(`${store}#`));
      expect(found).toEqual(Object.fromEntries(wanted));
    }
  });

  it("lie where the vendor says", async () => {
    for (const folder of ["merscope_cellbound_sfe", "merscope_cellpose_sfe"]) {
      const { dataset, report } = await readSample(join(root, folder));
      expect(dataset.pyramids?.map(({ name, channels }) => [name, channels.join(" ")])).toEqual([
        ["mosaic_z1", "Cellbound2 DAPI"],
        ["mosaic_z2", "DAPI PolyT"],
        ["mosaic_z3", "Cellbound1 Cellbound2 Cellbound3 DAPI PolyT"],
      ]);
      expect(report.found.join("\n")).toContain("3 images to be read when asked for");
      const [a, b, c, d, e, f] = (dataset.pyramids?.[0].toPixels ?? []) as number[];
      expect([b, d]).toEqual([0, 0]);
      const { data, rows, cols } = dataset.positions as NonNullable<typeof dataset.positions>;
      let inside = 0;
      for (let i = 0; i < rows; i++) {
        const [x, y] = [a * data[i * cols] + c, e * data[i * cols + 1] + f];
        if (x >= 0 && y >= 0 && x < 695 && y < 695) inside++;
      }
      expect(inside / rows).toBeGreaterThan(0.95);
    }
    const { dataset, report } = await readSample(join(root, "xenium_sfe"));
    expect(dataset.pyramids?.map(({ name }) => name)).toEqual(["morphology_focus", "morphology_mip"]);
    expect(report.warnings.join()).toContain("Where these images lie is not known");
    const without = await readSample(join(root, "xenium_sfe"), { images: false });
    expect(without.dataset.pyramids).toBeUndefined();
  });
});
