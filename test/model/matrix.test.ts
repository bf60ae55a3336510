import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  categories,
  dense,
  type Dense,
  inferValues,
  positions,
  selectColumn,
  selectColumns,
  selectRows,
  sparse,
  toDense,
  toSparse,
  transpose,
} from "../../src/model/index.ts";

const matrices = fc
  .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 }))
  .chain(([rows, cols]) =>
    fc
      .array(fc.integer({ min: 0, max: 3 }), { minLength: rows * cols, maxLength: rows * cols })
      .map((values) => dense(rows, cols, Float32Array.from(values))),
  );

describe("always", () => {
  it("sparse and dense hold the same, and two transpositions change nothing", () => {
    fc.assert(
      fc.property(matrices, (x) => {
        const s = toSparse(x);
        expect(toDense(s)).toEqual(x);
        expect(transpose(transpose(s))).toEqual(s);
        expect(sparse(s.rows, s.cols, s.indptr, s.indices, s.data)).toEqual(s);
      }),
    );
  });

  it("selecting from sparse is selecting from dense", () => {
    fc.assert(
      fc.property(matrices, fc.infiniteStream(fc.nat()), (x, draw) => {
        const rows = x.rows === 0 ? [] : [...draw.take(3)].map((r) => r % x.rows);
        const columns = Array.from({ length: x.cols }, (_, j) => j).filter((j) => j % 2 === 0);
        const both = (m: Dense): Dense => selectColumns(selectRows(m, rows), columns);
        expect(toDense(selectColumns(selectRows(toSparse(x), rows), columns))).toEqual(both(x));
      }),
    );
  });
});

describe("at the edges", () => {
  const x = dense(2, 2, Float32Array.of(1, 2, 3, 4));

  it.each([2, -1, 0.5, NaN])("refuses row and column %s of two", (at) => {
    for (const m of [x, toSparse(x)]) {
      expect(() => selectRows(m, [at])).toThrow(/no row/);
      expect(() => selectColumns(m, [at])).toThrow(/ascend/);
    }
    for (const column of [new Float64Array(2), new Int32Array(2), ["a", "b"], categories(["a", "b"])])
      expect(() => selectColumn(column, [at])).toThrow(/no row/);
  });

  it("refuses positions with half a point", () => {
    expect(() => positions(new Float64Array(5), "um", 1)).toThrow(/multiple of 2/);
    expect(() => positions(new Float64Array(4), "um", 1, 3)).toThrow(/multiple of 3/);
  });

  it("refuses arrays that are no sparse matrix", () => {
    const one = Float32Array.of(1);
    expect(() => sparse(1, 1, Uint32Array.of(0), new Uint32Array(0), new Float32Array(0))).toThrow();
    expect(() => sparse(1, 1, Uint32Array.of(0, 1), Uint32Array.of(1), one)).toThrow(/names column 1/);
    const two = Float32Array.of(1, 1);
    expect(() => sparse(1, 3, Uint32Array.of(0, 2), Uint32Array.of(1, 1), two)).toThrow(/ascending/);
    expect(() => sparse(2, 1, Uint32Array.of(0, 2, 1), Uint32Array.of(0), one)).toThrow(/go down/);
  });

  it("tells what values are", () => {
    expect(inferValues(x)).toBe("counts");
    expect(inferValues(dense(2, 1, Float32Array.of(-1, 1)))).toBe("scaled");
    expect(inferValues(dense(2, 2, Float32Array.of(0.5, 1.5, 1.25, 0.75)))).toBe("normalized");
    expect(inferValues(dense(2, 2, Float32Array.of(0.5, 1.5, 1, 2.5)))).toBe("log");
  });

  it("sorts categories by number where all are numbers", () => {
    expect(categories(["10", "9", "NA", "1"])).toEqual({
      kind: "categorical",
      codes: Int32Array.of(2, 1, -1, 0),
      categories: ["1", "9", "10"],
    });
    expect(categories(["10", "9", "b"]).categories).toEqual(["10", "9", "b"]);
  });
});
