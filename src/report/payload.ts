/** Where an array lies in the binary block: its first byte (a multiple of 4) and its number of values. */
export interface Block {
  readonly at: number;
  readonly length: number;
}

/** A grouping that points can be colored by. */
export interface GroupColumn {
  readonly key: string;
  readonly label: string;
  readonly categories: readonly string[];
  /** u16 codes: 0 missing, else category + 1 */
  readonly codes: Block;
}

/** A number per observation; f32, NaN where missing. */
export interface NumberColumn {
  readonly key: string;
  readonly label: string;
  readonly values: Block;
}

/** One gene's stored values: all n of them, or the non-zero ones and the gaps between their rows. */
export interface GeneColumn {
  readonly label: string;
  readonly id: string;
  /** f32 values; n of them where `gaps` is null */
  readonly values: Block;
  /** rows as LEB128 gaps: row = previous row + 1 + gap, starting from -1; length in bytes */
  readonly gaps: Block | null;
}

/** What the page's script is given besides the binary block. */
export interface Payload {
  readonly n: number;
  readonly noun: { readonly one: string; readonly many: string };
  readonly ids: readonly string[];
  /** f32 x, y per observation, relative to the origin given here so that f32 is fine enough */
  readonly tissue: {
    readonly points: Block;
    readonly origin: readonly [number, number];
    readonly unit: string;
    readonly micronsPerUnit: number | null;
    /** Its size in pixels, pixels per unit, and where its corner lies. */
    readonly image: {
      readonly width: number;
      readonly height: number;
      readonly scale: number;
      readonly corner: readonly [number, number];
    } | null;
  } | null;
  readonly umap: Block | null;
  readonly groups: readonly GroupColumn[];
  readonly numbers: readonly NumberColumn[];
  readonly genes: readonly GeneColumn[];
  /** What gene values are: "log1p of normalized counts", ... */
  readonly geneValues: string;
  /** The key of the column to start with. */
  readonly start: string;
}
