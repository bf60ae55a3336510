import { gzipSync } from "node:zlib";
import { Gunzip } from "fflate";
import { afterEach, expect, it, vi } from "vitest";
import { memorySource } from "../../src/io/index.ts";
import { lineBlocks } from "../../src/io/text-blocks.ts";

afterEach(() => vi.unstubAllGlobals());

const lines = Array.from({ length: 20_000 }, (_, k) => `${k},${(k * 7919) % 1009}\n`).join("");
const one = (bytes: Uint8Array) => memorySource(new Map([["t", bytes]]));

async function read(bytes: Uint8Array): Promise<string> {
  let out = "";
  let last = 0;
  for await (const { bytes: block, fraction } of lineBlocks(one(bytes), "t")) {
    expect(fraction).toBeGreaterThanOrEqual(last);
    last = fraction;
    out += new TextDecoder().decode(block);
  }
  return out;
}

/** Unpacks the first member and refuses what follows, as browsers do. */
class Strict extends TransformStream<Uint8Array, Uint8Array> {
  constructor() {
    let gunzip: Gunzip;
    super({
      start: (controller) => {
        gunzip = new Gunzip((part) => controller.enqueue(part));
        gunzip.onmember = () => controller.error(new TypeError("junk after the end"));
      },
      transform: (chunk) => gunzip.push(chunk),
    });
  }
}

it("reads text, with and without a last line feed, packed or not, of several members", async () => {
  expect(await read(Buffer.from(lines))).toBe(lines);
  expect(await read(Buffer.from(`${lines}end`))).toBe(`${lines}end`);
  expect(await read(gzipSync(lines))).toBe(lines);
  const pieces = [0, 50_000, 50_001, 150_000, lines.length];
  const members = pieces.slice(1).map((end, k) => gzipSync(lines.slice(pieces[k], end)));
  expect(await read(Buffer.concat(members))).toBe(lines);
  vi.stubGlobal("DecompressionStream", Strict);
  expect(await read(gzipSync(lines))).toBe(lines);
  expect(await read(Buffer.concat(members))).toBe(lines);
});

it("refuses what is cut off or changed, and stops when it is left", async () => {
  const packed = gzipSync(lines);
  await expect(read(packed.subarray(0, 9000))).rejects.toMatchObject({ code: "format", subject: "t" });
  const wrong = Buffer.from(packed);
  wrong[wrong.length - 5] ^= 1;
  await expect(read(wrong)).rejects.toMatchObject({ code: "format" });
  for await (const { bytes } of lineBlocks(one(packed), "t")) {
    expect(bytes.length).toBeGreaterThan(0);
    break;
  }
});
