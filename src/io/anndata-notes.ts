import type { RunOptions } from "../core/progress.ts";
import type { FeatureSet, Positions, SpatialDataset } from "../model/dataset.ts";
import { expression, inferValues, toSparse } from "../model/matrix.ts";
import { ids, table } from "../model/table.ts";
import { type Elements, readMatrix } from "./elements.ts";
import { counted, type Draft } from "./report.ts";

/** What our own writer noted, so that a file reads back as the same kind of sample. */
export async function ownNotes(file: Elements): Promise<{
  readonly platform: string | undefined;
  readonly observation: SpatialDataset["observation"] | undefined;
  readonly unit: Positions["unit"] | undefined;
  readonly microns: number | null;
}> {
  const text = async (key: string): Promise<string | undefined> =>
    file.has(`uns/tissular/${key}`) ? (await file.strings(`uns/tissular/${key}`))[0] : undefined;
  const microns = "uns/tissular/microns_per_unit";
  return {
    platform: await text("platform"),
    observation: (await text("observation")) as SpatialDataset["observation"] | undefined,
    unit: (await text("unit")) as Positions["unit"] | undefined,
    microns: file.has(microns) ? (await file.numbers(microns))[0] : null,
  };
}

export const OWN_FEATURES = "uns/tissular/features";

/** Features of other kinds as our own writer keeps them: values in obsm, names in its notes. */
export async function ownFeatures(
  file: Elements,
  report: Draft,
  run: RunOptions,
): Promise<Record<string, FeatureSet>> {
  const found: Record<string, FeatureSet> = {};
  for (const kind of file.has(OWN_FEATURES) ? file.keys(OWN_FEATURES) : []) {
    const x = await readMatrix(file, `obsm/${kind}`, report, run);
    const values = x.kind === "sparse" ? x : toSparse(x);
    const rows = ids(await file.strings(`${OWN_FEATURES}/${kind}/ids`));
    found[kind] = {
      values: expression(values, inferValues(values)),
      table: table(rows, { name: await file.strings(`${OWN_FEATURES}/${kind}/names`) }),
    };
    report.found.push(`${counted(rows.length, "feature")} of kind "${kind}", kept apart from genes.`);
  }
  return found;
}
