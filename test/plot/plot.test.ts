import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  categoricalColors,
  densityFigure,
  dotPlotFigure,
  heatmapFigure,
  histogramFigure,
  renderSvg,
  type Figure,
} from "../../src/plot/index.ts";
import { roundTicks } from "../../src/plot/figure.ts";
import { colorAt, packColor, parseColor, sequentialStops } from "../../src/plot/palettes.ts";
import { dotRadius, drawPoints, pointGrid, typicalSpacing } from "../../src/plot/points.ts";

describe("palettes", () => {
  it("has 48 different colors, the first 7 those of Okabe and Ito", () => {
    const colors = categoricalColors(48);
    expect(new Set(colors).size).toBe(48);
    expect(colors.slice(0, 2)).toEqual(["#0072B2", "#E69F00"]);
    expect(categoricalColors(50).slice(48)).toEqual(colors.slice(0, 2));
  });

  it("goes through its stops", () => {
    expect(colorAt(sequentialStops, 0)).toEqual(parseColor("#440154"));
    expect(colorAt(sequentialStops, 0.5)).toEqual(parseColor("#21918C"));
    expect(colorAt(sequentialStops, 7)).toEqual(parseColor("#FDE725"));
    expect(() => parseColor("red")).toThrow("#RRGGBB");
  });
});

describe("round ticks", () => {
  it("always lie in range, evenly, and few", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        (low, span) => {
          const ticks = roundTicks(low, low + span);
          expect(ticks.length).toBeLessThanOrEqual(7);
          for (const t of ticks) {
            expect(t).toBeGreaterThanOrEqual(low - 1e-6 * span);
            expect(t).toBeLessThanOrEqual(low + span * (1 + 1e-6) + 1e-6);
          }
        },
      ),
    );
    expect(roundTicks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(roundTicks(-30, 30, 4)).toEqual([-20, 0, 20]);
  });
});

describe("points", () => {
  const red = packColor([255, 0, 0]);
  const blue = packColor([0, 0, 255]);
  const raster = () => ({ width: 20, height: 10, pixels: new Uint32Array(200) });

  it("fills a disc of the right area and fades at its edge", () => {
    const r = { width: 60, height: 60, pixels: new Uint32Array(3600) };
    drawPoints(
      r,
      { data: Float32Array.of(30, 30), stride: 2, colors: Uint32Array.of(red) },
      { scale: 1, x: 0, y: 0 },
      12,
    );
    let area = 0;
    for (const p of r.pixels) area += (p >>> 24) / 255;
    expect(Math.abs(area - Math.PI * 144)).toBeLessThan(8);
    expect(r.pixels[30 * 60 + 30]).toBe(red);
    expect(r.pixels[0]).toBe(0);
  });

  it("draws later points over earlier ones, in the order asked, and leaves out color 0 and points without a place", () => {
    const points = { data: Float32Array.of(5, 5, 5, 5, NaN, 5, 15, 5), stride: 2 };
    const colors = Uint32Array.of(red, blue, red, 0);
    const a = raster();
    drawPoints(a, { ...points, colors }, { scale: 1, x: 0, y: 0 }, 3);
    expect(a.pixels[5 * 20 + 5]).toBe(blue);
    expect(a.pixels[5 * 20 + 15]).toBe(0);
    const b = raster();
    drawPoints(b, { ...points, colors, order: Uint32Array.of(1, 0, 2, 3) }, { scale: 1, x: 0, y: 0 }, 3);
    expect(b.pixels[5 * 20 + 5]).toBe(red);
  });

  it("mixes a half-covered pixel with what is below", () => {
    const r = { width: 3, height: 1, pixels: new Uint32Array(3).fill(packColor([255, 255, 255])) };
    drawPoints(
      r,
      { data: Float32Array.of(1, 0.5), stride: 2, colors: Uint32Array.of(packColor([0, 0, 0])) },
      { scale: 1, x: 0, y: 0 },
      0.5,
    );
    const gray = r.pixels[1] & 255;
    expect(gray).toBeGreaterThan(0);
    expect(gray).toBeLessThan(255);
    expect(r.pixels[1] >>> 24).toBe(255);
  });

  it("agrees with brute force on the nearest point", () => {
    const place = fc.double({ min: -50, max: 50, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(place, place), { minLength: 1, maxLength: 40 }),
        place,
        place,
        (list, x, y) => {
          const data = Float64Array.from(list.flat());
          const found = pointGrid(data, 2, list.length, 7).nearest(x, y, 20);
          const d = list.map(([a, b]) => (a - x) * (a - x) + (b - y) * (b - y));
          const best = Math.min(...d);
          if (best > 400) expect(found).toBe(-1);
          else expect(d[found]).toBe(best);
        },
      ),
    );
  });

  it("knows the pitch of a lattice", () => {
    const data = Float64Array.from({ length: 800 }, (_, k) =>
      k % 2 === 0 ? ((k / 2) % 20) * 7 : Math.floor(k / 40) * 9,
    );
    expect(typicalSpacing(data, 2, 400)).toBe(7);
    expect(typicalSpacing([1, 2], 2, 1)).toBe(Infinity);
  });

  it("sizes dots by the pitch of a lattice, and by the mean room of points that lie at random", () => {
    expect(dotRadius(10, 400 * 86.6, 400)).toBe(5);
    expect(dotRadius(5, 400 * 100, 400)).toBeCloseTo(4.2);
    expect(dotRadius(1, 400 * 100, 400)).toBe(0.85);
  });
});

describe("figures", () => {
  const names = ["</text><script>", "\"quote'", "a\u2028b", "\\u0041", "plain", "plain"];
  const figures: Record<string, Figure> = {
    histogram: histogramFigure(Float64Array.of(1, 10, 10, 250, NaN, 0), { title: "<counts>", log: true }),
    constant: histogramFigure([3, 3, 3]),
    density: densityFigure([1, 2, 3, NaN], [10, 200, 3000, 4], { log: true }),
    heatmap: heatmapFigure({
      rows: names,
      columns: names,
      values: Float64Array.from({ length: 36 }, (_, k) => k - 18),
    }),
    dots: dotPlotFigure({
      rows: names,
      columns: ["x"],
      size: [1, 2, 3, NaN, 5, 6],
      color: [0.1, 0.2, -3, 4, 5, 6],
    }),
  };

  it("draw as SVG whose words stay words and whose coordinates are short", async () => {
    for (const [name, figure] of Object.entries(figures)) {
      const svg = await renderSvg(figure);
      expect(svg, name).toMatch(/^<svg[^]*<\/svg>$/);
      expect(svg, name).not.toContain("<script");
      expect(svg, name).not.toMatch(/ d="[^"]*\.\d{3}/);
      expect(svg.length, name).toBeLessThan(40000);
      expect(await renderSvg(figure), name).toBe(svg);
    }
    expect(await renderSvg(figures["heatmap"])).toContain("&lt;/text&gt;&lt;script&gt;");
  });

  it("keep rows of equal name apart", async () => {
    const svg = await renderSvg(figures["heatmap"]);
    expect(svg.match(/>plain</g)?.length).toBe(4);
  });

  it("show themselves in a notebook", () => {
    const display = (figures["dots"] as unknown as Record<symbol, () => Record<string, unknown>>)[
      Symbol.for("Jupyter.display")
    ];
    expect(Object.keys(display())).toContain("application/vnd.vegalite.v5+json");
  });

  it("put every shown value into a bin and the rule at the median", () => {
    const spec = figures["histogram"].spec as {
      layer: { data: { values: { count?: number; x0: number }[] } }[];
    };
    expect(spec.layer[0].data.values.reduce((sum, row) => sum + (row.count ?? 0), 0)).toBe(4);
    expect(spec.layer[1].data.values[0].x0).toBe(1);
  });

  it("refuse wrong shapes, unknown options and nothing to show", () => {
    expect(() => heatmapFigure({ rows: ["a"], columns: ["b"], values: [1, 2] })).toThrow("need 1 values");
    expect(() => densityFigure([1], [1, 2])).toThrow("as many x as y");
    expect(() => histogramFigure([0], { log: true })).toThrow("no value");
    expect(() => histogramFigure([1], { color: "red" } as object)).toThrow('no option "color"');
  });
});
