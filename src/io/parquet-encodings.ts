import { type Cursor, skipVarint, varint, zigzag } from "./parquet-thrift.ts";

/**
 * Goes over runs of equal values and groups of packed ones, `width` bits each, until `count` values are there. Returns
 * how many are 1, for a width of 1.
 */
export function checkRuns(
  bytes: Uint8Array,
  from: number,
  end: number,
  width: number,
  count: number,
): number {
  const cursor: Cursor = { bytes: bytes.subarray(0, end), at: from };
  let ones = 0;
  for (let left = count; left > 0;) {
    const head = varint(cursor);
    if ((head & 1) === 0) {
      const length = head >>> 1;
      if (length > left) throw new RangeError(`a run of ${length} where ${left} values are missing`);
      if (cursor.bytes[cursor.at] === 1) ones += length;
      cursor.at += (width + 7) >> 3;
      left -= length;
    } else {
      const length = 8 * (head >>> 1);
      if (length > left + 512) throw new RangeError(`${length} packed values, ${left} are missing`);
      const taken = Math.min(length, left);
      if (width === 1) ones += countOnes(cursor.bytes, cursor.at, taken);
      if (cursor.at + (taken * width) / 8 > end)
        throw new RangeError(`${length} packed values beyond the end`);
      cursor.at += (length * width) / 8;
      left -= taken;
    }
  }
  return ones;
}

/** Ones among the first `count` bits from a byte on. */
function countOnes(bytes: Uint8Array, from: number, count: number): number {
  let ones = 0;
  for (let k = 0; k < count; k += 8) {
    let bits = bytes[from + (k >> 3)] & (count - k < 8 ? (1 << (count - k)) - 1 : 255);
    for (; bits !== 0; bits &= bits - 1) ones++;
  }
  return ones;
}

/** Goes over `count` numbers stored as differences; returns where they end and, if asked, fills them in (32 bits). */
export function checkDeltas(bytes: Uint8Array, from: number, count: number, into?: Int32Array): number {
  const cursor: Cursor = { bytes, at: from };
  const [block, parts] = [varint(cursor), varint(cursor)];
  const size = block / parts;
  if (!(parts > 0 && parts <= 512 && size > 0 && size % 8 === 0 && block <= 1_048_576))
    throw new RangeError(`blocks of ${block} values in ${parts} parts`);
  varint(cursor);
  const first = cursor.at;
  skipVarint(cursor);
  let value = 0;
  if (into !== undefined && count > 0) into[0] = value = zigzag({ bytes, at: first });
  for (let done = 1; done < count;) {
    const at = cursor.at;
    skipVarint(cursor);
    const least = into === undefined ? 0 : zigzag({ bytes, at });
    const widths = cursor.at;
    cursor.at += parts;
    if (cursor.at > bytes.length) throw new RangeError("a block beyond the end");
    for (let part = 0; part < parts && done < count; part++) {
      const width = bytes[widths + part];
      if (width > 64) throw new RangeError(`differences of ${width} bits`);
      for (let k = 0; into !== undefined && k < size && done + k < count; k++)
        into[done + k] = value = (value + least + bitsAt(bytes, 8 * cursor.at + k * width, width)) | 0;
      cursor.at += (size * width) / 8;
      done += size;
    }
  }
  return cursor.at;
}

/** Up to 32 of `width` bits from a bit on. */
function bitsAt(bytes: Uint8Array, from: number, width: number): number {
  let value = 0;
  for (let b = 0; b < Math.min(width, 32); b++)
    value |= ((bytes[(from + b) >> 3] >> ((from + b) & 7)) & 1) << b;
  return value;
}

/** Checks texts that share their beginnings with the one before: none may share more than there is. */
export function checkPrefixes(bytes: Uint8Array, count: number): void {
  const shared = new Int32Array(count);
  const own = new Int32Array(count);
  checkDeltas(bytes, checkDeltas(bytes, 0, count, shared), count, own);
  let all = 0;
  for (let i = 0, before = 0; i < count; i++) {
    if (!(shared[i] >= 0 && shared[i] <= before && own[i] >= 0))
      throw new RangeError("a text without beginning");
    before = shared[i] + own[i];
    all += before;
    if (all > 1_073_741_824) throw new RangeError(`texts of ${all} bytes`);
  }
}
