/** A chart as data: a Vega-Lite specification that notebooks show and `renderSvg` draws. */
export interface Figure {
  readonly kind: "figure";
  /** A complete Vega-Lite specification with its data inside. */
  readonly spec: Readonly<Record<string, unknown>>;
}

/** The colors of lines and words in figures; a page may replace them by its own. */
export const inks = { text: "#24292E", quiet: "#6A737D", rule: "#D9DEE3", bar: "#3B6EA5" } as const;

const font = "system-ui, sans-serif";

const config = {
  font,
  background: null,
  view: { stroke: null },
  aria: false,
  mark: { invalid: null },
  title: { color: inks.text, fontSize: 13, fontWeight: 600, anchor: "start", offset: 10 },
  axis: {
    labelColor: inks.quiet,
    titleColor: inks.text,
    titleFontWeight: 400,
    labelFontSize: 11,
    titleFontSize: 12,
    titlePadding: 8,
    domainColor: inks.rule,
    tickColor: inks.rule,
    gridColor: inks.rule,
    gridOpacity: 0.6,
    labelLimit: 260,
  },
  legend: {
    labelColor: inks.quiet,
    titleColor: inks.text,
    titleFontWeight: 400,
    labelFontSize: 11,
    titleFontSize: 12,
    gradientLength: 120,
    gradientThickness: 10,
    titleLimit: 220,
    labelLimit: 180,
  },
} as const;

/** Completes a specification with the house style and the notebook hook. */
export function figure(body: Readonly<Record<string, unknown>>): Figure {
  const spec = { $schema: "https://vega.github.io/schema/vega-lite/v5.json", config, ...body };
  const display = (): Record<string, unknown> => ({
    "application/vnd.vegalite.v5+json": spec,
    "text/plain": "figure",
  });
  const made: Figure = { kind: "figure", spec };
  Object.defineProperty(made, Symbol.for("Jupyter.display"), { value: display, enumerable: false });
  return made;
}

/** Keeps a number that goes into a specification to five significant digits, so that figures are small. */
export function tidy(x: number): number | null {
  return Number.isFinite(x) ? Number(x.toPrecision(5)) : null;
}

/** Round numbers (1, 2 or 5 times a power of ten) that cover [low, high] in about `count` steps. */
export function roundTicks(low: number, high: number, count: number = 5): number[] {
  if (!(high > low)) return [low];
  let step = 1;
  const want = (high - low) / count;
  while (step > want) step /= 10;
  while (step * 10 <= want) step *= 10;
  const unit = step;
  step *= want > 5 * step ? 10 : want > 2 * step ? 5 : want > step ? 2 : 1;
  const digits = Math.max(0, decimals(unit));
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step); k * step <= high * (1 + 1e-12); k++)
    ticks.push(Number((k * step).toFixed(digits)));
  return ticks;
}

function decimals(step: number): number {
  let digits = 0;
  while (step < 0.99 && digits < 12) {
    step *= 10;
    digits++;
  }
  return digits;
}
