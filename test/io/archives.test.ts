import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { memorySource, pathSource, readSample } from "../../src/io/index.ts";
import { tarSource } from "../../src/io/tar.ts";
import { idList, type Sparse } from "../../src/model/index.ts";
import { platforms } from "./platforms.ts";
import { files } from "./samples.ts";

const folder = mkdtempSync(join(tmpdir(), "tissular-archives-"));
afterAll(() => rmSync(folder, { recursive: true }));

const visium = await platforms["visium"]();
const long = `${"deep/".repeat(30)}file.txt`;
for (const [name, content] of Object.entries({ ...visium, [long]: "hello", "._junk.csv": "x" })) {
  mkdirSync(dirname(join(folder, "outs", name)), { recursive: true });
  writeFileSync(join(folder, "outs", name), content);
}
const tar = (name: string, from: string, more: readonly string[] = [], cwd: string = folder): string => {
  execFileSync("tar", ["-cf", join(folder, name), ...more, from], { cwd });
  return join(folder, name);
};
const same = async (input: Parameters<typeof readSample>[0]): Promise<readonly string[]> => {
  const { dataset, report } = await readSample(input);
  const plain = (await readSample(files(visium))).dataset;
  expect(report.platform).toBe("visium");
  expect(idList(dataset.cells.ids)).toEqual(idList(plain.cells.ids));
  expect((dataset.counts as Sparse).data).toEqual((plain.counts as Sparse).data);
  expect(dataset.positions?.data).toEqual(plain.positions?.data);
  expect(dataset.images?.length).toBe(plain.images?.length);
  return report.files;
};

describe("tar", () => {
  it.each(["gnu", "pax", "ustar"])("of format %s: files by name, long ones too, in parts", async (format) => {
    const path = tar(`a-${format}.tar`, "outs", [`--format=${format}`]);
    for (const whole of [await pathSource(path), memorySource(new Map([["a.tar", bytesOf(path)]]))]) {
      const source = await tarSource(whole, whole.names[0]);
      const name = `outs/${long}`;
      expect(source.names).toContain(name);
      expect(Buffer.from(await source.bytes(name)).toString()).toBe("hello");
      expect(Buffer.from(await source.slice(name, 1, 99)).toString()).toBe("ello");
      const file = source.open(name);
      const into = new Uint8Array(8);
      expect([file?.size, file?.read(into, 2), ...into.subarray(0, 4)]).toEqual([5, 3, 108, 108, 111, 0]);
      file?.close();
    }
  });

  it("a vendor's folder in tar, tar.gz reads as the folder does", async () => {
    expect(await same(tar("plain.tar", "outs"))).toContain("plain.tar");
    expect(await same(tar("packed.tar.gz", "outs", ["-z"]))).toContain("packed.tar.gz");
  });

  it("refuses one that is cut, and one whose sizes do not fit", async () => {
    const bytes = bytesOf(join(folder, "a-gnu.tar"));
    const of = (b: Uint8Array): Promise<unknown> => readSample(memorySource(new Map([["a.tar", b]])));
    await expect(of(bytes.subarray(0, 3000))).rejects.toMatchObject({ code: "format", subject: "a.tar" });
    const packed = bytesOf(join(folder, "packed.tar.gz"));
    await expect(of(packed.subarray(0, packed.length - 100))).rejects.toMatchObject({ code: "format" });
    const lost = bytes.slice();
    lost[512] ^= 1;
    await expect(of(lost)).rejects.toMatchObject({ code: "format" });
  });
});

describe("parts of a vendor's folder that are packed", () => {
  const spatial = bytesOf(tar("spatial.tar.gz", "spatial", ["-z"], join(folder, "outs")));
  const matrix = visium["filtered_feature_bc_matrix.h5"];

  it("spatial.tar.gz beside the matrix, with the website's prefix or without", async () => {
    for (const prefix of ["", "V1_Human_Heart_", "sub/S1_"]) {
      const source = files({
        [`${prefix}filtered_feature_bc_matrix.h5`]: matrix,
        [`${prefix}spatial.tar.gz`]: spatial,
      });
      expect(await same(source)).toContain(`${prefix}spatial.tar.gz`);
    }
  });

  it("is left alone where it lies there unpacked", async () => {
    expect(await same(files({ ...visium, "spatial.tar.gz": "stray" }))).not.toContain("spatial.tar.gz");
  });
});

function bytesOf(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}
