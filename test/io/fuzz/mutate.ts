import type { Rng } from "../../../src/core/index.ts";
import { gunzip, gzip, isGzip } from "../../../src/io/source.ts";

type Files = Map<string, Uint8Array>;

/** Numbers that sizes, counts and places like to be damaged into. */
const MAGIC = [
  0,
  1,
  2,
  127,
  255,
  65_535,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 40,
  2 ** 53,
  2 ** 64,
];
const TEXTS = [
  "",
  "0",
  "-1",
  "1e308",
  "-1e-320",
  "NaN",
  "inf",
  "99999999999999999999",
  '"',
  ",",
  "\n",
  "\t",
  "\0",
  "é",
  "1,2",
];

/** A damaged copy of a sample; the same stream gives the same damage. */
export async function mutate(sample: ReadonlyMap<string, Uint8Array>, rng: Rng): Promise<Files> {
  const files: Files = new Map(sample);
  const names = [...files.keys()];
  if (names.length > 1 && rng.below(12) === 0) return misplace(files, names, rng);
  for (let times = 1 + rng.below(2); times > 0; times--) {
    const name = names[rng.below(names.length)];
    const bytes = files.get(name) as Uint8Array;
    if (bytes.length === 0) continue;
    const packed = isGzip(bytes) && rng.below(2) === 0;
    const plain = packed ? await gunzip(bytes, name).catch(() => bytes) : bytes;
    const changed = damage(plain, name, rng);
    files.set(name, packed ? await gzip(changed) : changed);
  }
  return files;
}

/** Two files change places, or one is lost, emptied or stands twice. */
function misplace(files: Files, names: readonly string[], rng: Rng): Files {
  const [a, b] = [names[rng.below(names.length)], names[rng.below(names.length)]];
  const [bytesOfA, bytesOfB] = [files.get(a) as Uint8Array, files.get(b) as Uint8Array];
  const kind = rng.below(4);
  if (kind === 0) files.delete(a);
  else if (kind === 1) files.set(a, new Uint8Array(0));
  else files.set(a, bytesOfB);
  if (kind === 3) files.set(b, bytesOfA);
  return files;
}

function damage(bytes: Uint8Array, name: string, rng: Rng): Uint8Array {
  const isJson = /(json|\.zattrs|\.zarray|\.zgroup|\.zmetadata|zmetadata|\.xenium)$/.test(name);
  if (isJson && rng.below(4) > 0) return damageJson(bytes, rng) ?? damageBytes(bytes, rng);
  const isText = !bytes.subarray(0, 4096).some((b) => b < 9);
  return isText && rng.below(2) === 0 ? damageText(bytes, rng) : damageBytes(bytes, rng);
}

function damageBytes(bytes: Uint8Array, rng: Rng): Uint8Array {
  const at = rng.below(bytes.length);
  const length = 1 + rng.below(Math.min(bytes.length - at, 1 << rng.below(9)));
  const out = bytes.slice();
  switch (rng.below(9)) {
    case 0:
      for (let k = 1 + rng.below(8); k > 0; k--) out[rng.below(out.length)] ^= 1 << rng.below(8);
      return out;
    case 1:
      return out.fill([0, 255, rng.below(256)][rng.below(3)], at, at + length);
    case 2:
      for (let k = at; k < at + length; k++) out[k] = rng.below(256);
      return out;
    case 3:
      return bytes.slice(0, at);
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    case 5:
      return joined(
        bytes.subarray(0, at + length),
        bytes.subarray(at, at + length),
        bytes.subarray(at + length),
      );
    case 6: {
      const to = rng.below(bytes.length);
      out.set(bytes.subarray(at, Math.min(at + length, at + bytes.length - to)), to);
      return out;
    }
    default:
      return place(out, rng.below(2) === 0 ? at : at & ~7, rng);
  }
}

/** Writes a magic number, wide or narrow, at a place where lengths may stand. */
function place(out: Uint8Array, at: number, rng: Rng): Uint8Array {
  const value = MAGIC[rng.below(MAGIC.length)] - rng.below(2);
  const width = [1, 2, 4, 8][rng.below(4)];
  const wide = new DataView(new ArrayBuffer(8));
  wide.setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
  const number = new Uint8Array(wide.buffer).subarray(0, width);
  if (rng.below(5) === 0) number.reverse();
  out.set(number.subarray(0, out.length - at), at);
  return out;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Changes one number or word, or leaves out, doubles or moves lines. */
function damageText(bytes: Uint8Array, rng: Rng): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  if (rng.below(3) > 0) {
    const words = [...text.matchAll(/[\w.+-]+/g)];
    if (words.length === 0) return damageBytes(bytes, rng);
    const word = words[rng.below(words.length)];
    const by = rng.below(2) === 0 ? TEXTS[rng.below(TEXTS.length)] : String(MAGIC[rng.below(MAGIC.length)]);
    return encode(text.slice(0, word.index) + by + text.slice(word.index + word[0].length));
  }
  const lines = text.split("\n");
  const [a, b] = [rng.below(lines.length), rng.below(lines.length)];
  const kind = rng.below(3);
  if (kind === 0) lines.splice(a, 1);
  else lines.splice(a, kind === 1 ? 0 : 1, lines[b]);
  return encode(lines.join("\n"));
}

/** Changes one value or key somewhere in a document; null where it is no JSON. */
function damageJson(bytes: Uint8Array, rng: Rng): Uint8Array | null {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
  const places: [Record<string, unknown>, string][] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const key of Object.keys(value)) {
      places.push([value as Record<string, unknown>, key]);
      visit((value as Record<string, unknown>)[key]);
    }
  };
  visit(document);
  if (places.length === 0) return null;
  const [holder, key] = places[rng.below(places.length)];
  const value = holder[key];
  switch (rng.below(6)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      break;
    case 1:
      holder[key] = typeof value === "number" ? -value : [value, value];
      break;
    case 2:
      holder[key] = [null, true, "", "x", {}, [], -1, 0.5, "0", [[]], 1e300][rng.below(11)];
      break;
    case 3: {
      const [other, otherKey] = places[rng.below(places.length)];
      holder[key] = structuredClone(other[otherKey]);
      break;
    }
    default:
      holder[key] = MAGIC[rng.below(MAGIC.length)];
  }
  return encode(JSON.stringify(document));
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
