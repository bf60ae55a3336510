import { checkOptions, runRules } from "../core/check.ts";
import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import { sumRows } from "./aggregate.ts";
import { dataset, inMemory, type SpatialDataset } from "./dataset.ts";
import { expression, transpose } from "./matrix.ts";
import { type Column, ids, isCategorical, table } from "./table.ts";

/**
 * Genes from probes: sums the probes of each gene, as Space Ranger does for its filtered matrix. Only probes that it trusts
 * (`filtered_probes`) are summed; without that column all are. Genes come in the order of their first probe, by `gene_id`.
 *
 * @param ds counts of probes, n x probes, as `readSample` reads raw_probe_bc_matrix.h5
 * @returns the same observations, n x p; layers, embeddings and graphs of probes are left out
 * @throws {SpatialError} `input` where features do not say their `gene_id`, or counts are not in memory
 *
 * Cost: linear in stored entries. Checked against h5py and numpy.
 *
 * @example
 * ```ts
 * import { dataset, expression, ids, sparse, sumProbes, table } from "tissular/model";
 * const ds = dataset({
 *   counts: expression(sparse(1, 3, Uint32Array.of(0, 3), Uint32Array.of(0, 1, 2), Float32Array.of(2, 3, 9)), "counts"),
 *   cells: table(ids(["AAAC-1"])),
 *   genes: table(ids(["ENSG1|A|1", "ENSG1|A|2", "ENSG1|A|3"]), {
 *     name: ["A", "A", "A"], gene_id: ["ENSG1", "ENSG1", "ENSG1"], filtered_probes: Uint8Array.of(1, 1, 0),
 *   }),
 * });
 * const { genes, counts } = await sumProbes(ds);
 * if (genes.ids.at(0) !== "ENSG1" || counts?.kind !== "sparse" || counts.data[0] !== 5) throw new Error("two of three probes");
 * ```
 */
export async function sumProbes(ds: SpatialDataset, run: RunOptions = {}): Promise<SpatialDataset> {
  checkOptions("sumProbes", run, runRules);
  const geneIds = textsOf(ds.genes.columns["gene_id"]);
  if (geneIds === null || ds.counts === null) {
    throw new SpatialError(
      "input",
      "sumProbes needs counts of probes whose column gene_id names their genes.",
      {
        subject: "genes",
        hint: "Read raw_probe_bc_matrix.h5.",
      },
    );
  }
  const kept = ds.genes.columns["filtered_probes"];
  const rowOf = new Map<string, number>();
  const first: number[] = [];
  const group = Int32Array.from(geneIds, (id, j) => {
    if (kept instanceof Uint8Array && kept[j] === 0) return -1;
    const row = rowOf.get(id) ?? rowOf.size;
    if (row === rowOf.size) {
      rowOf.set(id, row);
      first.push(j);
    }
    return row;
  });
  const byGene = await sumRows(transpose(inMemory(ds.counts, "sumProbes")), group, rowOf.size, run);
  const names = textsOf(ds.genes.columns["name"]);
  return dataset({
    ...ds,
    counts: expression(transpose(byGene), "counts"),
    genes: table(ids([...rowOf.keys()]), names === null ? {} : { name: first.map((j) => names[j]) }),
    layers: {},
    embeddings: {},
    graphs: {},
  });
}

function textsOf(column: Column | undefined): readonly string[] | null {
  if (column === undefined) return null;
  if (isCategorical(column)) return Array.from(column.codes, (c) => column.categories[c] ?? "");
  return Array.isArray(column) ? column : null;
}
