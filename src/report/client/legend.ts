import { categoricalColors, missingColor, sequentialStops } from "../../plot/palettes.ts";
import { short, whole } from "../format.ts";
import type { Variable } from "./coloring.ts";
import { element } from "./dom.ts";

export interface LegendEvents {
  readonly toggle: (code: number) => void;
  readonly select: (code: number) => void;
  readonly showAll: () => void;
}

/** Shows what the colors mean: groups as rows that can be hidden and selected, numbers as a ramp. */
export function drawLegend(
  host: HTMLElement,
  variable: Variable,
  hidden: ReadonlySet<number>,
  selectedCode: number,
  events: LegendEvents,
): void {
  const focused =
    document.activeElement instanceof HTMLElement ? document.activeElement.dataset["legend"] : undefined;
  const title = element("h3", {}, variable.label);
  host.replaceChildren(title, ...(variable.kind === "group" ? groupRows() : ramp(variable)));
  if (focused !== undefined) host.querySelector<HTMLElement>(`[data-legend="${focused}"]`)?.focus();

  function groupRows(): HTMLElement[] {
    if (variable.kind !== "group") return [];
    const { categories } = variable.column;
    const sizes = new Uint32Array(categories.length + 1);
    for (const code of variable.codes) sizes[code]++;
    const colors = [missingColor, ...categoricalColors(categories.length)];
    const row = (code: number): HTMLElement => {
      const name = code === 0 ? "not assigned" : categories[code - 1];
      const swatch = element("button", {
        type: "button",
        class: "swatch",
        "data-legend": `s${code}`,
        "aria-pressed": String(!hidden.has(code)),
        "aria-label": `Show ${name}`,
        title: hidden.has(code) ? "Show" : "Hide",
      });
      swatch.style.setProperty("--swatch", colors[code]);
      swatch.addEventListener("click", () => events.toggle(code));
      const pick = element(
        "button",
        {
          type: "button",
          class: "group",
          "data-legend": `g${code}`,
          "data-group": name,
          "aria-pressed": String(selectedCode === code),
          title: `Select ${name} in both views`,
        },
        element("span", { class: "name" }, name),
        element("span", { class: "size" }, whole(sizes[code])),
      );
      pick.addEventListener("click", () => events.select(code));
      return element("li", { class: hidden.has(code) ? "off" : "" }, swatch, pick);
    };
    const codes = categories.map((_, k) => k + 1);
    const rows = [...codes, 0].filter((code) => sizes[code] > 0).map(row);
    const all = element("button", { type: "button", class: "text" }, "Show all");
    all.addEventListener("click", events.showAll);
    return [element("ul", { class: "groups" }, ...rows), ...(hidden.size > 0 ? [all] : [])];
  }
}

/** The colors of a number from low to high, with the values at the ends and (in the legend) the middle. */
export function rampScale(variable: Variable, middle: boolean = false): HTMLElement[] {
  if (variable.kind !== "number") return [];
  const bar = element("span", { class: "ramp", role: "img", "aria-label": "color scale from low to high" });
  bar.style.background = `linear-gradient(to right, ${sequentialStops.join(", ")})`;
  const labels = element(
    "span",
    { class: "ramp-labels" },
    element("span", {}, short(variable.low)),
    ...(middle ? [element("span", {}, short((variable.low + variable.high) / 2))] : []),
    element("span", {}, (variable.clipped ? "\u2265 " : "") + short(variable.high)),
  );
  return [bar, labels];
}

function ramp(variable: Variable): HTMLElement[] {
  if (variable.kind !== "number") return [];
  let missing = 0;
  for (const v of variable.values) if (v !== v) missing++;
  return [
    ...rampScale(variable, true),
    ...(variable.clipped
      ? [element("p", { class: "small" }, "The top 1 % of non-zero values share the last color.")]
      : []),
    ...(missing > 0 ? [element("p", { class: "small" }, `${whole(missing)} missing, in gray.`)] : []),
  ];
}
