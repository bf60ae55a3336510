import { type Categorical, categories, type Table, withColumns } from "../model/table.ts";
import { counted, type Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { type Csv, csvStrings, parseCsv } from "./text.ts";

/**
 * Adds the clusterings that the vendor's software made (analysis/clustering/<name>/clusters.csv in the sample's
 * folder) as columns `vendor_<name>`; observations without a cluster are missing.
 */
export async function withVendorClusters(
  source: Source,
  folder: string,
  cells: Table,
  report: Draft,
): Promise<Table> {
  const columns: Record<string, Categorical> = {};
  for (const name of source.names) {
    if (!name.startsWith(folder)) continue;
    const match = /^analysis\/clustering\/([^/]+)\/clusters\.csv(\.gz)?$/.exec(name.slice(folder.length));
    if (match === null) continue;
    const csv = parseCsv(await unpacked(source, name), name);
    const lower = csv.header.map((h) => h.trim().toLowerCase());
    const [id, cluster] = [lower.indexOf("barcode"), lower.indexOf("cluster")];
    if (id < 0 || cluster < 0) {
      report.warnings.push(`${name} has no columns Barcode and Cluster; it was not read.`);
      continue;
    }
    report.files.push(name);
    const labels = clustersById(cells, csv, id, cluster, report);
    if (labels !== null) columns[vendorColumn(match[1])] = labels;
  }
  return Object.keys(columns).length === 0 ? cells : withColumns(cells, columns);
}

/** The column for one of the vendor's clusterings. */
export function vendorColumn(name: string): string {
  return `vendor_${name.replace(/^gene_expression_/, "")}`;
}

/** The clusters of observations from a table that names both, by its columns; null where none is named. */
export function clustersById(
  cells: Table,
  csv: Csv,
  id: number,
  cluster: number,
  report: Draft,
): Categorical | null {
  const labels = new Array<string>(cells.ids.length).fill("");
  const clusters = csvStrings(csv, cluster);
  let matched = 0;
  csvStrings(csv, id).forEach((name, r) => {
    const i = cells.ids.indexOf(name);
    if (i < 0) return;
    labels[i] = clusters[r];
    matched++;
  });
  report.joined.push(`Clusters of ${csv.subject} by id: ${matched} of ${counted(csv.rows, "row")}.`);
  return matched === 0 ? null : categories(labels);
}
