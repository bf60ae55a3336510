import type { ReadReport } from "../model/dataset.ts";

/** A report while it is being written. */
export interface Draft {
  readonly files: string[];
  readonly found: string[];
  readonly joined: string[];
  readonly dropped: { what: string; count: number; why: string }[];
  readonly warnings: string[];
}

export function draft(): Draft {
  return { files: [], found: [], joined: [], dropped: [], warnings: [] };
}

export function finished(d: Draft, platform: string): ReadReport {
  return { platform, ...d, files: [...new Set(d.files)] };
}

/** A whole number with thousands set apart: 36,601. */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "1 spot", "2,172 spots", "3 entries". */
export function counted(n: number, noun: string): string {
  const many = noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${grouped(n)} ${n === 1 ? noun : many}`;
}

/** The first few of many, for messages. */
export function sample(names: readonly string[], most: number = 3): string {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown}, ...` : shown;
}
