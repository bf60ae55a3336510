import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import { parseCoordinates } from "./coordinates.ts";
import { isGem } from "./gem.ts";
import { isSpotfile, isSpotName, readLegacySt } from "./legacy-st.ts";
import { isMerfishTable, readMerfishTable } from "./merfish-table.ts";
import type { Draft } from "./report.ts";
import { isSlideseq, slideseqPlaces } from "./slideseq.ts";
import { type Source, unpacked } from "./source.ts";
import { readTables } from "./table.ts";
import { isTextName, type TextShape, textShape } from "./text-shape.ts";

/** A sample kept as tables of text. */
export interface TableSample {
  readonly platform: "merfish" | "st" | "slide-seq" | "stereo-seq" | "table";
  readonly counts: string;
  /** Its table of coordinates; null where there is none, or none is needed. */
  readonly places: string | null;
}

/** Tables of other layouts, which are never a sample of their own. */
const PARTS =
  /(fov_positions|tx|exprMat|metadata)_file|cell_(metadata|by_gene)|detected_transcripts|tissue_positions|(^|\/)(barcodes|features|genes|cells|transcripts|\w+_boundaries)\.(tsv|csv)/i;
/** How many files of a folder are looked at. */
const MOST = 200;

/** All samples kept as tables of text, and the tables that are half of one. */
export async function findTables(
  source: Source,
): Promise<{ readonly samples: readonly TableSample[]; readonly alone: readonly TextShape[] }> {
  const only = source.names.length === 1 ? source.names[0] : null;
  if (only !== null && !isTextName(only)) return { samples: [], alone: [] };
  const near = only === null ? [] : (source.nearby?.() ?? []).filter((name) => name !== only);
  const shapes: TextShape[] = [];
  for (const name of [...source.names, ...near]
    .filter((n) => isTextName(n) && !PARTS.test(n))
    .slice(0, MOST)) {
    const shape = await textShape(source, name);
    if (shape !== null) shapes.push(shape);
  }
  const places = shapes.filter((s) => s.kind === "coordinates" && !isGem(s.first));
  const matrices = shapes.filter((s) => s.kind === "matrix");
  const pairs = shapes.flatMap((shape): TableSample[] => {
    if (isGem(shape.first)) return [{ platform: "stereo-seq", counts: shape.name, places: null }];
    if (isMerfishTable(shape.first)) return [{ platform: "merfish", counts: shape.name, places: null }];
    if (shape.kind !== "matrix") return [];
    const isSt = isSpotName(shape.row);
    const fit = places.filter((p) => isSpotfile(p.first) === isSt && !isMerfishTable(p.first));
    const partner = nearest(shape, fit, matrices);
    if (isSt) return [{ platform: "st", counts: shape.name, places: partner?.name ?? null }];
    if (partner === null && shape.name !== only) return [];
    const platform = partner !== null && isSlideseq(partner.first) ? "slide-seq" : "table";
    return [{ platform, counts: shape.name, places: partner?.name ?? null }];
  });
  const samples = only === null ? pairs : pairs.filter((s) => s.counts === only || s.places === only);
  const used = new Set(samples.flatMap((s) => [s.counts, s.places]));
  const alone = shapes.filter(
    (s) => s.kind !== "other" && source.names.includes(s.name) && !used.has(s.name),
  );
  return { samples, alone };
}

/** The table of coordinates that belongs to a matrix: the one whose name is most alike, or the only one there is. */
function nearest(
  matrix: TextShape,
  places: readonly TextShape[],
  matrices: readonly TextShape[],
): TextShape | null {
  const alike = places.map((p) => likeness(matrix.name, p.name));
  const best = alike.reduce((m, v) => (v > m ? v : m), 0);
  const closest = places.filter((_, k) => alike[k] === best);
  if (best > 0 && closest.length === 1) return closest[0];
  return places.length === 1 && matrices.length === 1 ? places[0] : null;
}

const folderOf = (name: string): string => name.slice(0, name.lastIndexOf("/") + 1);

/** How many words the names of two files share, counting from the first; the same folder decides between equals. */
function likeness(a: string, b: string): number {
  const words = (name: string): string[] =>
    name
      .slice(folderOf(name).length)
      .replace(/\.(csv|tsv|txt|tab)(\.gz)?$/i, "")
      .toLowerCase()
      .split(/[^a-z0-9.]+/);
  const [left, right] = [words(a), words(b)];
  let shared = 0;
  while (shared < left.length && shared < right.length && left[shared] === right[shared]) shared++;
  return shared === 0 ? 0 : shared + (folderOf(a) === folderOf(b) ? 0.5 : 0);
}

/** Reads one of them; `given` replaces its table of coordinates. */
export async function readTableSample(
  source: Source,
  found: TableSample,
  given: { readonly name: string; readonly bytes: Uint8Array } | null,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  const { platform, counts } = found;
  if (platform === "merfish") return readMerfishTable(source, counts, values, report, run);
  const places =
    given ??
    (found.places === null ? null : { name: found.places, bytes: await unpacked(source, found.places) });
  if (platform === "st") return readLegacySt(source, counts, places, values, report, run);
  if (places === null) {
    throw new SpatialError(
      "not-found",
      `${counts} is a table of values, but no table of coordinates lies beside it.`,
      {
        subject: counts,
        hint: "Give one with ids, x and y as positions (--positions).",
      },
    );
  }
  report.files.push(counts, places.name);
  const read = parseCoordinates(places.bytes, places.name);
  const isBeads = platform === "slide-seq";
  const layout = { orientation: "auto", observation: isBeads ? "spot" : "cell", values } as const;
  const ds = await readTables(
    await unpacked(source, counts),
    counts,
    isBeads ? slideseqPlaces(read) : read,
    layout,
    report,
    run,
  );
  return dataset({ ...ds, platform });
}
