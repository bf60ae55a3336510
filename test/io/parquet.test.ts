import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { memorySource, type Source } from "../../src/io/index.ts";
import { asColumn, asNumbers, asTexts, openParquet, readParquet } from "../../src/io/parquet.ts";

const one = (bytes: Uint8Array): Source => memorySource(new Map([["t.parquet", bytes]]));

const made = new Uint8Array(
  parquetWriteBuffer({
    rowGroupSize: 2,
    columnData: [
      { name: "whole", data: [1, -2, 3], type: "INT32" },
      { name: "gaps", data: [1, null, 3], type: "INT32" },
      { name: "wide", data: [112824700230101249n, 112824700230101252n, 5n], type: "INT64" },
      { name: "long", data: [4294967296n, 2n, 3n], type: "INT64" },
      { name: "real", data: [0.1, null, NaN], type: "DOUBLE" },
      { name: "truth", data: [true, false, true], type: "BOOLEAN" },
      { name: "name", data: ["a", null, "é"], type: "STRING" },
      {
        name: "bytes",
        data: [Uint8Array.of(97), Uint8Array.of(0xff, 1), Uint8Array.of(98)],
        type: "BYTE_ARRAY",
      },
    ],
  }),
);

describe("parquet", () => {
  it("reads every kind of column over groups of rows, missing values kept", async () => {
    const t = await readParquet(one(made), "t.parquet", null);
    expect(t["whole"]).toEqual(Int32Array.of(1, -2, 3));
    expect(asNumbers(t["gaps"])).toEqual(Float64Array.of(1, NaN, 3));
    expect(asTexts(t["wide"])).toEqual(["112824700230101249", "112824700230101252", "5"]);
    expect(asNumbers(t["long"])).toEqual(Float64Array.of(4294967296, 2, 3));
    expect(t["real"]).toEqual(Float64Array.of(0.1, NaN, NaN));
    expect(t["truth"]).toEqual(Uint8Array.of(1, 0, 1));
    expect(asColumn(t["name"])).toEqual(["a", "", "é"]);
    expect(asTexts(t["bytes"])).toEqual(["a", "ff01", "b"]);
  });

  it("reads only the columns asked for", async () => {
    let read = 0;
    const whole = one(made);
    const counted: Source = {
      ...whole,
      bytes: () => Promise.reject(new Error("the whole file")),
      slice: (name, start, end) => {
        if (end < made.length - 8) read += end - start;
        return whole.slice(name, start, end);
      },
    };
    const file = await openParquet(counted, "t.parquet");
    expect([file.rows, file.columns.length]).toEqual([3, 8]);
    const groups = [];
    for await (const group of file.groups(["whole"])) groups.push(group["whole"]);
    expect(groups).toEqual([Int32Array.of(1, -2), Int32Array.of(3)]);
    expect(read).toBeLessThan(made.length / 2);
    await expect(readParquet(whole, "t.parquet", ["nothing"])).rejects.toMatchObject({ code: "format" });
  });

  it("refuses files cut off anywhere", async () => {
    for (let end = 0; end < made.length; end += 7) {
      const cut = made.slice(0, end);
      await expect(readParquet(one(cut), "t.parquet", null)).rejects.toMatchObject({ code: "format" });
    }
  });
});
