import { describe, expect, it } from "vitest";
import { renderReport } from "../../src/report/index.ts";
import type { Analysis } from "../../src/pipeline/index.ts";
import type { Payload } from "../../src/report/payload.ts";
import { fabricate } from "./fabricate.ts";

const hostile = [
  "</script><img src=x onerror=alert(1)>",
  "\"' onmouseover='alert(1)",
  "<!--<script>",
  "a\u2028b\u2029c",
  "]]>&amp;",
  "${alert(1)}`",
  "\\u003cscript\\u003e",
];

function block(page: string, id: string): string {
  const found = new RegExp(`<script type="[^"]+" id="${id}">([^<]*)</script>`).exec(page);
  if (found === null) throw new Error(`no block ${id}`);
  return found[1];
}

function payloadOf(page: string): Payload {
  return JSON.parse(block(page, "payload")) as Payload;
}

/** The page without its data, style and script: what is markup. */
function markupOf(page: string): string {
  return page.replace(/<(script|style)[^>]*>[^<]*(?:<(?!\/\1>)[^<]*)*<\/\1>/g, "");
}

/** All matches with a few characters around, so that a failure is short. */
function found(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(new RegExp(pattern, `${pattern.flags}g`))].map(({ index }) =>
    text.slice(Math.max(0, index - 30), index + 50),
  );
}

/** Every value of a gene as the page's script would unpack it, straight from the format's description. */
function unpack(page: string, gene: number): Float32Array {
  const payload = payloadOf(page);
  const bytes = Uint8Array.from(atob(block(page, "arrays")), (c) => c.charCodeAt(0));
  const { values, gaps } = payload.genes[gene];
  const stored = new Float32Array(bytes.buffer, values.at, values.length);
  if (gaps === null) return stored;
  const full = new Float32Array(payload.n);
  let row = -1;
  let at = gaps.at;
  for (const value of stored) {
    let gap = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = bytes[at++];
      gap += (byte & 127) * unit;
      if (byte < 128) break;
    }
    row += gap + 1;
    full[row] = value;
  }
  expect(at - gaps.at).toBe(gaps.length);
  return full;
}

describe("renderReport", () => {
  it("makes one page that asks for nothing and whose policy names its own script and style by hash", async () => {
    const page = await renderReport(fabricate(250));
    expect(page.startsWith("<!doctype html>")).toBe(true);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? "";
    const inline = (tag: string): string => new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(page)?.[1] ?? "";
    for (const tag of ["script", "style"]) {
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(inline(tag)));
      const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
      expect(policy).toContain(`${tag}-src 'sha256-${hash}'`);
    }
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'none'");
    expect(policy).not.toContain("unsafe");
    expect(inline("script")).not.toMatch(/\beval\(|new Function|fetch\(|XMLHttpRequest|import\(/);
    const links = [...page.matchAll(/(?:src|href|xlink:href|action|srcset)\s*=\s*"([^"]*)"/g)].map(
      (m) => m[1],
    );
    for (const link of links) expect(link).toMatch(/^(#|data:)/);
    expect(inline("style")).not.toMatch(/url\(|@import/);
    expect(found(markupOf(page), / style="| on[a-z]+="/)).toEqual([]);
  });

  it("keeps names, ids, labels and titles as text, whatever they hold", async () => {
    const page = await renderReport(
      fabricate(60, { names: hostile, categories: [...hostile, "last"], title: hostile[0] }),
    );
    const markup = markupOf(page);
    expect(found(markup, /<img[^>]*onerror|<script|<!--/i)).toEqual([]);
    expect(markup).toContain("&#60;/script&#62;&#60;img src=x onerror=alert(1)&#62;");
    for (const tag of markup.match(/<[a-z][^>]*>/gi) ?? [])
      expect(tag.replace(/"[^"]*"/g, "")).not.toMatch(/onerror|onmouseover/);
    expect((page.match(/<script/g) ?? []).length).toBe(3);
    const payload = payloadOf(page);
    expect(payload.genes.map((g) => g.label)).toEqual(expect.arrayContaining(hostile));
    expect(payload.groups[0].categories.slice(0, hostile.length)).toEqual(hostile);
  });

  it("calls spots spots and cells cells", async () => {
    const spots = markupOf(await renderReport(fabricate(60, { observation: "spot" }))).replace(
      /A spot often holds more than one cell|cell area/g,
      "",
    );
    expect(spots).toContain("60 spots");
    expect(found(spots, /\bcells?\b/i)).toEqual([]);
    expect(markupOf(await renderReport(fabricate(60, { observation: "bin" })))).toContain("60 bins");
    const cells = markupOf(await renderReport(fabricate(60, { observation: "cell" })));
    expect(cells).toContain("60 cells");
    expect(found(cells, /\bspots?\b/i)).toEqual([]);
  });

  it("gives the same text for the same analysis, whatever time it took", async () => {
    const first = fabricate(120);
    const again: Analysis = { ...fabricate(120), timings: [{ step: "pca", seconds: 99, megabytes: 7 }] };
    expect((await renderReport(first)) === (await renderReport(again))).toBe(true);
  });

  it("carries the dataset's own 32-bit values", async () => {
    const analysis = fabricate(300, { genes: 40 });
    const page = await renderReport(analysis);
    const log = analysis.dataset.layers["log"];
    if (log.kind !== "sparse") throw new Error("sparse wanted");
    const { genes } = payloadOf(page);
    expect(genes.length).toBe(40);
    genes.forEach((gene, k) => {
      const column = analysis.dataset.genes.ids.indexOf(gene.id);
      const want = new Float32Array(300);
      for (let i = 0; i < 300; i++)
        for (let e = log.indptr[i]; e < log.indptr[i + 1]; e++)
          if (log.indices[e] === column) want[i] = log.data[e];
      expect(unpack(page, k)).toEqual(want);
    });
  });

  it("unpacks gaps that need several bytes", async () => {
    const n = 20000;
    const analysis = fabricate(n, { genes: 3, categories: ["0", "1"] });
    const log = analysis.dataset.layers["log"];
    if (log.kind !== "sparse") throw new Error("sparse wanted");
    const indptr = new Uint32Array(n + 1).map((_, i) => (i > 19998 ? 3 : i > 200 ? 2 : i > 2 ? 1 : 0));
    const rare = { ...log, indptr, indices: Uint32Array.of(1, 1, 1), data: Float32Array.of(0.5, 1.5, 2.5) };
    const page = await renderReport({ ...analysis, dataset: { ...analysis.dataset, layers: { log: rare } } });
    const place = payloadOf(page).genes.findIndex((g) => g.id === analysis.dataset.genes.ids.at(1));
    const values = unpack(page, place);
    expect([values[2], values[200], values[19998]]).toEqual([0.5, 1.5, 2.5]);
    expect(values.reduce((a, b) => a + b, 0)).toBe(4.5);
  });

  it("says why a part is missing and shows the rest", async () => {
    const parts = {
      umap: "umap",
      clusters: "clusters",
      enrichment: "enrichment",
      moran: "moran",
      modules: "modules",
      groupMarkers: "markers",
      interactions: "interactions",
    } as const;
    for (const [part, step] of Object.entries(parts)) {
      const whole = fabricate(60);
      const missing: Analysis = {
        ...whole,
        [part]: null,
        ...(part === "groupMarkers" ? { moduleMarkers: null } : {}),
        notes: [{ step, kind: "skipped", text: "because <this> test says so" }],
      };
      const page = await renderReport(missing);
      expect(markupOf(page), part).toContain("because &#60;this&#62; test says so");
      expect(payloadOf(page).umap === null).toBe(part === "umap");
    }
  });

  it("draws what there is without positions, clusters, counts and everything that follows from them", async () => {
    const whole = fabricate(60);
    const bare: Analysis = {
      ...whole,
      dataset: {
        ...whole.dataset,
        positions: null,
        cells: { ids: whole.dataset.cells.ids, columns: {} },
        counts: null,
        layers: { scaled: { ...whole.dataset.layers["log"], values: "scaled" } },
      },
      params: { ...whole.params, values: "scaled" },
      umap: null,
      clusters: null,
      groups: null,
      spatial: null,
      enrichment: null,
      moran: null,
      modules: null,
      groupMarkers: null,
      moduleMarkers: null,
      interactionMatch: null,
      interactions: null,
    };
    const page = await renderReport(bare);
    expect(page).toContain("the values are scaled, not counts");
    expect(payloadOf(page)).toMatchObject({ tissue: null, umap: null, groups: [], start: "gene:0" });
  });

  it("maps the modules beside their table, and marks the number that was taken", async () => {
    const analysis = fabricate(250);
    const markup = markupOf(await renderReport(analysis));
    expect(markup).toContain('data-key="module"');
    expect(markup.replace(/\s+/g, " ")).toContain(`number taken (${analysis.modules?.modules}, large dot)`);
    expect(found(markup, /data-key="gene:\d+"/).length).toBeGreaterThan(3);
  });

  it("shows the 40 largest of many groups and says so", async () => {
    const categories = Array.from({ length: 60 }, (_, g) => `kind ${g}`);
    const markup = markupOf(await renderReport(fabricate(900, { categories }))).replace(/\s+/g, " ");
    expect(markup).toMatch(/The 40 largest of 60 \S+ are shown/);
  });

  it("says how many more ligand-receptor rows there are than it shows", async () => {
    const analysis = fabricate(250);
    const rows = analysis.interactions?.score.length ?? 0;
    const markup = markupOf(await renderReport(analysis));
    const shown =
      /id="interactions"[^]*?<tbody>([^]*?)<\/tbody>/.exec(markup)?.[1].match(/<tr/g)?.length ?? 0;
    expect(shown).toBeGreaterThan(0);
    expect(rows).toBeGreaterThan(shown);
    expect(markup.replace(/\s+/g, " ")).toContain(`${rows - shown} more rows are in interactions.csv`);
  });

  it("gives no scale in micrometers where none is known", async () => {
    const whole = fabricate(60);
    const { positions } = whole.dataset;
    if (positions === null) throw new Error("positions wanted");
    const inPixels: Analysis = {
      ...whole,
      dataset: { ...whole.dataset, positions: { ...positions, unit: "px", micronsPerUnit: null } },
    };
    const page = await renderReport(inPixels);
    expect(payloadOf(page).tissue?.micronsPerUnit).toBe(null);
    expect(page).toContain("there is no scale bar");
    expect(await renderReport(whole)).not.toContain("there is no scale bar");
  });

  it("stays small: under 1 MB for 250 spots, under 15 MB for 50,000 cells", async () => {
    expect((await renderReport(fabricate(250, { genes: 300 }))).length).toBeLessThan(1e6);
    const large = await renderReport(fabricate(50000, { observation: "cell", genes: 120 }));
    expect(large.length).toBeLessThan(15e6);
    const { genes } = payloadOf(large);
    expect(genes.length).toBeGreaterThan(10);
    expect(large).toContain(`${genes.length} of 120 genes`);
  });

  it("refuses an unknown option", async () => {
    await expect(renderReport(fabricate(20), { theme: "dark" } as object)).rejects.toThrow(
      'no option "theme"',
    );
  });
});
