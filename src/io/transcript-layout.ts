import { SpatialError } from "../core/errors.ts";
import { sample } from "./report.ts";

/** Columns of numbers and of names that a reader of transcripts knows. */
export type NumberRole = "x" | "y" | "z" | "quality" | "nucleus" | "localX" | "localY";
export type NameRole = "feature" | "cell" | "fov" | "compartment";
export type Role = NumberRole | NameRole;

/** What a table of transcripts is: whose, where its columns are, in what they are measured. */
export interface TranscriptLayout {
  readonly platform: string;
  /** Which column of the table holds what. */
  readonly columns: Readonly<Partial<Record<Role, string>>>;
  readonly unit: "um" | "px";
  readonly micronsPerUnit: number | null;
  /** Are cells numbered within their field of view? */
  readonly byField: boolean;
}

type Candidates = Readonly<Partial<Record<Role, readonly string[]>>> &
  Readonly<Record<"x" | "y" | "feature", readonly string[]>>;

/** Names of columns in lower case; the first layout of which x, y and the feature are there holds. */
const LAYOUTS: readonly (readonly [platform: string, unit: "um" | "px", Candidates])[] = [
  [
    "xenium",
    "um",
    {
      x: ["x_location"],
      y: ["y_location"],
      z: ["z_location"],
      feature: ["feature_name"],
      quality: ["qv"],
      cell: ["cell_id"],
      fov: ["fov_name"],
      nucleus: ["overlaps_nucleus"],
    },
  ],
  [
    "cosmx",
    "px",
    {
      x: ["x_global_px"],
      y: ["y_global_px"],
      z: ["z"],
      feature: ["target"],
      cell: ["cell_id"],
      fov: ["fov"],
      compartment: ["cellcomp"],
      localX: ["x_local_px"],
      localY: ["y_local_px"],
    },
  ],
  [
    "merscope",
    "um",
    {
      x: ["global_x"],
      y: ["global_y"],
      z: ["global_z"],
      feature: ["gene"],
      cell: ["cell_id"],
      fov: ["fov"],
    },
  ],
  [
    "table",
    "px",
    {
      x: ["x"],
      y: ["y"],
      z: ["z"],
      feature: ["feature_name", "gene", "target", "name"],
      quality: ["qv"],
      cell: ["cell_id", "cell"],
      fov: ["fov_name", "fov"],
      nucleus: ["overlaps_nucleus"],
    },
  ],
];

/**
 * Which columns of a table hold what, by their names; `keys` says which it is where a store says it.
 *
 * @throws {SpatialError} `format` where they are no transcripts
 */
export function transcriptLayout(
  header: readonly string[],
  subject: string,
  keys: Readonly<Partial<Record<Role, string>>> = {},
): TranscriptLayout {
  const lower = header.map((name) => name.trim().toLowerCase());
  for (const [platform, unit, candidates] of LAYOUTS) {
    const columns: Partial<Record<Role, string>> = {};
    for (const [role, names] of Object.entries(candidates) as [Role, readonly string[]][]) {
      const own = keys[role];
      const at =
        own === undefined ? names.map((n) => lower.indexOf(n)).find((j) => j >= 0) : header.indexOf(own);
      if (at !== undefined && at >= 0) columns[role] = header[at];
    }
    if (columns.x === undefined || columns.y === undefined || columns.feature === undefined) continue;
    const byField = platform === "cosmx" && columns.fov !== undefined && columns.cell !== undefined;
    return {
      platform: platform === "table" && /transcriptlist/i.test(subject) ? "seqfish" : platform,
      columns,
      unit,
      micronsPerUnit: unit === "um" ? 1 : null,
      byField,
    };
  }
  throw new SpatialError(
    "format",
    `${subject} must have columns for x, y and the gene of each transcript, found ${sample(header, 12)}.`,
    {
      subject,
      hint: "Read are x_location, y_location, feature_name (Xenium), global_x, global_y, gene (MERSCOPE), x_global_px, y_global_px, target (CosMx) and x, y, gene or name.",
    },
  );
}

const NOWHERE: ReadonlySet<string> = new Set(["", "0", "-1", "UNASSIGNED", "NA", "NaN", "nan", "None"]);

/** Does the name of a cell stand for none? */
export function isNoCell(name: string): boolean {
  return NOWHERE.has(name);
}
