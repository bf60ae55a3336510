import {
  categoricalColors,
  missingColor,
  packColor,
  packedRamp,
  parseColor,
  sequentialStops,
} from "../../plot/palettes.ts";
import type { GroupColumn } from "../payload.ts";
import type { Store } from "./decode.ts";

/** What the points are colored by. */
export type Variable =
  | {
      readonly kind: "group";
      readonly label: string;
      readonly column: GroupColumn;
      readonly codes: Uint16Array;
    }
  | {
      readonly kind: "number";
      readonly label: string;
      readonly values: Float32Array;
      readonly low: number;
      readonly high: number;
      readonly clipped: boolean;
    };

/** Finds a variable by its key: a group, a number, or "gene:" and the gene's place. */
export function findVariable(store: Store, key: string): Variable | null {
  const { groups, numbers, genes, geneValues } = store.payload;
  const column = groups.find((g) => g.key === key);
  if (column !== undefined) return { kind: "group", label: column.label, column, codes: store.codes(column) };
  const number = numbers.find((c) => c.key === key);
  if (number !== undefined) return numeric(number.label, store.numbers(number));
  const gene = key.startsWith("gene:") ? genes[Number(key.slice(5))] : undefined;
  return gene === undefined ? null : numeric(`${gene.label} (${geneValues})`, store.gene(gene));
}

/** Colors span all values but the top hundredth of the non-zero ones, which share the last color. */
function numeric(label: string, values: Float32Array): Variable {
  const sorted = values.filter((v) => Number.isFinite(v) && v !== 0).sort();
  if (sorted.length === 0) return { kind: "number", label, values, low: 0, high: 1, clipped: false };
  const low = Math.min(values.includes(0) ? 0 : Infinity, sorted[0]);
  const max = Math.max(sorted[sorted.length - 1], 0);
  const top = sorted[Math.floor((sorted.length - 1) * 0.99)];
  const high = top > low ? top : max > low ? max : low + 1;
  return { kind: "number", label, values, low, high, clipped: high < max };
}

const ramp = packedRamp(sequentialStops);

/** Colors and order of drawing for every point. */
export interface Painted {
  readonly colors: Uint32Array;
  readonly order: Uint32Array;
}

/**
 * Groups get their colors, numbers the ramp with high values on top; hidden groups get none; what is not
 * selected fades and goes below.
 */
export function paint(
  variable: Variable,
  hidden: ReadonlySet<number>,
  selected: Uint8Array | null,
  faded: number,
): Painted {
  const n = variable.kind === "group" ? variable.codes.length : variable.values.length;
  const colors = new Uint32Array(n);
  const level = new Uint16Array(n);
  const missing = packColor(parseColor(missingColor));
  if (variable.kind === "group") {
    const table = Uint32Array.from([
      missing,
      ...categoricalColors(variable.column.categories.length).map((c) => packColor(parseColor(c))),
    ]);
    for (let i = 0; i < n; i++) {
      const code = variable.codes[i];
      colors[i] = hidden.has(code) ? 0 : table[code];
      level[i] = code === 0 ? 0 : 1;
    }
  } else {
    const { values, low, high } = variable;
    for (let i = 0; i < n; i++) {
      const v = values[i];
      const step = v === v ? Math.max(0, Math.min(255, Math.round(((v - low) / (high - low)) * 255))) : -1;
      colors[i] = step < 0 ? missing : ramp[step];
      level[i] = step + 1;
    }
  }
  if (selected !== null) {
    for (let i = 0; i < n; i++) {
      if (selected[i] === 1) level[i] += 300;
      else {
        level[i] = 0;
        if (colors[i] !== 0) colors[i] = faded;
      }
    }
  }
  return { colors, order: orderBy(level, 600) };
}

/** Rows by level, rows of equal level in their order. */
function orderBy(level: Uint16Array, levels: number): Uint32Array {
  const next = new Uint32Array(levels + 1);
  for (const l of level) next[l + 1]++;
  for (let l = 0; l < levels; l++) next[l + 1] += next[l];
  const order = new Uint32Array(level.length);
  for (let i = 0; i < level.length; i++) order[next[level[i]]++] = i;
  return order;
}
