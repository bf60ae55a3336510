import { readFileSync } from "node:fs";
import { memorySource, readSample } from "../../../src/io/index.ts";
import { zipSource } from "../../../src/io/zip.ts";
import { text } from "../samples.ts";

export type Files = ReadonlyMap<string, Uint8Array>;

/** A small sound sample and the reader that damaged ones are fed to. */
export interface Case {
  readonly sample: () => Promise<Files>;
  readonly read: (files: Files) => Promise<unknown>;
}

export type Given = Readonly<Record<string, string | Uint8Array>>;

export const filesOf = (given: Given): Files =>
  new Map(Object.entries(given).map(([name, v]) => [name, typeof v === "string" ? text(v) : v]));
export const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../fixtures/io/${name}`, import.meta.url)));
export const whole = (files: Files, positions?: Uint8Array): Promise<unknown> =>
  readSample(memorySource(files), positions && { positions });
export const one =
  (name: string, bytes: () => Uint8Array | Promise<Uint8Array>): Case["sample"] =>
  async () =>
    new Map([[name, await bytes()]]);

/** A layout read as a sample. */
export const layout = (given: () => Given | Promise<Given>, positions?: Uint8Array): Case => ({
  sample: async () => filesOf(await given()),
  read: (files) => whole(files, positions),
});

/** The files in an archive, so that they are damaged one by one. */
export const unzipped = (archive: string, folder: string = ""): Case => ({
  sample: async () => {
    const inside = await zipSource(memorySource(new Map([["a.zip", fixture(archive)]])), "a.zip");
    const names = inside.names.filter((n) => n.startsWith(folder));
    return new Map(await Promise.all(names.map(async (n) => [n, await inside.bytes(n)] as const)));
  },
  read: (files) => whole(files),
});
