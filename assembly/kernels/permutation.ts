// Random orders of labels and what is counted in each. The random numbers are those of core/rng (xoshiro128**, four words of
// state), the orders those of kernels/permute, so that a permutation is the same wherever it is made.

function rotate(x: u32, by: i32): u32 {
  return (x << by) | (x >> (32 - by));
}

function draw(state: usize): u32 {
  const s0 = load<u32>(state);
  let s1 = load<u32>(state, 4);
  let s2 = load<u32>(state, 8);
  let s3 = load<u32>(state, 12);
  const result = rotate(s1 * 5, 7) * 9;
  const t = s1 << 9;
  s2 ^= s0;
  s3 ^= s1;
  s1 ^= s2;
  store<u32>(state, s0 ^ s3);
  store<u32>(state, s1, 4);
  store<u32>(state, s2 ^ t, 8);
  store<u32>(state, rotate(s3, 11), 12);
  return result;
}

// Below this, numbers are drawn by multiplication, from there on by remainder.
const MULTIPLIED: u32 = 2097152;

function below(n: u32, state: usize): u32 {
  if (n <= MULTIPLIED) {
    let product = <u64>draw(state) * <u64>n;
    if (<u32>product < n) {
      const least: u32 = (<u32>0 - n) % n;
      while (<u32>product < least) product = <u64>draw(state) * <u64>n;
    }
    return <u32>(product >> 32);
  }
  const limit = <u64>4294967296 - (<u64>4294967296 % <u64>n);
  let x = draw(state);
  while (<u64>x >= limit) x = draw(state);
  return x % n;
}

// Writes a random order of source[from, to) to the same places of `target`.
function shuffle(source: usize, from: i32, to: i32, target: usize, state: usize): void {
  const a = source + ((<usize>from) << 2);
  const b = target + ((<usize>from) << 2);
  const n = to - from;
  for (let i = 0; i < n; i++) {
    const at = b + ((<usize>i) << 2);
    const other = b + ((<usize>below(i + 1, state)) << 2);
    store<i32>(at, load<i32>(other));
    store<i32>(other, load<i32>(a + ((<usize>i) << 2)));
  }
}

// For `count` permutations: deals the codes anew within each part (part s: nodes parts[s] to parts[s + 1]) and counts the
// graph's entries by the codes of both ends, found[b * k * k + from * k + to]. `dealt` has room for the codes.
export function tallyDeals(
  codes: usize,
  parts: usize,
  partCount: i32,
  nodes: i32,
  indptr: usize,
  indices: usize,
  k: i32,
  states: usize,
  count: i32,
  found: usize,
  dealt: usize,
): void {
  for (let b = 0; b < count; b++) {
    const state = states + ((<usize>b) << 4);
    const own = found + ((<usize>(b * k * k)) << 2);
    memory.fill(own, 0, (<usize>(k * k)) << 2);
    for (let s = 0; s < partCount; s++) {
      const part = parts + ((<usize>s) << 2);
      shuffle(codes, load<i32>(part), load<i32>(part, 4), dealt, state);
    }
    for (let i = 0; i < nodes; i++) {
      const base = own + ((<usize>(load<i32>(dealt + ((<usize>i) << 2)) * k)) << 2);
      const ends = indptr + ((<usize>i) << 2);
      const last = indices + ((<usize>load<u32>(ends, 4)) << 2);
      for (let e = indices + ((<usize>load<u32>(ends)) << 2); e < last; e += 4) {
        const at = base + ((<usize>load<i32>(dealt + ((<usize>load<u32>(e)) << 2))) << 2);
        store<u32>(at, load<u32>(at) + 1);
      }
    }
  }
}

// One to four permutations together, so that each value is read once: mean of each gene per label, least of the genes of each
// complex, and for each row whether ligand + receptor reaches `least`. Adds to reached[row].
export function reachDeals(
  codes: usize,
  cells: i32,
  k: i32,
  sizes: usize,
  states: usize,
  lanes: i32,
  geneStart: usize,
  genes: i32,
  positions: usize,
  values: usize,
  complexStart: usize,
  complexParts: usize,
  complexes: i32,
  ligand: usize,
  receptor: usize,
  least: usize,
  rows: i32,
  reached: usize,
  dealt: usize,
  slots: usize,
  sums: usize,
  means: usize,
  perComplex: usize,
): void {
  for (let lane = 0; lane < 4; lane++) {
    const used = lane < lanes;
    if (used) shuffle(codes, 0, cells, dealt, states + ((<usize>lane) << 4));
    for (let i = 0; i < cells; i++) {
      const code = used ? load<i32>(dealt + ((<usize>i) << 2)) : 0;
      store<u16>(slots + ((<usize>(i * 4 + lane)) << 1), <u16>(code * 4 + lane));
    }
  }
  const wide = (<usize>k) << 5;
  const laneBytes = (<usize>(genes * k)) << 3;
  for (let gene = 0; gene < genes; gene++) {
    memory.fill(sums, 0, wide);
    const last = load<u32>(geneStart + ((<usize>gene) << 2), 4);
    for (let e = load<u32>(geneStart + ((<usize>gene) << 2)); e < last; e++) {
      const slot = slots + ((<usize>load<u32>(positions + ((<usize>e) << 2))) << 3);
      const value = <f64>load<f32>(values + ((<usize>e) << 2));
      const a = sums + ((<usize>load<u16>(slot)) << 3);
      store<f64>(a, load<f64>(a) + value);
      const b = sums + ((<usize>load<u16>(slot, 2)) << 3);
      store<f64>(b, load<f64>(b) + value);
      const c = sums + ((<usize>load<u16>(slot, 4)) << 3);
      store<f64>(c, load<f64>(c) + value);
      const d = sums + ((<usize>load<u16>(slot, 6)) << 3);
      store<f64>(d, load<f64>(d) + value);
    }
    for (let lane = 0; lane < lanes; lane++) {
      const own = means + <usize>lane * laneBytes + ((<usize>(gene * k)) << 3);
      for (let c = 0; c < k; c++)
        store<f64>(
          own + ((<usize>c) << 3),
          load<f64>(sums + ((<usize>(c * 4 + lane)) << 3)) / load<f64>(sizes + ((<usize>c) << 3)),
        );
    }
  }
  for (let lane = 0; lane < lanes; lane++) {
    const own = means + <usize>lane * laneBytes;
    for (let i = 0; i < complexes; i++) {
      const to = perComplex + ((<usize>(i * k)) << 3);
      const first = load<u32>(complexStart + ((<usize>i) << 2));
      const last = load<u32>(complexStart + ((<usize>i) << 2), 4);
      for (let part = first; part < last; part++) {
        const from = own + ((<usize>(load<u32>(complexParts + ((<usize>part) << 2)) * k)) << 3);
        for (let c = <usize>0; c < (<usize>k) << 3; c += 8)
          if (part == first || load<f64>(from + c) < load<f64>(to + c))
            store<f64>(to + c, load<f64>(from + c));
      }
    }
    for (let r = <usize>0; r < <usize>rows; r++) {
      const sum =
        load<f64>(perComplex + ((<usize>load<u32>(ligand + (r << 2))) << 3)) +
        load<f64>(perComplex + ((<usize>load<u32>(receptor + (r << 2))) << 3));
      const at = reached + (r << 2);
      if (sum >= load<f64>(least + (r << 3))) store<u32>(at, load<u32>(at) + 1);
    }
  }
}
