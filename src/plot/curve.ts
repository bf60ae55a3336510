import { labelTable, shortNumber } from "./distributions.ts";
import { type Figure, figure, inks, roundTicks, tidy } from "./figure.ts";

/** A value per whole number, with one of them marked: how a choice between candidates was made. */
export function curveFigure(
  x: readonly number[],
  y: readonly number[],
  marked: number,
  titles: { readonly x: string; readonly y: string },
): Figure {
  const known = y.filter((v) => Number.isFinite(v));
  const [low, high] = known.length === 0 ? [0, 1] : [Math.min(...known), Math.max(...known)];
  const room = (high - low) * 0.06 || 0.5;
  const ticks = roundTicks(low, high, 4);
  const columns = x.filter((_, k) => x.length <= 14 || k % 2 === 0);
  const rows = x
    .map((at, k) => ({ at, v: tidy(y[k]), marked: k === marked }))
    .filter((row) => row.v !== null);
  return figure({
    width: 260,
    height: 120,
    data: { values: rows },
    encoding: {
      x: {
        field: "at",
        type: "quantitative",
        scale: { domain: [Math.min(...x) - 0.4, Math.max(...x) + 0.4], nice: false, zero: false },
        axis: {
          title: titles.x,
          values: columns,
          labelExpr: labelTable(columns.map((at) => [at, shortNumber(at)])),
          grid: false,
        },
      },
      y: {
        field: "v",
        type: "quantitative",
        scale: { domain: [tidy(low - room), tidy(high + room)], nice: false, zero: false },
        axis: {
          title: titles.y,
          values: ticks,
          labelExpr: labelTable(ticks.map((at) => [at, shortNumber(at)])),
          domain: false,
          ticks: false,
        },
      },
    },
    layer: [
      { mark: { type: "line", color: inks.quiet, strokeWidth: 1.2 } },
      {
        transform: [{ filter: "!datum.marked" }],
        mark: { type: "circle", color: inks.quiet, size: 26, opacity: 1 },
      },
      {
        transform: [{ filter: "datum.marked" }],
        mark: { type: "circle", color: inks.bar, size: 110, opacity: 1 },
      },
    ],
  });
}
