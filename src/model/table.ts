import { SpatialError } from "../core/errors.ts";

/** Names of rows, packed: one text and its offsets, with a lookup built at first use. */
export interface Ids {
  readonly length: number;
  at(i: number): string;
  /** The first row with this name, or -1. */
  indexOf(id: string): number;
}

/** Values from a small set; code -1 means missing. */
export interface Categorical {
  readonly kind: "categorical";
  /** length n, each -1 or an index into `categories` */
  readonly codes: Int32Array;
  readonly categories: readonly string[];
}

/** One variable over the rows of a table. In a Float64Array, NaN means missing; a Uint8Array holds 0 and 1 (false, true). */
export type Column = Float64Array | Int32Array | Uint8Array | readonly string[] | Categorical;

/** Named rows and named columns of equal length. */
export interface Table {
  readonly ids: Ids;
  readonly columns: Readonly<Record<string, Column>>;
}

/** Packs names. Repeats are allowed here; where they are not, the caller checks. */
export function ids(names: ArrayLike<string>): Ids {
  const n = names.length;
  const offsets = new Uint32Array(n + 1);
  const parts: string[] = new Array<string>(n);
  for (let i = 0; i < n; i++) {
    parts[i] = names[i];
    offsets[i + 1] = offsets[i] + names[i].length;
  }
  const text = parts.join("");
  const at = (i: number): string => {
    if (!(i >= 0 && i < n)) throw new SpatialError("input", `There is no row ${i} in ${n} rows.`);
    return text.slice(offsets[i], offsets[i + 1]);
  };
  let rowOf: Map<string, number> | null = null;
  const indexOf = (id: string): number => {
    if (rowOf === null) {
      rowOf = new Map();
      for (let i = n - 1; i >= 0; i--) rowOf.set(at(i), i);
    }
    return rowOf.get(id) ?? -1;
  };
  return { length: n, at, indexOf };
}

/** All names, in order. */
export function idList(rows: Ids): string[] {
  return Array.from({ length: rows.length }, (_, i) => rows.at(i));
}

/**
 * A table; every column must have one value per row.
 *
 * @throws {SpatialError} `input`, naming the column that has not
 */
export function table(rows: Ids, columns: Readonly<Record<string, Column>> = {}): Table {
  for (const [name, column] of Object.entries(columns)) {
    if (columnLength(column) !== rows.length) {
      throw new SpatialError(
        "input",
        `Column "${name}" must have ${rows.length} values, found ${columnLength(column)}.`,
        { subject: name },
      );
    }
  }
  return { ids: rows, columns };
}

/** The same rows with columns added or replaced; all other columns are shared. */
export function withColumns(t: Table, columns: Readonly<Record<string, Column>>): Table {
  return table(t.ids, { ...t.columns, ...columns });
}

/**
 * The given rows, in the given order.
 *
 * @throws {SpatialError} `input` for a row that is not there
 */
export function selectTable(t: Table, rows: ArrayLike<number>): Table {
  const columns: Record<string, Column> = {};
  for (const [name, column] of Object.entries(t.columns)) columns[name] = selectColumn(column, rows);
  return { ids: ids(Array.from(rows, (r) => t.ids.at(r))), columns };
}

/** Refuses row numbers that are not whole or not below n. */
export function checkRows(rows: ArrayLike<number>, n: number): void {
  for (let r = 0; r < rows.length; r++) {
    if (!(rows[r] >= 0 && rows[r] < n && Number.isInteger(rows[r])))
      throw new SpatialError("input", `There is no row ${rows[r]} in ${n} rows.`);
  }
}

export function columnLength(column: Column): number {
  return isCategorical(column) ? column.codes.length : column.length;
}

export function isCategorical(column: Column): column is Categorical {
  return (column as Categorical).kind === "categorical";
}

/**
 * The values of some rows, in the given order.
 *
 * @throws {SpatialError} `input` for a row that is not there
 */
export function selectColumn<C extends Column>(column: C, rows: ArrayLike<number>): C {
  checkRows(rows, columnLength(column));
  const c: Column = column;
  if (isCategorical(c)) return { ...c, codes: Int32Array.from(rows, (r) => c.codes[r]) } as unknown as C;
  if (Array.isArray(c)) return Array.from(rows, (r) => c[r] as string) as unknown as C;
  const values = c as Float64Array;
  const out = new (values.constructor as Float64ArrayConstructor)(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = values[rows[i]];
  return out as unknown as C;
}

/**
 * A categorical from its codes (shared, not copied); -1 means missing.
 *
 * @throws {SpatialError} `input` for a code that names no category
 */
export function categorical(codes: Int32Array, categories: readonly string[]): Categorical {
  for (const code of codes) {
    if (code < -1 || code >= categories.length) {
      throw new SpatialError("input", `A code must be from -1 to ${categories.length - 1}, found ${code}.`);
    }
  }
  return { kind: "categorical", codes, categories };
}

/**
 * A categorical from strings; empty, "NA", "nan" and "None" are missing. Categories are sorted, by number where all
 * are numbers, else by code unit.
 *
 * @example
 * ```ts
 * import { categories } from "tissular/model";
 * const { codes, categories: names } = categories(["tumor", "stroma", "", "tumor"]);
 * if (names.join() !== "stroma,tumor" || codes.join() !== "1,0,-1,1") throw new Error("sorted, empty is missing");
 * ```
 */
export function categories(values: readonly string[]): Categorical {
  const missing = new Set(["", "NA", "nan", "NaN", "None"]);
  const names = [...new Set(values)].filter((v) => !missing.has(v));
  const numeric = names.every((v) => v.trim() !== "" && Number.isFinite(Number(v)));
  names.sort((a, b) =>
    numeric && Number(a) !== Number(b) ? Number(a) - Number(b) : a < b ? -1 : a > b ? 1 : 0,
  );
  const codeOf = new Map(names.map((v, k) => [v, k]));
  return {
    kind: "categorical",
    codes: Int32Array.from(values, (v) => codeOf.get(v) ?? -1),
    categories: names,
  };
}
