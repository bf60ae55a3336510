import { checkOptions, integer, number, oneOf, string } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import type { Categorical, Dense } from "../model/index.ts";
import { spread } from "./distributions.ts";
import { type Figure, figure, roundTicks, tidy } from "./figure.ts";
import {
  categoricalColors,
  colorAt,
  missingColor,
  packColor,
  parseColor,
  sequentialStops,
} from "./palettes.ts";
import { drawPoints, typicalSpacing } from "./points.ts";

export interface MapOptions {
  /** What the colors are ("cluster", a gene). */
  readonly title?: string;
  /** What the axes are ("\u00b5m"); default none. */
  readonly unit?: string;
  /** Which way y grows: "down" as in images and tissue (default), "up" as in a UMAP. */
  readonly y?: "down" | "up";
  /** Width of the picture in pixels, default 420; its height follows from the points. */
  readonly width?: number;
  /** Radius of a dot in pixels; default: dots nearly touch, as small as 0.7. */
  readonly radius?: number;
}

/** Up to this many points are drawn one by one; more become a picture under the axes. */
const VECTOR_POINTS = 5000;

/**
 * Where things are: points colored by group (a categorical) or by a number, for tissue and for embeddings. Up to 5,000 points are
 * vector dots; more are drawn as a picture under vector axes, so that the figure stays small. Missing values are gray and lie
 * below; high values lie on top.
 *
 * @param points n x 2 or more; the first two columns are x and y; points with NaN are left out
 * @param color one value per point
 * @throws {SpatialError} `input` where lengths differ
 * @example
 * ```ts
 * import { mapFigure } from "tissular/plot";
 * import { categories, dense } from "tissular/model";
 * const points = dense(3, 2, Float32Array.of(0, 0, 1, 0, 0, 1));
 * const figure = await mapFigure(points, categories(["a", "b", "a"]), { title: "group" });
 * if (figure.kind !== "figure") throw new Error("a figure wanted");
 * ```
 */
export async function mapFigure(
  points: Dense,
  color: Categorical | ArrayLike<number>,
  options: MapOptions = {},
): Promise<Figure> {
  checkOptions("mapFigure", options, {
    title: string(),
    unit: string(),
    y: oneOf("down", "up"),
    width: integer(20, 4000),
    radius: number(0.1, 100),
  });
  const n = points.rows;
  const painted = "codes" in color ? paintGroups(color) : paintNumbers(color);
  if (painted.colors.length !== n || points.cols < 2)
    throw new SpatialError(
      "input",
      `mapFigure needs n x 2 points and n values, found ${n} x ${points.cols} and ${painted.colors.length}.`,
    );
  const { title = "", unit = "", y = "down", width = 420 } = options;
  const at = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) {
    at[2 * i] = points.data[i * points.cols];
    at[2 * i + 1] = points.data[i * points.cols + 1];
  }
  const spacing = typicalSpacing(at, 2, n);
  const [x0, x1] = range(at, 0, spacing);
  const [y0, y1] = range(at, 1, spacing);
  const scale = width / (x1 - x0);
  const height = Math.min(3 * width, Math.max(20, Math.round((y1 - y0) * scale)));
  const radius = options.radius ?? Math.min(12, Math.max(0.7, 0.48 * spacing * scale));

  const axis = (low: number, high: number): object => ({
    title: unit === "" ? null : unit,
    values: roundTicks(low, high, 4),
    grid: false,
  });
  const place = {
    x: {
      field: "x",
      type: "quantitative",
      scale: { domain: [tidy(x0), tidy(x1)], nice: false, zero: false },
      axis: axis(x0, x1),
    },
    y: {
      field: "y",
      type: "quantitative",
      scale: { domain: [tidy(y0), tidy(y1)], nice: false, zero: false, reverse: y === "down" },
      axis: axis(y0, y1),
    },
    color: { field: "v", ...painted.channel, legend: { title: title === "" ? null : title } },
  };
  if (n <= VECTOR_POINTS) {
    const rows = Array.from(painted.order, (i) => ({
      x: tidy(at[2 * i]),
      y: tidy(at[2 * i + 1]),
      v: painted.value(i),
    })).filter((row) => row.x !== null && row.y !== null);
    return figure({
      width,
      height,
      data: { values: rows },
      mark: {
        type: "circle",
        opacity: 1,
        size: Math.max(1, Math.round(3.1416 * radius * radius)),
        clip: true,
      },
      encoding: place,
    });
  }
  const ratio = 2;
  const picture = {
    width: width * ratio,
    height: height * ratio,
    pixels: new Uint32Array(width * ratio * height * ratio),
  };
  if (y === "up") for (let i = 0; i < n; i++) at[2 * i + 1] = -at[2 * i + 1];
  drawPoints(
    picture,
    { data: at, stride: 2, colors: painted.colors, order: painted.order },
    { scale: scale * ratio, x: -x0 * scale * ratio, y: (y === "down" ? -y0 : y1) * scale * ratio },
    radius * ratio,
  );
  const { encode } = await import("fast-png");
  const png = encode({
    width: picture.width,
    height: picture.height,
    data: new Uint8Array(picture.pixels.buffer),
    channels: 4,
  });
  let binary = "";
  for (const byte of png) binary += String.fromCharCode(byte);
  return figure({
    width,
    height,
    layer: [
      {
        data: { values: [{ url: `data:image/png;base64,${btoa(binary)}` }] },
        mark: { type: "image", width, height, align: "left", baseline: "top" },
        encoding: { url: { field: "url", type: "nominal" }, x: { value: 0 }, y: { value: 0 } },
      },
      {
        data: { values: painted.samples.map((v) => ({ x: x0 - (x1 - x0), y: y0, v })) },
        mark: { type: "circle", opacity: 1, clip: true },
        encoding: place,
      },
    ],
  });
}

interface PaintedPoints {
  /** length n, packed */
  readonly colors: Uint32Array;
  readonly order: Uint32Array;
  readonly value: (i: number) => string | number | null;
  /** Type and scale of the color channel. */
  readonly channel: object;
  /** Values that make the legend complete. */
  readonly samples: readonly (string | number)[];
}

function paintGroups(labels: Categorical): PaintedPoints {
  const palette = categoricalColors(labels.categories.length);
  const packed = [missingColor, ...palette].map((hex) => packColor(parseColor(hex)));
  const codes = Array.from(labels.codes);
  const rows = codes.map((_, i) => i);
  return {
    colors: Uint32Array.from(codes, (code) => packed[code + 1]),
    order: Uint32Array.from([...rows.filter((i) => codes[i] < 0), ...rows.filter((i) => codes[i] >= 0)]),
    value: (i) => (codes[i] < 0 ? "not assigned" : labels.categories[codes[i]]),
    channel: {
      type: "nominal",
      sort: null,
      scale: {
        domain: [...labels.categories, ...(codes.includes(-1) ? ["not assigned"] : [])],
        range: [...palette, missingColor],
      },
    },
    samples: labels.categories,
  };
}

function paintNumbers(values: ArrayLike<number>): PaintedPoints {
  const known = Float64Array.from(values)
    .filter((v) => Number.isFinite(v))
    .sort();
  const [low, high] = known.length === 0 ? [0, 1] : [known[0], known[known.length - 1]];
  const fraction = (v: number): number => (high > low ? (v - low) / (high - low) : 0);
  const gray = packColor(parseColor(missingColor));
  const rank = (i: number): number => (Number.isFinite(values[i]) ? values[i] : -Infinity);
  const rows = Array.from({ length: values.length }, (_, i) => i);
  rows.sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : a - b));
  return {
    colors: Uint32Array.from(values, (v) =>
      Number.isFinite(v) ? packColor(colorAt(sequentialStops, fraction(v))) : gray,
    ),
    order: Uint32Array.from(rows),
    value: (i) => tidy(values[i]),
    channel: {
      type: "quantitative",
      scale: { domain: spread(low, high, sequentialStops.length), range: sequentialStops },
    },
    samples: [low, high],
  };
}

/** Lowest and highest coordinate with room for half a dot. */
function range(at: Float64Array, axis: 0 | 1, spacing: number): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (let k = axis; k < at.length; k += 2) {
    if (at[k] < low) low = at[k];
    if (at[k] > high) high = at[k];
  }
  if (low > high) return [0, 1];
  const room = Number.isFinite(spacing) && spacing > 0 ? 0.6 * spacing : 0.5;
  return [low - room, high + room];
}
