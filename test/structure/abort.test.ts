import { describe, expect, it } from "vitest";
import * as annotate from "../../src/annotate/index.ts";
import * as cluster from "../../src/cluster/index.ts";
import * as communicate from "../../src/communicate/index.ts";
import { type Progress, SpatialError } from "../../src/core/index.ts";
import * as graph from "../../src/graph/index.ts";
import * as io from "../../src/io/index.ts";
import * as model from "../../src/model/index.ts";
import * as modules from "../../src/modules/index.ts";
import * as pipeline from "../../src/pipeline/index.ts";
import * as plot from "../../src/plot/index.ts";
import * as preprocess from "../../src/preprocess/index.ts";
import * as reduce from "../../src/reduce/index.ts";
import * as report from "../../src/report/index.ts";
import * as simulate from "../../src/simulate/index.ts";
import * as spatial from "../../src/spatial/index.ts";
import * as stats from "../../src/stats/index.ts";
import { calls } from "../support/calls.ts";

/** Asynchronous because something outside is (a file, a renderer), not because the work is long. */
const short = new Set([
  "hdf5Digest",
  "mapFigure",
  "openImages",
  "pathSource",
  "readSelection",
  "readText",
  "renderReport",
  "renderSvg",
  "sha256",
  "sha256Files",
  "urlSource",
  "writeArrowTable",
  "writeFile",
  "writeFolder",
  "writeParquetTable",
  "writeSimulated",
]);

const codeOf = (error: unknown): unknown => (error instanceof SpatialError ? error.code : error);

describe("long work", () => {
  it("every asynchronous verb is tried here", () => {
    const folders = [
      annotate,
      cluster,
      communicate,
      graph,
      io,
      model,
      modules,
      pipeline,
      plot,
      preprocess,
      reduce,
    ];
    const verbs = [...folders, report, simulate, spatial, stats].flatMap((folder) => Object.entries(folder));
    const asynchronous = verbs
      .filter(([, f]) => (f as object).constructor.name === "AsyncFunction")
      .map(([name]) => name);
    expect(asynchronous.filter((name) => !short.has(name)).sort()).toEqual(Object.keys(calls).sort());
  });

  it("is all stopped in the bench", async () => {
    const { verbs } = (await import("../../bench/tools/verbs.mjs" as string)) as {
      verbs: (inputs: object, files: object) => object;
    };
    expect(Object.keys(verbs({}, {})).sort()).toEqual(Object.keys(calls).sort());
  });

  describe.each(Object.keys(calls))("%s", (name) => {
    it("says how far it is: from 0 to 1, never back within a step", async () => {
      const seen: Progress[] = [];
      await calls[name]({ onProgress: (progress) => seen.push(progress) });
      for (const { fraction } of seen) expect(fraction >= 0 && fraction <= 1).toBe(true);
      for (let i = 1; i < seen.length; i++)
        if (seen[i].step === seen[i - 1].step)
          expect(seen[i].fraction).toBeGreaterThanOrEqual(seen[i - 1].fraction);
    });

    it("does not start where the signal has fired", async () => {
      let events = 0;
      const run = { signal: AbortSignal.abort(), onProgress: (): void => void events++ };
      expect(await calls[name](run).then(() => "finished", codeOf)).toBe("aborted");
      expect(events).toBe(0);
    });

    it("stops where it is when the signal fires, and nothing goes on", async () => {
      const stop = new AbortController();
      const events: Progress[] = [];
      const onProgress = (progress: Progress): void => {
        events.push(progress);
        stop.abort();
      };
      const outcome = await calls[name]({ signal: stop.signal, onProgress }).then(() => "finished", codeOf);
      const then = events.length;
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(events.length).toBe(then);
      // A step that is done in one piece has nothing left to stop.
      const onlyEnds = events.every((e) => e.fraction === 1);
      expect(outcome === "aborted" || (outcome === "finished" && onlyEnds)).toBe(true);
    });
  });
});
