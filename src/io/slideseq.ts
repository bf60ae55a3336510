import type { Coordinates } from "./coordinates.ts";

/** Micrometres per pixel of the pucks as published (Slide-seq, Slide-seqV2). */
const PIXEL = 0.65;

/** Is it, by its header, a table of bead locations: barcodes, xcoord, ycoord? */
export function isSlideseq(header: readonly string[]): boolean {
  const lower = header.map((h) => h.trim().toLowerCase());
  return lower.includes("xcoord") && lower.includes("ycoord");
}

/** Bead locations with their scale; a bead is 10 um wide and is called a spot, since it may hold parts of several cells. */
export function slideseqPlaces(places: Coordinates): Coordinates {
  return { ...places, unit: "px", micronsPerUnit: PIXEL };
}
