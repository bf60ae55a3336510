import type { RunOptions } from "../core/progress.ts";
import { dataset, type SpatialDataset } from "../model/dataset.ts";
import type { Values } from "../model/matrix.ts";
import { withColumns } from "../model/table.ts";
import { readAnndata } from "./anndata.ts";
import { assemble } from "./assemble.ts";
import { parseCoordinates } from "./coordinates.ts";
import { joinPositions } from "./positions.ts";
import type { Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { type MtxFiles, readMtx } from "./tenx.ts";
import { parseCsv } from "./text.ts";
import { clustersById } from "./vendor-clusters.ts";

/** The files of one Curio Seeker sample: raw counts and places as text, or an h5ad. */
export interface CurioFiles {
  readonly folder: string;
  readonly prefix: string;
  readonly counts: { readonly mtx: MtxFiles; readonly places: string } | { readonly h5ad: string };
  readonly clusters: string | null;
}

/** All Curio Seeker samples of a source, by what the vendor's pipeline calls its files. */
export function findCurio(source: Source): CurioFiles[] {
  const samples = new Map<string, CurioFiles>();
  for (const name of source.names) {
    const match = /^(.*\/)?([^/]*)(MoleculesPerMatchedBead\.mtx(?:\.gz)?|anndata\.h5ad)$/.exec(name);
    if (match === null) continue;
    const [folder, prefix] = [match[1] ?? "", match[2]];
    const beside = (...files: readonly string[]): string | null =>
      files
        .flatMap((f) => [f, `${f}.gz`])
        .map((f) => folder + prefix + f)
        .find((n) => source.names.includes(n)) ?? null;
    const clusters = beside("cluster_assignment.txt");
    const key = folder + prefix;
    if (match[3] === "anndata.h5ad") {
      if (clusters !== null || beside("Metrics.csv") !== null)
        samples.set(key, samples.get(key) ?? { folder, prefix, counts: { h5ad: name }, clusters });
      continue;
    }
    const [barcodes, features, places] = ["barcodes.tsv", "genes.tsv", "MatchedBeadLocation.csv"].map((f) =>
      beside(f),
    );
    if (barcodes !== null && features !== null && places !== null)
      samples.set(key, {
        folder,
        prefix,
        counts: { mtx: { matrix: name, barcodes, features }, places },
        clusters,
      });
  }
  return [...samples.values()];
}

/** Reads beads of a Curio Seeker tile: a bead is 10 um wide and is called a spot. */
export async function readCurio(
  source: Source,
  files: CurioFiles,
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  const ds =
    "h5ad" in files.counts
      ? await readAnndata(source, files.counts.h5ad, values, report, run)
      : await readBeads(source, files.counts, values, report, run);
  const beads = { ...ds, platform: "curio", observation: "spot" as const };
  return files.clusters === null ? dataset(beads) : withClusters(source, files.clusters, beads, report);
}

async function readBeads(
  source: Source,
  { mtx, places }: { readonly mtx: MtxFiles; readonly places: string },
  values: Values | undefined,
  report: Draft,
  run: RunOptions,
): Promise<SpatialDataset> {
  const vendor = await readMtx(source, mtx, report, run);
  report.files.push(places);
  const bytes = await unpacked(source, places);
  const [id, x, y] = parseCsv(bytes, places).header;
  const read = parseCoordinates(bytes, places, { id, x, y });
  return joinPositions(assemble(vendor, "spot", values, report), { ...read, ids: read.ids ?? [] }, report);
}

/** Clusters of the vendor (bead, cluster, no header) as the column `vendor_clusters`. */
async function withClusters(
  source: Source,
  name: string,
  ds: SpatialDataset,
  report: Draft,
): Promise<SpatialDataset> {
  report.files.push(name);
  const csv = parseCsv(await unpacked(source, name), name, { header: false, delimiter: "\t" });
  const clusters = clustersById(ds.cells, csv, 0, Math.min(1, csv.header.length - 1), report);
  return dataset(
    clusters === null ? ds : { ...ds, cells: withColumns(ds.cells, { vendor_clusters: clusters }) },
  );
}
