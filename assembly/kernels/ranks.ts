// Rank sums of the columns of a sparse matrix. Addresses are in bytes. Keys are the bits of the entries' values turned so that they
// order as the values do; ZERO is the key of 0, which no entry has.

const ZERO: u32 = 0x80000000;

// For each column [first, last): sorts its entries, the keys [offsets[j], offsets[j + 1]) and their rows (in place or in the spare
// arrays, as it comes), and ranks them for each of `count` labelings of the rows.
export function rankColumns(
  first: i32,
  last: i32,
  offsets: usize,
  keys: usize,
  rows: usize,
  spareKeys: usize,
  spareRows: usize,
  histogram: usize,
  stored: usize,
  labelings: usize,
  count: i32,
): void {
  for (let j = first; j < last; j++) {
    const start = load<u32>(offsets + ((<usize>j) << 2));
    const m = <i32>(load<u32>(offsets + ((<usize>j) << 2), 4) - start);
    const ownKeys = keys + ((<usize>start) << 2);
    const ownRows = rows + ((<usize>start) << 2);
    let moved = false;
    if (m <= 48) sortByInsertion(ownKeys, ownRows, m);
    else moved = sortByDigits(ownKeys, ownRows, m, spareKeys, spareRows, histogram);
    for (let l = 0; l < count; l++) {
      const labeling = labelings + <usize>(20 * l);
      rankColumn(moved ? spareKeys : ownKeys, moved ? spareRows : ownRows, m, j, labeling, stored);
    }
  }
}

function sortByInsertion(keys: usize, rows: usize, m: i32): void {
  for (let i = 1; i < m; i++) {
    const key = load<u32>(keys + ((<usize>i) << 2));
    const row = load<u32>(rows + ((<usize>i) << 2));
    let at: usize = (<usize>i) << 2;
    for (; at > 0 && load<u32>(keys + at - 4) > key; at -= 4) {
      store<u32>(keys + at, load<u32>(keys + at - 4));
      store<u32>(rows + at, load<u32>(rows + at - 4));
    }
    store<u32>(keys + at, key);
    store<u32>(rows + at, row);
  }
}

// By one byte after the other, those that all keys share left out; whether the result lies in the spare arrays.
function sortByDigits(
  keys: usize,
  rows: usize,
  m: i32,
  spareKeys: usize,
  spareRows: usize,
  histogram: usize,
): bool {
  memory.fill(histogram, 0, 4096);
  const end = (<usize>m) << 2;
  for (let e: usize = 0; e < end; e += 4) {
    const key = load<u32>(keys + e);
    countAt(histogram, key & 255);
    countAt(histogram + 1024, (key >> 8) & 255);
    countAt(histogram + 2048, (key >> 16) & 255);
    countAt(histogram + 3072, key >> 24);
  }
  const head = load<u32>(keys);
  let moved = false;
  for (let digit = 0; digit < 4; digit++) {
    const shift = digit << 3;
    const places = histogram + <usize>(digit << 10);
    if (load<u32>(places + (((head >> shift) & 255) << 2)) == <u32>m) continue;
    let sum: u32 = 0;
    for (let d: usize = 0; d < 1024; d += 4) {
      const size = load<u32>(places + d);
      store<u32>(places + d, sum);
      sum += size;
    }
    const fromKeys = moved ? spareKeys : keys;
    const fromRows = moved ? spareRows : rows;
    const toKeys = moved ? keys : spareKeys;
    const toRows = moved ? rows : spareRows;
    for (let e: usize = 0; e < end; e += 4) {
      const key = load<u32>(fromKeys + e);
      const at = places + (((key >> shift) & 255) << 2);
      const place = load<u32>(at);
      store<u32>(at, place + 1);
      store<u32>(toKeys + ((<usize>place) << 2), key);
      store<u32>(toRows + ((<usize>place) << 2), load<u32>(fromRows + e));
    }
    moved = !moved;
  }
  return moved;
}

function countAt(counts: usize, d: u32): void {
  const at = counts + ((<usize>d) << 2);
  store<u32>(at, load<u32>(at) + 1);
}

// Of one column and labeling (codes, k, sizes, sums, ties): sums[c] = the ranks of the rows of code c, ties sharing their mean rank, zeros
// being one group of ties; ties = the sum of t^3 - t over groups of t ties. `stored` has room for k counts.
function rankColumn(keys: usize, rows: usize, m: i32, column: i32, labeling: usize, stored: usize): void {
  const codes = <usize>load<u32>(labeling);
  const bytes = (<usize>load<u32>(labeling, 4)) << 3;
  const sizes = <usize>load<u32>(labeling, 8);
  const sums = <usize>load<u32>(labeling, 12) + <usize>column * bytes;
  const end = (<usize>m) << 2;
  memory.fill(stored, 0, bytes);
  memory.fill(sums, 0, bytes);
  for (let e: usize = 0; e < end; e += 4) {
    const code = load<i32>(codes + ((<usize>load<u32>(rows + e)) << 2));
    if (code < 0) continue;
    const at = stored + ((<usize>code) << 3);
    store<f64>(at, load<f64>(at) + 1);
  }
  let zeros: f64 = 0;
  for (let c: usize = 0; c < bytes; c += 8) zeros += load<f64>(sizes + c) - load<f64>(stored + c);
  let before: f64 = 0;
  let ties: f64 = 0;
  let pending = true;
  for (let e: usize = 0; e < end || pending;) {
    if (pending && (e == end || load<u32>(keys + e) >= ZERO)) {
      const rank = before + (zeros + 1) / 2;
      for (let c: usize = 0; c < bytes; c += 8)
        store<f64>(sums + c, load<f64>(sums + c) + (load<f64>(sizes + c) - load<f64>(stored + c)) * rank);
      ties += zeros * zeros * zeros - zeros;
      before += zeros;
      pending = false;
      continue;
    }
    const key = load<u32>(keys + e);
    let next = e;
    let t: f64 = 0;
    for (; next < end && load<u32>(keys + next) == key; next += 4)
      if (load<i32>(codes + ((<usize>load<u32>(rows + next)) << 2)) >= 0) t += 1;
    const rank = before + (t + 1) / 2;
    for (; e < next; e += 4) {
      const code = load<i32>(codes + ((<usize>load<u32>(rows + e)) << 2));
      if (code < 0) continue;
      const at = sums + ((<usize>code) << 3);
      store<f64>(at, load<f64>(at) + rank);
    }
    ties += t * t * t - t;
    before += t;
  }
  store<f64>(<usize>load<u32>(labeling, 16) + ((<usize>column) << 3), ties);
}
