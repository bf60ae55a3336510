import { SpatialError } from "../core/errors.ts";
import type { RunOptions } from "../core/progress.ts";
import type { Sparse } from "../model/matrix.ts";
import { ids, table } from "../model/table.ts";
import { checkUnique, featureKinds, featureTable } from "./assemble.ts";
import type { H5File } from "./hdf5.ts";
import { type Draft, grouped } from "./report.ts";
import { compressedRows, type Head, type StoredRows, TURNED } from "./row-blocks.ts";
import { genomeNames, genomes, readV2, requireTenx, tenxNames, type TenxNames } from "./tenx.ts";

/** The matrix of a 10x file of either schema and what it says of cells and genes. */
export async function tenxRows(file: H5File, report: Draft, run: RunOptions): Promise<Head> {
  if (requireTenx(file) === "v3") {
    const [cols, rows] = file.offsets("matrix/shape");
    const names = tenxNames(file, rows, cols, report);
    return headOf(names, await compressedRows(file, "matrix", rows, cols));
  }
  const groups = genomes(file);
  if (groups.length > 1) return joined(file, groups, report, run);
  const names = genomeNames(file);
  return headOf(names, await compressedRows(file, groups[0], names.cellIds.length, names.featureIds.length));
}

/** Several genomes: their matrices are put side by side in memory. */
async function joined(
  file: H5File,
  groups: readonly string[],
  report: Draft,
  run: RunOptions,
): Promise<Head> {
  const entries = groups.reduce((sum, g) => sum + file.info(`${g}/data`).length, 0);
  if (entries > TURNED) {
    throw new SpatialError(
      "memory",
      `${file.name} has ${groups.length} genomes with ${grouped(entries)} entries; up to ${grouped(TURNED)} are joined in memory.`,
      { subject: file.name, hint: "Write one matrix of them as h5ad (scanpy.read_10x_h5 reads one genome)." },
    );
  }
  const { matrix, ...names } = await readV2(file, report, run);
  return headOf(names, matrix);
}

function headOf(names: TenxNames, matrix: StoredRows | Sparse): Head {
  checkUnique(names.cellIds, names.subject, "cell");
  const { kinds, geneKind, columnsOf } = featureKinds(names.featureKinds);
  return {
    platform: "10x-h5",
    matrix,
    cells: table(ids(names.cellIds), names.cellColumns),
    features: featureTable(
      names,
      Uint32Array.from(names.featureIds, (_, j) => j),
    ),
    geneRows: kinds.length === 1 ? null : columnsOf(geneKind),
  };
}
