import { SpatialError } from "../core/errors.ts";
import { type Categorical, type Column, columnLength, type Ids } from "./table.ts";

/** Polygons of any number of corners, without one object per shape. */
export interface Shapes {
  readonly kind: "shapes";
  readonly ids: Ids;
  /** length shapes + 1; shape s owns rings shapeOffsets[s] to shapeOffsets[s + 1]; the first ring is the outline, others are holes */
  readonly shapeOffsets: Uint32Array;
  /** length rings + 1; ring r owns corners ringOffsets[r] to ringOffsets[r + 1] */
  readonly ringOffsets: Uint32Array;
  /** x, y of every corner, length 2 * corners */
  readonly coordinates: Float64Array;
}

/** Molecules seen one by one: all of a sample, or a block of them (then names keep their numbers from block to block). */
export interface Transcripts {
  readonly kind: "transcripts";
  readonly length: number;
  /** what a step of 1 is: a micrometre, or a pixel of the full-resolution image */
  readonly unit: "um" | "px";
  /** micrometres per unit, or null where it is not known */
  readonly micronsPerUnit: number | null;
  /** x to the right, y down, length n each */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** depth, or the number of the plane; null where the platform has none */
  readonly z: Float64Array | null;
  /** what each transcript is of, indices into `features` */
  readonly feature: Uint32Array;
  readonly features: readonly string[];
  /** what each of `features` is: "Gene Expression", "Negative Control Probe", "Blank", ... */
  readonly featureKinds: readonly string[];
  /** how surely it was read, Phred-scaled (Xenium's qv); null where the platform does not say */
  readonly quality: Float64Array | null;
  /** the cell that the vendor put it in, -1 in none; null where the platform does not say */
  readonly cell: Categorical | null;
  /** what else there is of each, e.g. `fov`, `overlaps_nucleus` */
  readonly columns: Readonly<Record<string, Column>>;
}

/** Parts of transcripts that have no default. */
export type TranscriptParts = Partial<Transcripts> & Pick<Transcripts, "x" | "y" | "feature" | "features">;

/**
 * Transcripts over the given arrays (shared, not copied), each checked to have one value per transcript.
 *
 * @throws {SpatialError} `input`, naming the part that does not fit
 */
export function transcripts(parts: TranscriptParts): Transcripts {
  const n = parts.x.length;
  const whole: Transcripts = {
    unit: "px",
    micronsPerUnit: null,
    z: null,
    featureKinds: parts.features.map(() => "Gene Expression"),
    quality: null,
    cell: null,
    columns: {},
    ...parts,
    length: n,
    kind: "transcripts",
  };
  const check = (what: string, length: number | undefined, want: number): void => {
    if (length !== undefined && length !== want)
      throw new SpatialError("input", `${what} must have ${want} values, found ${length}.`, {
        subject: what,
      });
  };
  for (const what of ["y", "z", "feature", "quality"] as const) check(what, whole[what]?.length, n);
  check("cell", whole.cell?.codes.length, n);
  check("featureKinds", whole.featureKinds.length, whole.features.length);
  const strange = whole.feature.findIndex((f) => f >= whole.features.length);
  if (strange >= 0)
    throw new SpatialError(
      "input",
      `feature must be below ${whole.features.length}, found ${whole.feature[strange]}.`,
      { subject: "feature" },
    );
  for (const [name, column] of Object.entries(whole.columns)) check(name, columnLength(column), n);
  return whole;
}
