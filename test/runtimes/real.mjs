// Real samples through the command line. usage: real.mjs DATA_FOLDER [--browser]: also opens each report in Chromium
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const data = resolve(process.argv[2], "st");
const cli = resolve(import.meta.dirname, "../../dist/cli.js");
const folder = mkdtempSync(join(tmpdir(), "tissular-real-"));

/** Sample, what must be true of run.json's counts and which steps are skipped beyond the usual. */
const samples = [
  {
    input: "visium_dlpfc_151673",
    observation: "spot",
    observations: 3639,
    genes: 5000,
    skipped: ["variable-genes"],
  },
  { input: "visium_v1_msti_breast/outs", observation: "spot", observations: 2172, genes: 36601, skipped: [] },
  {
    input: "visium_v1_seurat",
    observation: "spot",
    observations: 2695,
    genes: 100,
    skipped: ["variable-genes", "interactions"],
  },
  {
    input: "xenium_sfe",
    observation: "cell",
    observations: 526,
    genes: 27,
    skipped: ["variable-genes", "interactions"],
  },
  {
    input: "merscope_cellbound_sfe",
    observation: "cell",
    observations: 1058,
    genes: 49,
    skipped: ["variable-genes"],
  },
  {
    input: "stlearn_bca/test_data.h5",
    observation: "spot",
    observations: 316,
    genes: 100,
    skipped: ["normalize", "variable-genes", "interactions"],
  },
];

const read = (out, name) => readFileSync(join(out, name), "utf8");
const rows = (text) => text.trimEnd().split("\n").length - 1;
let failed = false;
try {
  for (const sample of samples) {
    const out = join(folder, sample.input.replaceAll("/", "_"));
    const problems = [];
    const must = (what, found, wanted) => {
      if (found !== wanted) problems.push(`${what}: wanted ${wanted}, found ${found}`);
    };
    execFileSync(process.execPath, [cli, "analyze", join(data, sample.input), "--out", out, "--quiet"], {
      stdio: "inherit",
    });
    const run = JSON.parse(read(out, "run.json"));
    const info = JSON.parse(
      execFileSync(process.execPath, [cli, "info", join(data, sample.input), "--json"], { encoding: "utf8" }),
    );
    must("observation", info.observation, sample.observation);
    must("observations read", info.cells, sample.observations);
    must("genes read", info.genes, sample.genes);
    must("rows of cells.csv", rows(read(out, "cells.csv")), run.result.observations);
    must("rows of genes.csv", rows(read(out, "genes.csv")), run.result.genes);
    must(
      "skipped",
      run.notes
        .filter((n) => n.kind === "skipped")
        .map((n) => n.step)
        .join(),
      sample.skipped.join(),
    );
    must(
      "interactions skipped means header only",
      rows(read(out, "interactions.csv")) === 0,
      sample.skipped.includes("interactions") || rows(read(out, "interactions.csv")) === 0,
    );
    must("modules found", run.result.modules > 1, true);
    must("clusters found", run.result.clusters > 1, true);
    if (sample.observation === "spot")
      must(
        "spots called cells",
        /\bcells?\b/i.test(
          read(out, "report.html")
            .replace(/<(script|style)[\s\S]*?<\/\1>/g, "")
            .replace(/<[^>]*>/g, " ")
            .replace(/single.cells?|cells\.csv|more than one cell/gi, ""),
        ),
        false,
      );
    if (process.argv.includes("--browser")) {
      const check = join(import.meta.dirname, "browser", "report.mjs");
      const seen = spawnSync(process.execPath, [check, out], { encoding: "utf8" });
      if (seen.status !== 0) problems.push(`in Chromium: ${seen.stdout}${seen.stderr}`);
    }
    console.log(`${problems.length === 0 ? "ok" : "not ok"} - ${sample.input} ${problems.join("; ")}`);
    failed ||= problems.length > 0;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
