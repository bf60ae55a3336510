// Opens a built report in Chromium and checks what it shows against the tables beside it.
// node test/runtimes/browser/report.mjs FOLDER   (FOLDER holds report.html and cells.csv; CHROMIUM may name the browser)
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const folder = process.argv[2];
if (folder === undefined || !existsSync(join(folder, "report.html"))) {
  console.error("usage: node test/runtimes/browser/report.mjs FOLDER (with report.html)");
  process.exit(2);
}

let failures = 0;
function check(what, holds, found = "") {
  console.log(`${holds ? "ok" : "not ok"} - ${what}${holds || found === "" ? "" : `: ${found}`}`);
  if (!holds) failures++;
}

/** Rows of a CSV file as objects; quoted fields may hold commas and quotes. */
function readCsv(path) {
  const rows = [];
  let row = [];
  let field = "";
  let quoted = false;
  const text = readFileSync(path, "utf8");
  for (let k = 0; k < text.length; k++) {
    const c = text[k];
    if (quoted) {
      if (c === '"' && text[k + 1] === '"') field += text[++k];
      else if (c === '"') quoted = false;
      else field += c;
    } else if (c === '"') quoted = true;
    else if (c === ",") {
      row.push(field);
      field = "";
    } else if (c === "\n") {
      rows.push([...row, field.replace(/\r$/, "")]);
      row = [];
      field = "";
    } else field += c;
  }
  const [names, ...values] = rows;
  return values.map((v) => Object.fromEntries(names.map((name, j) => [name, v[j]])));
}

/** The sparse X of an h5ad file, a gene at a time; null where there is no such file or X is not sparse. */
async function readExpression(path) {
  if (!existsSync(path)) return null;
  const h5wasm = await import("h5wasm/node");
  await h5wasm.ready;
  const file = new h5wasm.File(resolve(path), "r");
  const x = file.get("X");
  if (x.attrs["encoding-type"]?.value !== "csr_matrix") {
    file.close();
    return null;
  }
  const [data, indices, indptr] = ["data", "indices", "indptr"].map((key) =>
    Array.from(x.get(key).value, Number),
  );
  const ids = file.get(`var/${file.get("var").attrs["_index"].value}`).value;
  file.close();
  const pick = (wanted, count) =>
    wanted
      .filter((_, k) => k % Math.ceil(wanted.length / count) === 0)
      .map((id) => {
        const column = ids.indexOf(id);
        const values = new Float32Array(indptr.length - 1);
        for (let i = 0; i < values.length; i++)
          for (let e = indptr[i]; e < indptr[i + 1]; e++) if (indices[e] === column) values[i] = data[e];
        return { id, values };
      });
  return { pick };
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  const complaints = [];
  const requests = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  const address = pathToFileURL(resolve(folder, "report.html")).href;
  page.on("request", (request) => {
    if (request.url() !== address && !/^(data|blob):/.test(request.url())) requests.push(request.url());
  });
  await page.goto(address);
  await page.waitForFunction(() => window.tissular !== undefined);
  const views = await page.evaluate(() => ["tissue", "umap"].filter((id) => document.getElementById(id)));
  const cells = existsSync(join(folder, "cells.csv")) ? readCsv(join(folder, "cells.csv")) : [];

  // A click on each cluster in the legend selects as many points as the table has.
  const clusters = [...new Set(cells.map((row) => row.cluster).filter((name) => name))];
  if (clusters.length > 0) {
    await page.selectOption("#color", "cluster");
    const wrong = [];
    for (const cluster of clusters) {
      await page
        .locator("#legend button.group")
        .filter({ has: page.getByText(cluster, { exact: true }) })
        .first()
        .click();
      const want = cells.filter((row) => row.cluster === cluster).length;
      for (const view of views) {
        const got = await page.evaluate((name) => window.tissular.selectedCount(name), view);
        if (got !== want) wrong.push(`${view}, cluster ${cluster}: ${got} selected, ${want} in cells.csv`);
      }
    }
    check(
      `clicking a cluster selects its ${clusters.length} groups in ${views.join(" and ")}`,
      wrong.length === 0,
      wrong[0],
    );
    await page.keyboard.press("Escape");
    check("Escape clears the selection", (await page.evaluate(() => window.tissular.selectedCount())) === 0);
  }

  for (const view of views) {
    // A click on a point selects the point's group in every view.
    if (clusters.length > 0) {
      await page.locator(`#${view}`).scrollIntoViewIfNeeded();
      const box = await page.locator(`#${view}`).boundingBox();
      const [x, y] = await page.evaluate((name) => window.tissular.place(name, 0), view);
      await page.mouse.move(box.x + x, box.y + y);
      await page.waitForTimeout(50);
      check(`hovering a point in ${view} names it`, await page.locator("#tip strong").isVisible());
      await page.mouse.click(box.x + x, box.y + y);
      const counts = await page.evaluate(
        (names) => names.map((name) => window.tissular.selectedCount(name)),
        views,
      );
      check(
        `clicking a point in ${view} selects its cluster everywhere`,
        counts[0] > 0 && new Set(counts).size === 1,
        counts.join(),
      );
      await page.evaluate(() => window.tissular.clear());
    }
    const before = await page.evaluate((name) => window.tissular.place(name, 0), view);
    await page.locator(`#${view}`).hover();
    await page.mouse.wheel(0, -300);
    await page.waitForTimeout(50);
    const after = await page.evaluate((name) => window.tissular.place(name, 0), view);
    check(`the wheel zooms ${view}`, before[0] !== after[0] || before[1] !== after[1]);
    await page.click("#fit");
    await page.evaluate((name) => window.tissular.frameTime(name, 10), view);
    const times = [];
    for (let round = 0; round < 3; round++)
      times.push(await page.evaluate((name) => window.tissular.frameTime(name, 20), view));
    const best = Math.min(...times);
    check(
      `a frame of panning ${view} takes under 50 ms (slowest of 20: ${best.toFixed(1)} ms)`,
      best < 50,
      `${best.toFixed(1)} ms`,
    );
  }

  const genes = await page.evaluate(() => window.tissular.genes());
  check("genes are in the page", genes.length > 0);
  const lengths = await page.evaluate(
    (names) => names.map((name) => window.tissular.valuesOf(name)?.length ?? -1),
    genes.slice(0, 20),
  );
  if (cells.length > 0)
    check(
      "a gene has a value for every row of cells.csv",
      lengths.every((l) => l === cells.length),
      lengths.join(),
    );
  const stored = await readExpression(join(folder, "result.h5ad"));
  if (stored !== null) {
    const different = [];
    for (const { id, values } of stored.pick(await page.evaluate(() => window.tissular.geneIds()), 40)) {
      const shown = await page.evaluate((gene) => Array.from(window.tissular.valuesOf(gene)), id);
      if (shown.length !== values.length || !values.every((v, i) => v === shown[i])) different.push(id);
    }
    check("the values of 40 genes equal those in result.h5ad", different.length === 0, different.join());
  }
  await page.fill("#gene", genes[0]);
  check(
    "searching a gene colors by it",
    await page.evaluate((g) => document.getElementById("legend").textContent.includes(g), genes[0]),
  );

  for (const scheme of ["light", "dark"]) {
    for (const width of [1400, 380]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      await page.waitForTimeout(150);
      const over = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      check(`the page fits ${width} pixels (${scheme})`, over <= 0, `${over} pixels too wide`);
    }
  }
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  for (let y = 0; y < height; y += 700) {
    await page.evaluate((top) => window.scrollTo({ top, behavior: "instant" }), y);
    await page.waitForTimeout(20);
  }
  check("no console error or warning", complaints.length === 0, complaints[0]);
  check("no request", requests.length === 0, requests[0]);
} finally {
  await browser.close();
}
process.exit(failures === 0 ? 0 : 1);
