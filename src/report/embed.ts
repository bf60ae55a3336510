import { geneNames, isCategorical, type Categorical, type Column, type Image } from "../model/index.ts";
import type { Analysis } from "../pipeline/index.ts";
import { descending, topInteractions, topMarkers, topSpatialGenes } from "./choose.ts";
import { comparedMatrix, geneLabels, geneReader, valueWords, type GeneReader } from "./expression.ts";
import type { Block, GeneColumn, GroupColumn, NumberColumn, Payload } from "./payload.ts";

/** What the page needs to draw and search, with the arrays packed into one block. */
export interface Embedded {
  readonly payload: Payload;
  /** base64 of all arrays */
  readonly arrays: string;
  /** place among the payload's genes of each gene of the dataset that is embedded */
  readonly placeOf: ReadonlyMap<number, number>;
  readonly image: Image | null;
}

/** Arrays one after the other, each at a multiple of 4 bytes. */
interface Packer {
  add(values: Float32Array | Uint16Array | Uint8Array): Block;
  base64(): string;
}

function packer(): Packer {
  const parts: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  let size = 0;
  const add = (values: Float32Array | Uint16Array | Uint8Array): Block => {
    const at = size;
    parts.push({ at, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) });
    size = (at + values.byteLength + 3) & ~3;
    return { at, length: values.length };
  };
  const base64 = (): string => {
    const all = new Uint8Array(size);
    for (const part of parts) all.set(part.bytes, part.at);
    return toBase64(all);
  };
  return { add, base64 };
}

function toBase64(bytes: Uint8Array): string {
  if (globalThis.Buffer !== undefined)
    return globalThis.Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  const pieces: string[] = [];
  for (let k = 0; k < bytes.length; k += 24576)
    pieces.push(btoa(String.fromCharCode(...bytes.subarray(k, k + 24576))));
  return pieces.join("");
}

/** Bytes that gene values may take before base64. */
const GENE_BUDGET = 5_000_000;
/** Pictures above this size make the page slow to open. */
const IMAGE_LIMIT = 6_000_000;

/** Collects the page's data. Values are the dataset's own 32-bit numbers, unchanged. */
export function embed(analysis: Analysis): Embedded {
  const { dataset: ds } = analysis;
  const n = ds.cells.ids.length;
  const pack = packer();
  const image = pickImage(ds.images ?? []);
  const one = ds.observation;

  let tissue: Payload["tissue"] = null;
  if (ds.positions !== null) {
    const { data, cols, unit, micronsPerUnit } = ds.positions;
    const origin: [number, number] = [center(data, cols, 0), center(data, cols, 1)];
    const points = new Float32Array(2 * n);
    for (let i = 0; i < n; i++) {
      points[2 * i] = data[i * cols] - origin[0];
      points[2 * i + 1] = data[i * cols + 1] - origin[1];
    }
    tissue = {
      points: pack.add(points),
      origin,
      unit: { um: "\u00b5m", px: "px", array: "array steps" }[unit],
      micronsPerUnit: unit === "um" ? 1 : micronsPerUnit,
      image: image && {
        width: image.width,
        height: image.height,
        scale: image.scale,
        corner: image.origin ?? [0, 0],
      },
    };
  }

  const groups: GroupColumn[] = [];
  const numbers: NumberColumn[] = [];
  for (const [key, column] of variablesOf(analysis)) {
    const label = columnLabel(key);
    if (isCategorical(column))
      groups.push({
        key,
        label,
        categories: column.categories,
        codes: pack.add(Uint16Array.from(column.codes, (c) => c + 1)),
      });
    else numbers.push({ key, label, values: pack.add(Float32Array.from(column as Float64Array)) });
  }

  const reader = geneReader(comparedMatrix(analysis));
  const labels = geneLabels(analysis);
  const chosen = chooseGenes(analysis, reader);
  const genes = chosen.map((j) => packGene(pack, reader, j, n, labels[j], ds.genes.ids.at(j)));
  const umap =
    analysis.umap === null
      ? null
      : pack.add(twoColumns(analysis.umap.embedding.data, analysis.umap.embedding.cols));

  return {
    payload: {
      n,
      noun: { one, many: `${one}s` },
      ids: Array.from({ length: n }, (_, i) => ds.cells.ids.at(i)),
      tissue,
      umap,
      groups,
      numbers,
      genes,
      geneValues: valueWords(reader.values),
      start: groups[0]?.key ?? numbers[0]?.key ?? "gene:0",
    },
    arrays: pack.base64(),
    placeOf: new Map(chosen.map((j, k) => [j, k])),
    image,
  };
}

function center(data: ArrayLike<number>, cols: number, axis: number): number {
  let low = Infinity;
  let high = -Infinity;
  for (let k = axis; k < data.length; k += cols) {
    if (data[k] < low) low = data[k];
    if (data[k] > high) high = data[k];
  }
  return low > high ? 0 : Math.round((low + high) / 2);
}

function twoColumns(data: Float32Array | Float64Array, cols: number): Float32Array {
  const points = new Float32Array((data.length / cols) * 2);
  for (let i = 0; i < points.length / 2; i++) {
    points[2 * i] = data[i * cols];
    points[2 * i + 1] = -data[i * cols + 1];
  }
  return points;
}

/** The largest picture that is not too large; the first of equals. */
function pickImage(images: readonly Image[]): Image | null {
  return images
    .filter((image) => image.encoded.bytes.length <= IMAGE_LIMIT && image.width > 1 && image.height > 1)
    .reduce<Image | null>((best, image) => (best === null || image.width > best.width ? image : best), null);
}

/** Columns to color by: what the analysis found first, then groups the sample brought, then numbers. */
function variablesOf(analysis: Analysis): [string, Column][] {
  const columns = Object.entries(analysis.dataset.cells.columns);
  const first = [analysis.groups?.name ?? "", "cluster", "module"];
  const rank = (name: string): number => (first.includes(name) ? first.indexOf(name) : first.length);
  const groups = columns
    .filter(([name, c]) => isCategorical(c) && usable(name, c))
    .sort(([a], [b]) => rank(a) - rank(b));
  const numbers = columns.filter(([name, c]) => varies(c) && !/(^|_)(fov|index|row|col)$/i.test(name));
  const known = ["total_counts", "n_genes", "pct_mito"];
  numbers.sort(([a], [b]) => Number(known.includes(b)) - Number(known.includes(a)));
  return [...groups, ...numbers.slice(0, 8)];
}

/** Worth a color: found by the analysis, or with two groups at least; not a name per observation. */
function usable(name: string, column: Categorical): boolean {
  const groups = new Set(column.codes.filter((code) => code >= 0)).size;
  return groups > (name === "cluster" || name === "module" ? 0 : 1) && column.categories.length <= 200;
}

/** Numbers that differ. */
function varies(column: Column): boolean {
  if (!(column instanceof Float64Array) && !(column instanceof Int32Array)) return false;
  const first = column.find((v) => Number.isFinite(v));
  return first !== undefined && column.some((v) => Number.isFinite(v) && v !== first);
}

/** "total_counts" as "total counts". */
export function columnLabel(name: string): string {
  if (name === "pct_mito") return "mitochondrial counts (%)";
  return name === "n_genes" ? "genes detected" : name.replace(/_/g, " ");
}

/** Genes that the page shows come first (spatial, markers, interactions), then the rest by Moran's I, while they fit. */
function chooseGenes(analysis: Analysis, reader: GeneReader): number[] {
  const p = analysis.dataset.genes.ids.length;
  const wanted: number[] = [];
  if (analysis.moran !== null) wanted.push(...topSpatialGenes(analysis.moran, 60));
  for (const markers of [analysis.groupMarkers, analysis.moduleMarkers]) {
    if (markers !== null) wanted.push(...topMarkers(markers, 10).flat());
  }
  if (analysis.interactions !== null) {
    const result = analysis.interactions;
    const names = geneNames(analysis.dataset.genes);
    const columnOf = new Map(names.map((name, j) => [name, j]));
    for (const row of topInteractions(result).slice(0, 60)) {
      for (const side of [result.ligand, result.receptor])
        for (const name of side.categories[side.codes[row]].split("+")) {
          const j = columnOf.get(name);
          if (j !== undefined) wanted.push(j);
        }
    }
  }
  if (analysis.moran !== null) wanted.push(...descending(analysis.moran.i));
  else wanted.push(...descending(Float64Array.from({ length: p }, (_, j) => reader.stored(j))));
  for (let j = 0; j < p; j++) wanted.push(j);

  const chosen: number[] = [];
  let bytes = 0;
  for (const j of new Set(wanted)) {
    bytes += 5 * reader.stored(j) + 80;
    if (bytes > GENE_BUDGET && chosen.length > 0) break;
    chosen.push(j);
  }
  return chosen;
}

function packGene(
  pack: Packer,
  reader: GeneReader,
  j: number,
  n: number,
  label: string,
  id: string,
): GeneColumn {
  const { rows, data } = reader.read(j);
  if (rows === null) return { label, id, values: pack.add(data), gaps: null };
  if (rows.length > 0.8 * n) {
    const full = new Float32Array(n);
    rows.forEach((row, e) => (full[row] = data[e]));
    return { label, id, values: pack.add(full), gaps: null };
  }
  const bytes: number[] = [];
  let last = -1;
  for (const row of rows) {
    let gap = row - last - 1;
    for (; gap >= 128; gap = Math.floor(gap / 128)) bytes.push(128 + (gap % 128));
    bytes.push(gap);
    last = row;
  }
  return { label, id, values: pack.add(data.slice()), gaps: pack.add(Uint8Array.from(bytes)) };
}

/** A picture as a data address. */
export function dataAddress(image: Image): string {
  return `data:${image.encoded.type};base64,${toBase64(image.encoded.bytes)}`;
}
