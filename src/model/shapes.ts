import type { Column, Ids } from "./table.ts";

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

/** Molecules seen one by one. */
export interface Transcripts {
  readonly kind: "transcripts";
  readonly length: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array | null;
  /** gene of each transcript, index into `features` */
  readonly feature: Uint32Array;
  readonly features: readonly string[];
  readonly columns: Readonly<Record<string, Column>>;
}
