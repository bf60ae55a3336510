import type { Block, GeneColumn, GroupColumn, NumberColumn, Payload } from "../payload.ts";

/** The data of the page: columns are unpacked when first asked for. */
export interface Store {
  readonly payload: Payload;
  points(block: Block): Float32Array;
  codes(column: GroupColumn): Uint16Array;
  numbers(column: NumberColumn): Float32Array;
  gene(column: GeneColumn): Float32Array;
}

/** Reads the two data blocks of the page. */
export function readStore(): Store {
  const text = (id: string): string => document.getElementById(id)?.textContent ?? "";
  const payload = JSON.parse(text("payload")) as Payload;
  const binary = atob(text("arrays"));
  const bytes = new Uint8Array(binary.length);
  for (let k = 0; k < binary.length; k++) bytes[k] = binary.charCodeAt(k);
  const { buffer } = bytes;
  const floats = (block: Block): Float32Array => new Float32Array(buffer, block.at, block.length);

  const unpacked = new Map<GeneColumn, Float32Array>();
  const gene = (column: GeneColumn): Float32Array => {
    const known = unpacked.get(column);
    if (known !== undefined) return known;
    const values = floats(column.values);
    const full = column.gaps === null ? values : new Float32Array(payload.n);
    if (column.gaps !== null) {
      let at = column.gaps.at;
      let row = -1;
      for (const value of values) {
        let gap = 0;
        let unit = 1;
        while (bytes[at] >= 128) {
          gap += (bytes[at++] - 128) * unit;
          unit *= 128;
        }
        gap += bytes[at++] * unit;
        row += 1 + gap;
        full[row] = value;
      }
    }
    unpacked.set(column, full);
    return full;
  };
  return {
    payload,
    points: floats,
    codes: (column) => new Uint16Array(buffer, column.codes.at, column.codes.length),
    numbers: (column) => floats(column.values),
    gene,
  };
}
