const [MAGIC, END] = [0x184d2204, 0];

/**
 * Unpacks an LZ4 frame to exactly `size` bytes. Checksums are not looked at.
 *
 * @throws {RangeError} where the frame is cut off, points outside, or holds another number of bytes
 */
export function unpackLz4(frame: Uint8Array, size: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  // 255 bytes from one is the most that can be.
  if (!(Number.isSafeInteger(size) && size >= 0 && size <= 255 * frame.length))
    throw new RangeError(`${size} bytes from ${frame.length}`);
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError("no LZ4 frame");
  const flags = frame[4];
  const hasBlockSums = (flags & 16) !== 0;
  let at = 7 + ((flags & 8) !== 0 ? 8 : 0) + ((flags & 1) !== 0 ? 4 : 0);
  const out = new Uint8Array(size);
  let length = 0;
  for (let head = view.getUint32(at, true); head !== END; head = view.getUint32(at, true)) {
    const packed = head & 0x7fffffff;
    const block = frame.subarray(at + 4, at + 4 + packed);
    if (block.length !== packed) throw new RangeError("a block is cut off");
    if (head >>> 31 === 1) {
      out.set(block, length);
      length += packed;
    } else length = unpackBlock(block, out, length);
    at += 4 + packed + (hasBlockSums ? 4 : 0);
  }
  if (length !== size) throw new RangeError(`${length} bytes, not ${size}`);
  return out;
}

/** Literals and copies of what came before, by turns; gives the new length. */
function unpackBlock(block: Uint8Array, out: Uint8Array, start: number): number {
  let at = 0;
  let length = start;
  const more = (first: number): number => {
    let n = first;
    if (first !== 15) return n;
    for (;;) {
      if (at >= block.length) throw new RangeError("a length is cut off");
      const byte = block[at++];
      n += byte;
      if (byte !== 255) return n;
    }
  };
  while (at < block.length) {
    const token = block[at++];
    const literals = more(token >>> 4);
    if (at + literals > block.length || length + literals > out.length)
      throw new RangeError("too many literals");
    out.set(block.subarray(at, at + literals), length);
    at += literals;
    length += literals;
    if (at === block.length) return length;
    const distance = block[at] | (block[at + 1] << 8);
    at += 2;
    const copied = more(token & 15) + 4;
    if (!(distance > 0 && distance <= length && length + copied <= out.length))
      throw new RangeError("a copy points outside");
    for (const end = length + copied; length < end; length++) out[length] = out[length - distance];
  }
  return length;
}
