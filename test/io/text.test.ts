import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csvColumn, csvNumbers, csvStrings, formatCsv, parseCsv } from "../../src/io/index.ts";
import { formatFloat32, formatNumber } from "../../src/io/text.ts";
import { parseMatrix, parseMatrixMarket } from "../../src/io/text-matrix.ts";
import { categories, ids } from "../../src/model/index.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("parseCsv", () => {
  it("reads quotes, doubled quotes, line feeds in quotes, CRLF and a byte order mark", () => {
    const csv = parseCsv(bytes('\ufeffid,"a ""b""",c\r\n1,"x,y","l1\nl2"\r\n2,,3\r\n'), "t.csv");
    expect(csv.header).toEqual(["id", 'a "b"', "c"]);
    expect([csv.rows, csv.text(0, 1), csv.text(0, 2), csv.text(1, 1)]).toEqual([2, "x,y", "l1\nl2", ""]);
    expect(Array.from(csvNumbers(csv, 2))).toEqual([NaN, 3]);
  });

  it("finds the delimiter, whatever stands in quotes", () => {
    expect(parseCsv(bytes('a\tb\n1\t"x,y,z"\n'), "t").text(0, 1)).toBe("x,y,z");
    expect(parseCsv(bytes('"a,b,c";d\n1;2\n'), "t").header).toEqual(["a,b,c", "d"]);
  });

  it("works without a last line feed, without rows, with empty lines", () => {
    expect(parseCsv(bytes("a,b\n1,2"), "t").number(0, 1)).toBe(2);
    expect(parseCsv(bytes("a,b\n"), "t").rows).toBe(0);
    expect(parseCsv(bytes("a,b\n\n1,2\n\n"), "t").rows).toBe(1);
  });

  it("refuses lines of another length and empty files, by name", () => {
    expect(() => parseCsv(bytes("a,b\n1,2\n3\n"), "t.csv")).toThrow("found 1 in line 3");
    expect(() => parseCsv(bytes(""), "t.csv")).toThrow("t.csv must hold a table");
  });

  it("tells columns by content", () => {
    const csv = parseCsv(
      bytes(
        "i,f,b,c,s,id\n1,1.5,True,x,one,112824700230101249\n2,NA,False,x,two,112824700230101252\n-3,2,True,y,three,112824700230101253\n4,3,True,y,four,112824700230101254\n",
      ),
      "t",
    );
    expect(csvColumn(csv, 0)).toEqual(Int32Array.of(1, 2, -3, 4));
    expect(csvColumn(csv, 1)).toEqual(Float64Array.of(1.5, NaN, 2, 3));
    expect(csvColumn(csv, 2)).toEqual(Uint8Array.of(1, 0, 1, 1));
    expect(csvColumn(csv, 3)).toMatchObject({ kind: "categorical", categories: ["x", "y"] });
    expect(csvColumn(csv, 4)).toEqual(["one", "two", "three", "four"]);
    expect(csvColumn(csv, 5)).toEqual(csvStrings(csv, 5));
  });

  it("always reads numbers as Number does", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { minLength: 1 }), (values) => {
        const csv = parseCsv(bytes(`v\n${values.join("\n")}\n`), "t");
        values.forEach((v, i) => expect(Object.is(csv.number(i, 0), v) || csv.number(i, 0) === v).toBe(true));
      }),
    );
    const forms = [
      "0.1",
      "-0.30",
      "1e-7",
      ".5",
      "5.",
      "+2",
      "123456789012345678",
      "0.1234567890123456789",
      "1E3",
    ];
    const csv = parseCsv(bytes(`v\n${forms.join("\n")}\n`), "t");
    forms.forEach((f, i) => expect(csv.number(i, 0)).toBe(Number(f)));
    const none = parseCsv(bytes('v\n-\n.\n-.\nabc\n0x1f\n1.2.3\n"" \n'), "t");
    for (let i = 0; i < none.rows; i++) expect(none.number(i, 0)).toBeNaN();
  });
});

describe("formatCsv", () => {
  it("always reads back as it was written", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.double())), (rows) => {
        const texts = rows.map(([t]) => t.replace(/[\ud800-\udfff]/g, "?"));
        const numbers = Float64Array.from(rows, ([, v]) => (Object.is(v, -0) ? 0 : v));
        const csv = parseCsv(bytes(formatCsv({ n: numbers, t: texts })), "t");
        expect(csv.rows).toBe(rows.length);
        expect(csvStrings(csv, 1)).toEqual(texts);
        expect(csvNumbers(csv, 0)).toEqual(numbers);
      }),
    );
  });

  it("writes every kind of column, quotes only where needed", () => {
    const text = formatCsv({
      id: ids(["a", "=b", "c,d"]),
      f: Float32Array.of(0.1, NaN, 1e-9),
      k: categories(["x", "", 'q"r']),
      u: Uint8Array.of(1, 0, 1),
    });
    expect(text).toBe('id,f,k,u\na,0.1,x,1\n=b,,,0\n"c,d",1e-9,"q""r",1\n');
    expect(() => formatCsv({ a: [""], b: ["", ""] })).toThrow('Column "b" must have 1 values, found 2.');
  });

  it("always writes the shortest text of a float", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (v) => {
        const text = formatFloat32(v);
        expect(Math.fround(Number(text)) === v || v === 0).toBe(true);
        expect(text.length).toBeLessThanOrEqual(formatNumber(v).length);
      }),
    );
  });
});

describe("parseMatrix", () => {
  it("reads numbers without a string per cell", async () => {
    const { rowNames, colNames, matrix } = await parseMatrix(
      bytes('"cell","A","B,C"\r\n112824700230101249,0,2\r\n"x",1.5,0\r\n'),
      "t",
    );
    expect([rowNames, colNames]).toEqual([
      ["112824700230101249", "x"],
      ["A", "B,C"],
    ]);
    expect([...matrix.indptr, ...matrix.indices, ...matrix.data]).toEqual([0, 1, 2, 1, 0, 2, 1.5]);
  });

  it("names what is wrong", async () => {
    await expect(parseMatrix(bytes("c,A\nx,one\n"), "t.csv")).rejects.toThrow('found "one" in column "A"');
    await expect(parseMatrix(bytes("c,A,B\nx,1\n"), "t.csv")).rejects.toThrow("must have 2 numbers");
    await expect(parseMatrix(bytes("c,A\nx,\n"), "t.csv")).rejects.toMatchObject({ code: "format" });
  });

  it("grows beyond its first buffers and stops when asked", async () => {
    const rows = 9000;
    const text = `c,${Array.from({ length: 10 }, (_, j) => `g${j}`).join(",")}\n${Array.from({ length: rows }, (_, i) => `c${i},${"1,".repeat(9)}${i}`).join("\n")}\n`;
    const { matrix } = await parseMatrix(bytes(text), "t");
    expect([matrix.rows, matrix.data.length, matrix.data.at(-1)]).toEqual([rows, rows * 10 - 1, rows - 1]);
    await expect(parseMatrix(bytes(text), "t", { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
  });
});

describe("parseMatrixMarket", () => {
  const read = (text: string) => parseMatrixMarket(bytes(text), "m.mtx");
  const banner = "%%MatrixMarket matrix coordinate integer general\n% comment\n";

  it("turns features x barcodes, sorts and adds what stands twice", async () => {
    const { matrix, repeated } = await read(`${banner}3 2 4\n3 1 5\n1 1 2\n2 2 7\n3 1 1\n`);
    expect([matrix.rows, matrix.cols, repeated]).toEqual([2, 3, 1]);
    expect([[...matrix.indptr], [...matrix.indices], [...matrix.data]]).toEqual([
      [0, 2, 3],
      [0, 2, 1],
      [2, 6, 7],
    ]);
  });

  it("names what is wrong", async () => {
    await expect(read("1 1 1\n")).rejects.toThrow("Matrix Market");
    await expect(read(`${banner}3 2 2\n1 1 1\n`)).rejects.toThrow("must hold 2 entries as it says, found 1");
    await expect(read(`${banner}3 2 1\n4 1 1\n`)).rejects.toThrow("must lie in 3 x 2");
    await expect(read(`${banner}3 2 1\n1 1 x\n`)).rejects.toMatchObject({ code: "format" });
    await expect(read(`${banner}3 2 1\n1 1 1\n1 2 1\n`)).rejects.toThrow("found more");
  });
});
