import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import {
  type Dense,
  type Expression,
  expression,
  inferValues,
  type Sparse,
  toSparse,
  type Values,
} from "../model/matrix.ts";
import { type Ids, idList } from "../model/table.ts";
import { namedGenes } from "./anndata-genes.ts";
import type { OwnNotes } from "./anndata-notes.ts";
import { checkSigns } from "./assemble.ts";
import { type Elements, encoding, matrixShape, readFrame, readMatrix } from "./elements.ts";
import { counted, type Draft } from "./report.ts";

export interface Matrices {
  counts: Expression<Sparse> | null;
  readonly layers: Record<string, Expression<Sparse> | Expression<Dense>>;
}

/** X and the layers: whole numbers from 0 called "counts" become the counts, X goes where its values say. */
export async function readExpression(
  file: Elements,
  values: Values | undefined,
  n: number,
  genes: Ids,
  own: OwnNotes | null,
  report: Draft,
  run: RunOptions,
): Promise<Matrices> {
  const p = genes.length;
  const found: Matrices = { counts: null, layers: {} };
  const load = async (path: string): Promise<Sparse | Dense> => {
    const [rows, cols] = matrixShape(file, path);
    if (rows !== n || cols !== p) {
      throw new SpatialError(
        "format",
        `"${path}" of ${file.name} must be ${n} x ${p}, found ${rows} x ${cols}.`,
        { subject: file.name },
      );
    }
    return readMatrix(file, path, report, run, own === null ? "narrowed" : "kept");
  };
  const packed = (x: Sparse | Dense, kind: Values): Expression<Sparse> | Expression<Dense> =>
    kind === "scaled" || x.kind === "sparse" || own !== null
      ? (expression(x, kind) as Expression<Sparse>)
      : expression(toSparse(x), kind);
  /** What our own writer noted, unless the values have plainly been changed since. */
  const noted = (name: string, inferred: Values): Values => {
    const kind = own?.values.get(name) ?? inferred;
    return kind === "counts" || inferred === "scaled" ? inferred : kind;
  };
  if (file.has("X") && !(encoding(file, "X") === "null")) {
    const x = await load("X");
    const inferred = inferValues(x);
    const name = own?.x ?? "counts";
    const kind = values ?? noted(name, inferred);
    checkSigns(kind, inferred);
    if (values !== undefined && kind !== inferred)
      report.warnings.push(`X looks like ${inferred}; it is taken as ${kind} as asked.`);
    if (kind === "counts") found.counts = packed(x, kind) as Expression<Sparse>;
    else {
      found.layers[name === "counts" ? kind : name] = packed(x, kind);
      report.found.push(`X holds ${kind} values.`);
    }
  }
  for (const key of file.isGroup("layers") ? file.keys("layers") : []) {
    const name = own?.original(key) ?? key;
    if (!isMatrix(file, `layers/${key}`)) {
      report.dropped.push({ what: `layer "${name}"`, count: 1, why: "it is no matrix of numbers" });
      continue;
    }
    const x = await load(`layers/${key}`);
    const kind = noted(name, inferValues(x));
    const isCounts = own === null ? /count|raw/i.test(name) : name === "counts";
    if (kind === "counts" && found.counts === null && isCounts) {
      found.counts = packed(x, kind) as Expression<Sparse>;
      report.found.push(`Counts from layer "${name}".`);
    } else {
      found.layers[name in found.layers ? `layer_${name}` : name] = packed(x, kind);
      report.found.push(`Layer "${name}" holds ${kind} values.`);
    }
  }
  const raw = found.counts === null ? await readRaw(file, n, genes, report, run) : null;
  if (raw !== null) {
    const kind = inferValues(raw);
    if (kind === "counts") found.counts = packed(raw, kind) as Expression<Sparse>;
    else found.layers[kind in found.layers ? "raw" : kind] = packed(raw, kind);
    report.found.push(`raw, over the same genes, holds ${kind} values.`);
  } else if (found.counts !== null && rawOf(file) !== null)
    report.dropped.push({ what: "raw", count: 1, why: "the counts are taken from X or a layer" });
  if (found.counts === null && Object.keys(found.layers).length === 0) {
    throw new SpatialError(
      "format",
      `${file.name} must hold expression values in X or a layer, found ${file.has("X") ? "an empty X" : "no X"} and no layers.`,
      { subject: file.name, hint: "It describes observations only: give the file that has the matrix." },
    );
  }
  if (found.counts === null)
    report.warnings.push("The file holds no counts: what needs counts cannot be done.");
  return found;
}

/** Whether an element says or shows that it is a matrix. */
function isMatrix(file: Elements, path: string): boolean {
  if (file.isGroup(path)) return /^cs[rc]/.test(encoding(file, path));
  const { type, shape } = file.info(path);
  return shape?.length === 2 && type !== "string" && type !== "other";
}

/** Where the matrix and the genes of `raw` stand: in a group, or (anndata before 0.7) beside X. */
export function rawOf(file: Elements): { readonly x: string; readonly genes: string } | null {
  const at = ["raw/", "raw."].find((start) => file.has(`${start}X`) && file.has(`${start}var`));
  return at === undefined ? null : { x: `${at}X`, genes: `${at}var` };
}

/** The matrix of `raw`, if it has the genes of X; else it is put aside, and the report says why. */
async function readRaw(
  file: Elements,
  n: number,
  genes: Ids,
  report: Draft,
  run: RunOptions,
): Promise<Sparse | Dense | null> {
  const raw = rawOf(file);
  if (raw === null) return null;
  const aside = (why: string): null => {
    report.dropped.push({ what: "raw", count: 1, why });
    return null;
  };
  if (!isMatrix(file, raw.x)) return aside("it is no matrix of numbers");
  const names = namedGenes(await readFrame(file, raw.genes, report)).ids;
  if (names.length !== genes.length || !idList(genes).every((id, j) => id === names.at(j)))
    return aside(`its ${counted(names.length, "gene")} are not the ${genes.length} of X`);
  const matrix = await readMatrix(file, raw.x, report, run);
  if (matrix.rows !== n || matrix.cols !== genes.length)
    return aside(`it is ${matrix.rows} x ${matrix.cols}, not ${n} x ${genes.length}`);
  return matrix;
}
