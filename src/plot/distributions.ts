import { boolean, checkOptions, integer, number, string } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import { log10, pow } from "../kernels/math.ts";
import { type Figure, figure, inks, roundTicks, tidy } from "./figure.ts";
import { sequentialStops } from "./palettes.ts";

export interface HistogramOptions {
  /** Words under the axis, with the unit. */
  readonly title?: string;
  /** What is counted ("spots"); default: no words at that axis. */
  readonly countTitle?: string;
  /** Bins of equal ratio instead of equal width; values <= 0 are left out. */
  readonly log?: boolean;
  /** How many bins (default 40; fewer where whole numbers span less). */
  readonly bins?: number;
  readonly width?: number;
  readonly height?: number;
}

const sizeRules = { width: number(20), height: number(20) };

/** Axis of values or of their decimal logarithms, with round numbers at the ticks. */
function axis(low: number, high: number, title: string, log: boolean): Record<string, unknown> {
  const ticks = log ? logTicks(low, high) : roundTicks(low, high).map((value) => ({ at: value, value }));
  return {
    title,
    values: ticks.map((tick) => tick.at),
    labelExpr: labelTable(ticks.map((tick) => [tick.at, shortNumber(tick.value)])),
    grid: false,
  };
}

/** A Vega expression that turns tick values into the given words (which must be plain). */
export function labelTable(labels: readonly (readonly [number, string])[]): string {
  return `${JSON.stringify(Object.fromEntries(labels.map(([at, words]) => [String(at), words])))}[datum.value]`;
}

/** Where 1, 10, 100 ... lie; with 2, 5, 20 ... or plain round numbers where these are fewer than three. */
function logTicks(low: number, high: number): { readonly at: number; readonly value: number }[] {
  const inRange = (values: readonly number[]): { at: number; value: number }[] =>
    values
      .map((value) => ({ at: Number(log10(value).toPrecision(8)), value }))
      .filter(({ at }) => at >= low - 1e-6 && at <= high + 1e-6);
  const powers: number[] = [];
  for (let k = Math.floor(low); k <= Math.ceil(high); k++) powers.push(pow(10, k));
  const choices = [powers, powers.flatMap((power) => [power, 2 * power, 5 * power])];
  for (const values of choices) {
    const ticks = inRange(values);
    if (ticks.length >= 3) return ticks;
  }
  return inRange(roundTicks(pow(10, low), pow(10, high), 3).filter((value) => value > 0));
}

/** 1200 as "1,200", 3,000,000 as "3M"; a minus sign, not a hyphen. */
export function shortNumber(x: number): string {
  const size = Math.abs(x);
  const text =
    size >= 1e6
      ? `${Number((size / 1e6).toPrecision(3))}M`
      : size >= 1e3
        ? String(Math.round(size)).replace(/\B(?=(\d{3})+$)/g, ",")
        : String(Number(size.toPrecision(6)));
  return x < 0 ? `\u2212${text}` : text;
}

interface Scale {
  readonly low: number;
  readonly high: number;
  /** length n; NaN is not shown */
  readonly at: Float64Array;
}

function place(values: ArrayLike<number>, log: boolean): Scale {
  const at = Float64Array.from(values, (v) =>
    Number.isFinite(v) ? (log ? (v > 0 ? log10(v) : NaN) : v) : NaN,
  );
  let low = Infinity;
  let high = -Infinity;
  for (const v of at) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (low === Infinity) return { low: 0, high: 1, at };
  if (low === high) return { low: low - 0.5, high: high + 0.5, at };
  return { low, high, at };
}

/** Whole numbers get bins of whole width, so that no bin is empty only because no whole number falls into it. */
function wholeBins(
  at: Float64Array,
  { low, high }: { readonly low: number; readonly high: number },
  bins: number,
): { readonly low: number; readonly high: number; readonly bins: number } {
  if (!at.every((v) => v !== v || v === Math.floor(v))) return { low, high, bins };
  const start = Math.ceil(low) - 0.5;
  const step = Math.ceil((Math.floor(high) + 0.5 - start) / bins);
  const used = Math.ceil((Math.floor(high) + 0.5 - start) / step);
  return { low: start, high: start + used * step, bins: used };
}

/**
 * How values are distributed: a histogram with a rule at the median. Missing values (NaN) are left out.
 *
 * @throws {SpatialError} `input` where no value can be shown
 * @example
 * ```ts
 * import { histogramFigure } from "tissular/plot";
 * const figure = histogramFigure(Float64Array.of(10, 100, 100, 1000), { title: "total counts", log: true });
 * if (figure.kind !== "figure") throw new Error("a figure wanted");
 * ```
 */
export function histogramFigure(values: ArrayLike<number>, options: HistogramOptions = {}): Figure {
  checkOptions("histogramFigure", options, {
    title: string(),
    countTitle: string(),
    log: boolean(),
    bins: integer(1, 1000),
    ...sizeRules,
  });
  const { title = "", countTitle = "", log = false, width = 260, height = 130 } = options;
  const { at, ...span } = place(values, log);
  const { low, high, bins } = wholeBins(at, span, options.bins ?? 40);
  const counts = new Float64Array(bins);
  for (const v of at)
    if (v === v) counts[Math.min(bins - 1, Math.floor(((v - low) / (high - low)) * bins))]++;
  const shown = at.filter((v) => v === v).sort();
  if (shown.length === 0)
    throw new SpatialError("input", `histogramFigure: no value of "${title}" can be shown.`);
  const step = (high - low) / bins;
  const rows = Array.from(counts, (count, k) => ({
    x0: tidy(low + k * step),
    x1: tidy(low + (k + 1) * step),
    count,
    zero: 0,
  }));
  const middle = shown.length >> 1;
  const median = shown.length % 2 === 1 ? shown[middle] : (shown[middle - 1] + shown[middle]) / 2;
  const x = {
    field: "x0",
    type: "quantitative",
    scale: { domain: [tidy(low), tidy(high)], nice: false, zero: false },
  };
  return figure({
    width,
    height,
    layer: [
      {
        data: { values: rows },
        mark: { type: "rect", color: inks.bar, stroke: inks.bar, strokeWidth: 0.4 },
        encoding: {
          x: { ...x, axis: axis(low, high, title, log) },
          x2: { field: "x1" },
          y: {
            field: "count",
            type: "quantitative",
            scale: { domain: [0, Math.max(...counts)], nice: false },
            axis: { ...countAxis(Math.max(...counts), countTitle), domain: false, ticks: false },
          },
          y2: { field: "zero" },
        },
      },
      {
        data: { values: [{ x0: tidy(median) }] },
        mark: { type: "rule", color: inks.text, strokeDash: [3, 2] },
        encoding: { x },
      },
    ],
  });
}

/** Axis of how many, in whole numbers. */
function countAxis(most: number, title: string): Record<string, unknown> {
  const values = roundTicks(0, most, 4).filter((value) => value === Math.floor(value));
  return {
    title: title === "" ? null : title,
    values,
    labelExpr: labelTable(values.map((value) => [value, shortNumber(value)])),
  };
}

export interface DensityOptions {
  readonly xTitle?: string;
  readonly yTitle?: string;
  /** What is counted in a square ("cells"): the legend's title; default: no legend. */
  readonly countTitle?: string;
  /** Logarithmic axes; points with a value <= 0 are left out. */
  readonly log?: boolean;
  /** Squares across and down (default: the square root of the number of points, 12 to 48). */
  readonly bins?: number;
  readonly width?: number;
  readonly height?: number;
}

/**
 * How two values go together: points counted in squares, darker to lighter by the logarithm of their number. Its size does
 * not grow with the number of points.
 *
 * @throws {SpatialError} `input` where the lengths differ
 * @example
 * ```ts
 * import { densityFigure } from "tissular/plot";
 * const figure = densityFigure([1, 2, 3], [2, 4, 6], { xTitle: "area", yTitle: "counts" });
 * if (figure.kind !== "figure") throw new Error("a figure wanted");
 * ```
 */
export function densityFigure(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  options: DensityOptions = {},
): Figure {
  checkOptions("densityFigure", options, {
    xTitle: string(),
    yTitle: string(),
    countTitle: string(),
    log: boolean(),
    bins: integer(1, 500),
    ...sizeRules,
  });
  if (x.length !== y.length)
    throw new SpatialError("input", `densityFigure needs as many x as y, found ${x.length} and ${y.length}.`);
  const { xTitle = "", yTitle = "", countTitle = "", log = false, width = 260, height = 180 } = options;
  const bins = options.bins ?? Math.max(12, Math.min(48, Math.round(Math.sqrt(x.length))));
  const across = place(x, log);
  const up = place(y, log);
  const counts = new Float64Array(bins * bins);
  const bin = (v: number, s: Scale): number =>
    Math.min(bins - 1, Math.floor(((v - s.low) / (s.high - s.low)) * bins));
  for (let i = 0; i < x.length; i++) {
    if (across.at[i] === across.at[i] && up.at[i] === up.at[i])
      counts[bin(up.at[i], up) * bins + bin(across.at[i], across)]++;
  }
  const edge = (k: number, s: Scale): number | null => tidy(s.low + (k * (s.high - s.low)) / bins);
  const rows: Record<string, number | null>[] = [];
  counts.forEach((count, k) => {
    if (count === 0) return;
    const c = k % bins;
    const r = Math.floor(k / bins);
    rows.push({
      x0: edge(c, across),
      x1: edge(c + 1, across),
      y0: edge(r, up),
      y1: edge(r + 1, up),
      n: tidy(log10(count)),
    });
  });
  const encode = (field: string, s: Scale, title: string): Record<string, unknown> => ({
    field,
    type: "quantitative",
    scale: { domain: [tidy(s.low), tidy(s.high)], nice: false, zero: false },
    axis: axis(s.low, s.high, title, log),
  });
  const most = Math.max(1, ...counts);
  const ticks = most > 1 ? logTicks(0, log10(most)).filter(({ value }) => value === Math.floor(value)) : [];
  return figure({
    width,
    height,
    data: { values: rows },
    mark: { type: "rect", strokeWidth: 0.4 },
    encoding: {
      x: encode("x0", across, xTitle),
      x2: { field: "x1" },
      y: encode("y0", up, yTitle),
      y2: { field: "y1" },
      color: {
        field: "n",
        type: "quantitative",
        scale: { domain: spread(0, log10(most), sequentialStops.length), range: sequentialStops },
        legend:
          countTitle === ""
            ? null
            : {
                title: countTitle,
                values: ticks.map(({ at }) => at),
                labelExpr: labelTable(ticks.map(({ at, value }) => [at, shortNumber(value)])),
              },
      },
    },
  });
}

/** `count` even steps from low to high. */
export function spread(low: number, high: number, count: number): number[] {
  const top = high > low ? high : low + 1;
  return Array.from({ length: count }, (_, k) =>
    Number((low + ((top - low) * k) / (count - 1)).toPrecision(6)),
  );
}
