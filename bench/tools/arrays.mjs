import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const types = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array };

/** Arrays lie in files of plain numbers; the end of a file's name tells their type. */
export function writeArray(folder, name, array) {
  const Type = types[name.split(".").at(-1)];
  const typed = array instanceof Type ? array : Type.from(array);
  writeFileSync(join(folder, name), new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength));
}

export function readArray(folder, name) {
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, name));
  return new types[name.split(".").at(-1)](buffer.slice(byteOffset, byteOffset + byteLength));
}
