import { short, whole } from "../format.ts";
import { findVariable, paint, type Variable } from "./coloring.ts";
import { readStore } from "./decode.ts";
import { byId, element, forgetThemeColors, themePixel } from "./dom.ts";
import { drawLegend } from "./legend.ts";
import { drawMaps } from "./maps.ts";
import { createView, type View, type ViewEvents } from "./view.ts";

const store = readStore();
const { payload } = store;
const { n, noun, groups, genes } = payload;

let key = payload.start;
let variable = findVariable(store, key) as Variable;
let hidden = new Set<number>();
let selected: Uint8Array | null = null;
let selectedCode = -1;
let hovered = -1;

const views: Record<string, View> = {};

function events(name: string): ViewEvents {
  return {
    hover: (i, x, y) => hover(name, i, x, y),
    pick: (i) => {
      if (i < 0) choose(null, -1);
      else if (variable.kind === "group") selectGroup(variable.codes[i]);
    },
    lasso: (inside, add) => {
      if (add && selected !== null) for (let i = 0; i < n; i++) if (selected[i] === 1) inside[i] = 1;
      choose(inside.includes(1) ? inside : null, -1);
    },
    lassoMode: () => byId<HTMLInputElement>("lasso").checked,
  };
}

if (payload.tissue !== null) {
  const { points, image, micronsPerUnit, origin } = payload.tissue;
  views["tissue"] = createView(
    byId("tissue"),
    {
      n,
      points: store.points(points),
      dots: "spacing",
      micronsPerUnit,
      ...(image === null
        ? {}
        : {
            image: {
              source: byId<HTMLImageElement>("tissue-image"),
              place: [
                image.corner[0] - origin[0],
                image.corner[1] - origin[1],
                image.width / image.scale,
                image.height / image.scale,
              ] as const,
            },
          }),
    },
    events("tissue"),
  );
}
if (payload.umap !== null)
  views["umap"] = createView(
    byId("umap"),
    { n, points: store.points(payload.umap), dots: "number" },
    events("umap"),
  );

/** Paints both views, the legend and the status line from the state. */
function show(): void {
  const painted = paint(variable, hidden, selected, themePixel("--faded"));
  for (const view of Object.values(views)) view.paint(painted);
  drawLegend(byId("legend"), variable, hidden, selectedCode, {
    toggle: (code) => {
      hidden = new Set(hidden);
      if (!hidden.delete(code)) hidden.add(code);
      show();
    },
    select: selectGroup,
    showAll: () => {
      hidden = new Set();
      show();
    },
  });
  const chosen = selected === null ? 0 : selected.reduce((sum, s) => sum + s, 0);
  byId("status").textContent =
    selected === null
      ? `${whole(n)} ${noun.many}. Click a group or a point to select; shift-drag (or Lasso) selects by hand.`
      : `${whole(chosen)} of ${whole(n)} ${noun.many} selected.`;
  byId("clear").hidden = selected === null;
}

function choose(mask: Uint8Array | null, code: number): void {
  selected = mask;
  selectedCode = code;
  show();
}

function selectGroup(code: number): void {
  if (variable.kind !== "group" || code === selectedCode) return choose(null, -1);
  const { codes } = variable;
  hidden.delete(code);
  choose(
    Uint8Array.from(codes, (c) => (c === code ? 1 : 0)),
    code,
  );
}

/** Colors the points by a group, a number or a gene. */
function colorBy(next: string): boolean {
  const found = findVariable(store, next);
  if (found === null) return false;
  key = next;
  variable = found;
  hidden = new Set();
  selectedCode = -1;
  const choices = byId<HTMLSelectElement>("color");
  const gene = key.startsWith("gene:");
  const own = byId<HTMLOptionElement>("color-gene");
  own.hidden = !gene;
  own.value = gene ? key : "";
  own.textContent = gene ? genes[Number(key.slice(5))].label : "";
  choices.value = key;
  if (!gene) byId<HTMLInputElement>("gene").value = "";
  show();
  return true;
}

const geneByName = new Map<string, number>();
genes.forEach((gene, k) => {
  for (const name of [gene.id, gene.label, gene.label.toLowerCase()])
    if (!geneByName.has(name)) geneByName.set(name, k);
});

function findGene(name: string): number {
  return geneByName.get(name) ?? geneByName.get(name.trim().toLowerCase()) ?? -1;
}

function hover(name: string, i: number, x: number, y: number): void {
  if (i !== hovered) {
    hovered = i;
    for (const [other, view] of Object.entries(views)) view.mark(other === name || i < 0 ? -1 : i);
    views[name].mark(i);
  }
  const tip = byId("tip");
  tip.hidden = i < 0;
  if (i < 0) return;
  const line = (label: string, value: string): HTMLElement[] => [
    element("dt", {}, label),
    element("dd", {}, value),
  ];
  const rows = groups.flatMap((g) => {
    const code = store.codes(g)[i];
    return line(g.label, code === 0 ? "not assigned" : g.categories[code - 1]);
  });
  if (variable.kind === "number") rows.push(...line(variable.label, short(variable.values[i])));
  if (payload.tissue !== null) {
    const { points, origin, unit } = payload.tissue;
    const xy = store.points(points);
    rows.push(
      ...line(`x, y (${unit})`, `${short(xy[2 * i] + origin[0])}, ${short(xy[2 * i + 1] + origin[1])}`),
    );
  }
  tip.replaceChildren(element("strong", {}, payload.ids[i]), element("dl", {}, ...rows));
  const host = byId(name);
  host.append(tip);
  const left = x > host.clientWidth / 2;
  const top = y > host.clientHeight / 2;
  tip.style.left = left ? "auto" : `${x + 16}px`;
  tip.style.right = left ? `${host.clientWidth - x + 16}px` : "auto";
  tip.style.top = top ? "auto" : `${y + 12}px`;
  tip.style.bottom = top ? `${host.clientHeight - y + 12}px` : "auto";
}

function wire(): void {
  byId<HTMLSelectElement>("color").addEventListener("change", (event) =>
    colorBy((event.target as HTMLSelectElement).value),
  );
  const search = byId<HTMLInputElement>("gene");
  const names = byId("gene-names");
  genes.forEach((gene) => names.append(element("option", { value: gene.label })));
  search.addEventListener("input", () => {
    const k = findGene(search.value);
    search.setCustomValidity(
      k < 0 && search.value !== "" ? "This gene is not among those in the report." : "",
    );
    if (k >= 0) colorBy(`gene:${k}`);
  });
  search.addEventListener("change", () => search.reportValidity());
  byId<HTMLInputElement>("dots").addEventListener("input", (event) => {
    for (const view of Object.values(views)) view.setDots(Number((event.target as HTMLInputElement).value));
  });
  const tissueDots = document.querySelector<HTMLElement>("#tissue .dots");
  const opacity = document.getElementById("opacity") as HTMLInputElement | null;
  const fade = (): void => {
    if (tissueDots !== null && opacity !== null) tissueDots.style.opacity = opacity.value;
  };
  opacity?.addEventListener("input", fade);
  fade();
  const image = document.getElementById("image") as HTMLInputElement | null;
  image?.addEventListener("change", () => views["tissue"].setImage(image.checked));
  byId("fit").addEventListener("click", () => Object.values(views).forEach((view) => view.fit()));
  byId("clear").addEventListener("click", () => choose(null, -1));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && selected !== null) choose(null, -1);
  });
  const recolor = (): void => {
    forgetThemeColors();
    show();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolor);
  let theme: string | undefined;
  addEventListener("beforeprint", () => {
    theme = document.documentElement.dataset["theme"];
    document.documentElement.dataset["theme"] = "light";
    recolor();
    for (const view of Object.values(views)) view.drawNow();
  });
  addEventListener("afterprint", () => {
    if (theme === undefined) delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    recolor();
  });
  byId("theme").addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).getPropertyValue("--is-dark").trim();
    document.documentElement.dataset["theme"] = dark === "1" ? "light" : "dark";
    recolor();
  });
  drawMaps(store, (next) => {
    colorBy(next);
    byId("tissue-section").scrollIntoView();
  });
  const links = [...document.querySelectorAll<HTMLAnchorElement>("nav a")];
  const reading = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const link = links.find((a) => a.hash === `#${entry.target.id}`);
        if (entry.isIntersecting) link?.setAttribute("aria-current", "true");
        else link?.removeAttribute("aria-current");
      }
    },
    { rootMargin: "-20% 0px -79% 0px" },
  );
  for (const section of document.querySelectorAll("main > section")) reading.observe(section);
}

wire();
show();

/** For scripts and checks: what the page shows, as numbers. */
Object.assign(window, {
  tissular: {
    ids: payload.ids,
    colorBy: (name: string): boolean => colorBy(name) || colorBy(`gene:${findGene(name)}`),
    select: (group: string, column: string = groups[0]?.key ?? ""): void => {
      colorBy(column);
      if (variable.kind === "group") selectGroup(variable.column.categories.indexOf(group) + 1);
    },
    clear: (): void => choose(null, -1),
    selectedCount: (view: string = "umap"): number =>
      selected === null ? 0 : (views[view]?.countOf(selected) ?? 0),
    genes: (): string[] => genes.map((gene) => gene.label),
    geneIds: (): string[] => genes.map((gene) => gene.id),
    valuesOf: (gene: string): Float32Array | null => {
      const k = findGene(gene);
      return k < 0 ? null : store.gene(genes[k]);
    },
    place: (view: string, i: number): readonly [number, number] => views[view].place(i),
    /** Milliseconds of the slowest of `frames` frames of panning. */
    frameTime: (view: string = "tissue", frames: number = 20): number => {
      let slowest = 0;
      for (let f = 0; f < frames; f++) {
        views[view].pan(f < frames / 2 ? 4 : -4, 2);
        slowest = Math.max(slowest, views[view].drawNow());
      }
      return slowest;
    },
  },
});
