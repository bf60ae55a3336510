import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import type { FeatureSet, SpatialDataset } from "../model/dataset.ts";
import type { Graph } from "../model/graph.ts";
import { expression, inferValues, toSparse } from "../model/matrix.ts";
import type { Shapes } from "../model/shapes.ts";
import { idList, ids } from "../model/table.ts";
import { OWN, type OwnNotes, restored, VALUES } from "./anndata-notes.ts";
import { type Elements, readFrame, readMatrix, readTexts } from "./elements.ts";
import {
  ARRAY,
  DICT,
  type ElementWriter,
  STRINGS,
  writeFrame,
  writeMatrix,
  writeNotes,
  writeRows,
} from "./elements-write.ts";
import { counted, type Draft } from "./report.ts";

/** Writes features of other kinds: values into obsm under their kind, what they are into the notes. */
export function writeOwnFeatures(w: ElementWriter, ds: SpatialDataset): void {
  w.group(`${OWN}/features`, DICT);
  for (const [kind, set] of Object.entries(ds.features)) {
    const at = `${OWN}/features/${w.name(kind)}`;
    writeMatrix(w, `obsm/${w.name(kind)}`, set.values);
    w.group(at, DICT);
    writeNotes(w, at, { values: set.values.values });
    writeFrame(w, `${at}/table`, set.table);
  }
}

/** What the names of a graph's two matrices in obsp begin with: nothing for the one that scanpy looks for. */
function graphBase(written: string): string {
  return written === "expression" ? "" : `${written}_`;
}

/** Writes graphs as scanpy and squidpy keep them: two matrices each in obsp. */
export function writeGraph(w: ElementWriter, name: string, graph: Graph): void {
  const { nodes: n, indptr, indices } = graph;
  const base = graphBase(w.name(name));
  writeRows(w, `obsp/${base}connectivities`, n, n, indptr, indices, graph.weights);
  writeRows(w, `obsp/${base}distances`, n, n, indptr, indices, graph.distances);
}

/** Writes outlines into the notes: their names, offsets and corners. */
export function writeOwnShapes(w: ElementWriter, shapes: SpatialDataset["shapes"]): void {
  w.group(`${OWN}/shapes`, DICT);
  for (const [name, outlines] of Object.entries(shapes ?? {})) {
    const at = `${OWN}/shapes/${w.name(name)}`;
    w.group(at, DICT);
    w.strings(`${at}/ids`, idList(outlines.ids), STRINGS);
    const offsets = (list: Uint32Array): BigInt64Array => BigInt64Array.from(list, BigInt);
    w.numbers(`${at}/shape_offsets`, offsets(outlines.shapeOffsets), ARRAY);
    w.numbers(`${at}/ring_offsets`, offsets(outlines.ringOffsets), ARRAY);
    w.numbers(`${at}/coordinates`, outlines.coordinates, ARRAY);
  }
}

/** Features of other kinds as our own writer keeps them: values in obsm, their table in its notes. */
export async function readOwnFeatures(
  file: Elements,
  own: OwnNotes,
  report: Draft,
  run: RunOptions,
): Promise<Record<string, FeatureSet>> {
  const found: Record<string, FeatureSet> = {};
  for (const key of ownFeatureKeys(file)) {
    const at = `${OWN}/features/${key}`;
    const x = await readMatrix(file, `obsm/${key}`, report, run);
    const values = x.kind === "sparse" ? x : toSparse(x);
    const [noted] = await readTexts(file, `${at}/values`);
    const kind = VALUES.find((v) => v === noted) ?? inferValues(values);
    const rows = restored(await readFrame(file, `${at}/table`, report), own);
    found[own.original(key)] = { values: expression(values, kind), table: rows };
    report.found.push(
      `${counted(rows.ids.length, "feature")} of kind "${own.original(key)}", kept apart from genes.`,
    );
  }
  return found;
}

/** Names in obsm that are features of other kinds. */
export function ownFeatureKeys(file: Elements): readonly string[] {
  return file.isGroup(`${OWN}/features`) ? file.keys(`${OWN}/features`) : [];
}

/** The graphs that our own writer put into obsp. */
export async function readOwnGraphs(
  file: Elements,
  own: OwnNotes,
  report: Draft,
  run: RunOptions,
): Promise<Record<string, Graph>> {
  const found: Record<string, Graph> = {};
  for (const key of file.isGroup(`${OWN}/graphs`) ? file.keys(`${OWN}/graphs`) : []) {
    const base = graphBase(key);
    if (!file.has(`obsp/${base}connectivities`) || !file.has(`obsp/${base}distances`)) continue;
    const x = await readMatrix(file, `obsp/${base}connectivities`, report, run);
    const distances = Float64Array.from(await file.numbers(`obsp/${base}distances/data`));
    if (x.kind !== "sparse" || x.rows !== x.cols || distances.length !== x.data.length) {
      report.dropped.push({
        what: `graph "${own.original(key)}"`,
        count: 1,
        why: "its two matrices do not fit",
      });
      continue;
    }
    const directed = (await file.numbers(`${OWN}/graphs/${key}`))[0] === 1;
    const { rows: nodes, indptr, indices, data: weights } = x;
    found[own.original(key)] = { kind: "graph", nodes, directed, indptr, indices, weights, distances };
    report.found.push(`Graph "${own.original(key)}".`);
  }
  return found;
}

/** The outlines that our own writer noted. */
export async function readOwnShapes(
  file: Elements,
  own: OwnNotes,
  report: Draft,
): Promise<Record<string, Shapes>> {
  const found: Record<string, Shapes> = {};
  for (const key of file.isGroup(`${OWN}/shapes`) ? file.keys(`${OWN}/shapes`) : []) {
    const at = `${OWN}/shapes/${key}`;
    const outlines: Shapes = {
      kind: "shapes",
      ids: ids(await readTexts(file, `${at}/ids`)),
      shapeOffsets: await file.offsets(`${at}/shape_offsets`),
      ringOffsets: await file.offsets(`${at}/ring_offsets`),
      coordinates: Float64Array.from(await file.numbers(`${at}/coordinates`)),
    };
    soundShapes(outlines, `"${at}" of ${file.name}`);
    found[own.original(key)] = outlines;
    report.found.push(`${counted(outlines.ids.length, "outline")} in "${own.original(key)}".`);
  }
  return found;
}

/** Refuses offsets of outlines that do not fit their names and corners. */
function soundShapes({ ids: names, shapeOffsets, ringOffsets, coordinates }: Shapes, subject: string): void {
  const sound = (offsets: Uint32Array, length: number, end: number): boolean =>
    offsets.length === length &&
    offsets[0] === 0 &&
    offsets[length - 1] === end &&
    offsets.every((v, k) => k === 0 || v >= offsets[k - 1]);
  const rings = ringOffsets.length - 1;
  if (!sound(shapeOffsets, names.length + 1, rings) || !sound(ringOffsets, rings + 1, coordinates.length / 2))
    throw new SpatialError("format", `The offsets of ${subject} must fit its names and corners.`, {
      subject,
    });
}
