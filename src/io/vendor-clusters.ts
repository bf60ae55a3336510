import { categories, type Table, withColumns } from "../model/table.ts";
import { counted, type Draft } from "./report.ts";
import { type Source, unpacked } from "./source.ts";
import { csvStrings, parseCsv } from "./text.ts";

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
  const columns: Record<string, ReturnType<typeof categories>> = {};
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
    const labels = new Array<string>(cells.ids.length).fill("");
    const clusters = csvStrings(csv, cluster);
    let matched = 0;
    csvStrings(csv, id).forEach((barcode, r) => {
      const i = cells.ids.indexOf(barcode);
      if (i < 0) return;
      labels[i] = clusters[r];
      matched++;
    });
    report.files.push(name);
    report.joined.push(`Clusters of ${name} by id: ${matched} of ${counted(csv.rows, "row")}.`);
    if (matched > 0) columns[vendorColumn(match[1])] = categories(labels);
  }
  return Object.keys(columns).length === 0 ? cells : withColumns(cells, columns);
}

/** The column for one of the vendor's clusterings. */
export function vendorColumn(name: string): string {
  return `vendor_${name.replace(/^gene_expression_/, "")}`;
}
