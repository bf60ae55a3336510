/** The largest |a - b| / max(|b|, floor) over two lists; NaN agrees with NaN only; Infinity where one alone is NaN. */
export function worst(a: ArrayLike<number>, b: ArrayLike<number | bigint>, floor: number = 0): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const want = Number(b[i]);
    if (Number.isNaN(a[i]) && Number.isNaN(want)) continue;
    if (a[i] === want) continue;
    const off = Math.abs(a[i] - want) / Math.max(Math.abs(want), floor);
    if (!(off <= most)) most = Number.isNaN(off) ? Infinity : off;
  }
  return most;
}
