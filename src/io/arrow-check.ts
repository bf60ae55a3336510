/** Looks at what lies at a place. */
type Check = (at: number) => void;

const [SCHEMA, DICTIONARY, BATCH] = [1, 2, 3];
/** Types of columns that are numbers, truth values, times or texts. */
const FLAT = new Set([1, 2, 3, 5, 6, 7, 8, 9, 10, 20, 24]);

/**
 * Looks through the descriptions of an Arrow file or stream before it is read: every list in them lies in the file, columns
 * are flat, and no batch has more rows than its bytes can hold. So nothing large is made room for in vain.
 *
 * @throws {RangeError} where that is not so
 */
export function checkArrow(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const int = (at: number): number => view.getInt32(at, true);
  const wide = (at: number): number => Number(view.getBigInt64(at, true));
  const must = (holds: boolean, what: string): void => {
    if (!holds) throw new RangeError(what);
  };
  let looks = 4 * bytes.length;
  /** The fields of a table by their numbers, where they are there. */
  const table = (at: number, fields: Readonly<Record<number, Check>>): void => {
    must(--looks > 0, "tables within tables");
    const slots = at - int(at);
    for (const [slot, check] of Object.entries(fields)) {
      const entry = 4 + 2 * Number(slot);
      const offset = entry < view.getUint16(slots, true) ? view.getUint16(slots + entry, true) : 0;
      if (offset > 0) check(at + offset);
    }
  };
  const inner =
    (fields: Readonly<Record<number, Check>>): Check =>
    (at) =>
      table(at + int(at), fields);
  const list =
    (stride: number, each?: Check): Check =>
    (at) => {
      const start = at + int(at) + 4;
      const n = int(start - 4);
      looks -= n;
      must(n >= 0 && start + n * stride <= bytes.length && looks > 0, `a list of ${n}`);
      for (let k = 0; each !== undefined && k < n; k++) each(start + k * stride);
    };
  const text = list(1);
  const notes = list(4, inner({ 0: text, 1: text }));
  const isFlat: Check = (at) => must(FLAT.has(bytes[at]), `a column of type ${bytes[at]}`);
  const isEmpty: Check = (at) => must(int(at + int(at)) === 0, "a column of columns");
  const field = inner({ 0: text, 2: isFlat, 4: inner({}), 5: isEmpty, 6: notes });
  const schema = { 1: list(4, field), 2: notes, 3: list(8) };

  /** A batch whose body of `length` bytes begins at `body`: its packing, its buffers, and then its rows. */
  const batch = (at: number, body: number, length: number): void => {
    let packed = false;
    let room = 8;
    const buffer: Check = (k) => {
      const [offset, size] = [wide(k), wide(k + 8)];
      must(offset >= 0 && size >= 0 && offset + size <= length, `a buffer at ${offset} of ${size}`);
      const full = packed && size > 8 ? wide(body + offset) : -1;
      must(full <= 255 * size, `${full} bytes from ${size}`);
      room += 8 * (full < 0 ? size : full);
    };
    const rows: Check = (k) => must(wide(k) >= 0 && wide(k) <= room, `${wide(k)} rows`);
    table(at, { 3: () => void (packed = true), 4: list(8) });
    table(at, { 2: list(16, buffer) });
    table(at, { 0: rows, 1: list(16, rows) });
  };
  /** Where the next message begins; null at the end. */
  const message = (start: number): number | null => {
    if (start + 4 > bytes.length) return null;
    const head = int(start) === -1 ? start + 8 : start + 4;
    const size = int(head - 4);
    if (size === 0) return null;
    must(size > 0 && head + size <= bytes.length, "a message that is cut off");
    let [kind, length] = [0, 0];
    const root = head + int(head);
    table(root, { 1: (at) => void (kind = bytes[at]), 3: (at) => void (length = wide(at)) });
    const body = head + size;
    must(length >= 0 && body + length <= bytes.length, "a body that is cut off");
    table(root, {
      2: (at) => {
        const header = at + int(at);
        if (kind === SCHEMA) table(header, schema);
        else if (kind === BATCH) batch(header, body, length);
        else if (kind === DICTIONARY) table(header, { 1: (k) => batch(k + int(k), body, length) });
        else must(false, `a message of kind ${kind}`);
      },
    });
    return body + length;
  };
  if (bytes[0] !== 0x41) {
    for (let at: number | null = 0; at !== null;) at = message(at);
    return;
  }
  const footer = bytes.length - 10 - int(bytes.length - 10);
  must(footer > 0, "no footer");
  const block = list(24, (at) => {
    must(wide(at) >= 0, "a block outside");
    message(wide(at));
  });
  table(footer + int(footer), { 1: inner(schema), 2: block, 3: block, 4: notes });
}
