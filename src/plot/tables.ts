import { checkOptions, number, oneOf, string } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { labelTable, spread } from "./distributions.ts";
import { type Figure, figure, inks, roundTicks, tidy } from "./figure.ts";
import { divergingStops, sequentialStops } from "./palettes.ts";

/** A value for each pair of a row and a column. */
export interface LabelledMatrix {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** row-major, length rows * columns; NaN is left empty */
  readonly values: ArrayLike<number>;
}

export interface HeatmapOptions {
  /** What the values are. */
  readonly title?: string;
  readonly rowTitle?: string;
  readonly columnTitle?: string;
  /** Colors span -limit to limit; beyond, they stay at the ends (default: the largest absolute value). */
  readonly limit?: number;
}

function checkShape(verb: string, m: LabelledMatrix, values: ArrayLike<number>): void {
  if (values.length !== m.rows.length * m.columns.length)
    throw new SpatialError(
      "input",
      `${verb}: ${m.rows.length} rows and ${m.columns.length} columns need ${m.rows.length * m.columns.length} values, found ${values.length}.`,
    );
}

/** Labels as categories: unique positions whatever the words are. */
function band(
  field: string,
  labels: readonly string[],
  title: string | undefined,
  extra: object = {},
): unknown {
  return {
    field,
    type: "ordinal",
    scale: { domain: labels.map((_, k) => k), padding: 0 },
    axis: {
      title: title ?? null,
      labelExpr: `[${labels.map(quoted).join(",")}][datum.value]`,
      domain: false,
      ticks: false,
      labelPadding: 6,
      ...extra,
    },
  };
}

function gradientLegend(title: string | undefined, low: number, high: number): object {
  const values = roundTicks(low, high, 4);
  return {
    title: title ?? null,
    values,
    labelExpr: labelTable(values.map((v) => [v, String(v).replace("-", "\u2212")])),
  };
}

/** A word inside a Vega expression: everything but plain letters and digits as escapes. */
function quoted(word: string): string {
  const escape = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `"${word.replace(/[^A-Za-z0-9]/g, escape)}"`;
}

function cells<T extends object>(
  m: LabelledMatrix,
  make: (k: number) => T,
): (T & { r: number; c: number })[] {
  return Array.from({ length: m.rows.length * m.columns.length }, (_, k) => ({
    r: Math.floor(k / m.columns.length),
    c: k % m.columns.length,
    ...make(k),
  }));
}

/**
 * Signed values as a matrix of colors: blue below zero, red above, told apart with any common color vision; up to 16 x 16
 * each cell also says its number.
 *
 * @throws {SpatialError} `input` where the number of values is not rows times columns
 * @example
 * ```ts
 * import { heatmapFigure } from "tissular/plot";
 * const figure = heatmapFigure({ rows: ["a", "b"], columns: ["a", "b"], values: [4, -2, -2, 3] }, { title: "z" });
 * if (figure.kind !== "figure") throw new Error("a figure wanted");
 * ```
 */
export function heatmapFigure(matrix: LabelledMatrix, options: HeatmapOptions = {}): Figure {
  checkOptions("heatmapFigure", options, {
    title: string(),
    rowTitle: string(),
    columnTitle: string(),
    limit: number(0),
  });
  checkShape("heatmapFigure", matrix, matrix.values);
  let largest = 0;
  for (let k = 0; k < matrix.values.length; k++) {
    const size = Math.abs(matrix.values[k]);
    if (Number.isFinite(size) && size > largest) largest = size;
  }
  const limit = options.limit ?? (largest || 1);
  const most = Math.max(matrix.rows.length, matrix.columns.length);
  const step = most <= 16 ? 34 : Math.max(10, Math.floor(540 / most));
  const rows = cells(matrix, (k) => {
    const v = matrix.values[k];
    const shown = Math.max(-limit, Math.min(limit, v));
    return {
      v: tidy(shown),
      words: Number.isFinite(v) ? cellWords(v) : "",
      strong: Math.abs(shown) > 0.72 * limit,
    };
  });
  const x = band("c", matrix.columns, options.columnTitle, { labelAngle: needsAngle(matrix.columns, step) });
  const y = band("r", matrix.rows, options.rowTitle);
  return figure({
    width: { step },
    height: { step: Math.min(step, 30) },
    data: { values: rows.filter((row) => row.v !== null) },
    encoding: { x, y },
    layer: [
      {
        mark: { type: "rect", stroke: null },
        encoding: {
          color: {
            field: "v",
            type: "quantitative",
            scale: { domain: spread(-limit, limit, divergingStops.length), range: divergingStops },
            legend: gradientLegend(options.title, -limit, limit),
          },
        },
      },
      ...(most <= 16
        ? [true, false].map((strong) => ({
            transform: [{ filter: `datum.strong === ${strong}` }],
            mark: { type: "text", fontSize: 10.5, color: strong ? "#FFFFFF" : "#333333" },
            encoding: { text: { field: "words", type: "nominal" } },
          }))
        : []),
    ],
  });
}

/** A number inside a cell: "12", "\u22123.4", "0.0". */
function cellWords(v: number): string {
  const text = Math.abs(v).toFixed(Math.abs(v) >= 9.95 ? 0 : 1);
  return v < 0 && text !== "0.0" ? `\u2212${text}` : text;
}

function needsAngle(labels: readonly string[], step: number): number {
  return labels.some((label) => label.length * 6.5 > step) ? (step < 20 ? -90 : -45) : 0;
}

/** Two values for each pair of a row and a column: the size of a dot and its color. */
export interface DotMatrix {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** row-major, length rows * columns; NaN leaves the dot out */
  readonly size: ArrayLike<number>;
  /** row-major, length rows * columns */
  readonly color: ArrayLike<number>;
}

export interface DotPlotOptions {
  readonly sizeTitle?: string;
  readonly colorTitle?: string;
  readonly rowTitle?: string;
  readonly columnTitle?: string;
  /** "sequential" from zero, or the smallest color value below it, to the largest; "diverging" is symmetric about zero (default sequential). */
  readonly palette?: "sequential" | "diverging";
  /** The value that has the largest dot (default: the largest). */
  readonly largest?: number;
}

/**
 * Two values per row and column as dots: area for one, color for the other (fraction and mean of a marker; score and
 * significance of a ligand-receptor pair).
 *
 * @throws {SpatialError} `input` where the number of values is not rows times columns
 * @example
 * ```ts
 * import { dotPlotFigure } from "tissular/plot";
 * const dots = { rows: ["GFAP"], columns: ["0", "1"], size: [0.9, 0.1], color: [2.1, 0.2] };
 * if (dotPlotFigure(dots, { sizeTitle: "fraction" }).kind !== "figure") throw new Error("a figure wanted");
 * ```
 */
export function dotPlotFigure(dots: DotMatrix, options: DotPlotOptions = {}): Figure {
  checkOptions("dotPlotFigure", options, {
    sizeTitle: string(),
    colorTitle: string(),
    rowTitle: string(),
    columnTitle: string(),
    palette: oneOf("sequential", "diverging"),
    largest: number(0),
  });
  const frame = { rows: dots.rows, columns: dots.columns, values: dots.size };
  checkShape("dotPlotFigure", frame, dots.size);
  checkShape("dotPlotFigure", frame, dots.color);
  let top = 0;
  let low = Infinity;
  let high = -Infinity;
  const rows = cells(frame, (k) => ({ s: tidy(dots.size[k]), v: tidy(dots.color[k]) }));
  for (const { s, v } of rows) {
    if (s === null || v === null) continue;
    top = Math.max(top, s);
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (low > 0) low = 0;
  const largest = options.largest ?? (top || 1);
  const diverging = options.palette === "diverging";
  const reach = Math.max(Math.abs(low), Math.abs(high));
  const [from, to] = low > high ? [0, 1] : diverging ? [-reach, reach] : [low, high];
  const stops = diverging ? divergingStops : sequentialStops;
  const step = dots.columns.length > 40 ? 20 : 24;
  const sizes = roundTicks(0, largest, 4).filter((v) => v > 0);
  return figure({
    width: { step },
    height: { step: 22 },
    data: { values: rows.filter((row) => row.s !== null && row.v !== null && row.s > 0) },
    mark: { type: "circle", opacity: 1, stroke: inks.quiet, strokeWidth: 0.4 },
    encoding: {
      x: band("c", dots.columns, options.columnTitle, {
        labelAngle: needsAngle(dots.columns, step) === 0 ? 0 : -90,
        labelLimit: 420,
        grid: true,
        labelPadding: 12,
      }),
      y: band("r", dots.rows, options.rowTitle, { grid: true, labelPadding: 12 }),
      size: {
        field: "s",
        type: "quantitative",
        scale: { domain: [0, tidy(largest)], range: [0, 260], clamp: true },
        legend: {
          title: options.sizeTitle ?? null,
          values: sizes,
          encoding: { symbols: { fill: { value: inks.quiet } } },
        },
      },
      color: {
        field: "v",
        type: "quantitative",
        scale: { domain: spread(from, to, stops.length), range: stops },
        legend: gradientLegend(options.colorTitle, from, to),
      },
    },
  });
}
