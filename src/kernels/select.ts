/**
 * The value that would stand at place `k` if the values were sorted; moves smaller ones before it and larger ones behind it
 * (Hoare's selection, median of three). The values must not be NaN. Cost O(n) on average.
 */
export function nthSmallest(values: Float64Array, k: number): number {
  let left = 0;
  let right = values.length - 1;
  while (left < right) {
    const first = values[left];
    const centre = values[(left + right) >>> 1];
    const last = values[right];
    const pivot = Math.max(Math.min(first, centre), Math.min(Math.max(first, centre), last));
    let i = left;
    let j = right;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const swap = values[i];
      values[i++] = values[j];
      values[j--] = swap;
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else break;
  }
  return values[k];
}

/** The `count` of the given rows with the largest values (not NaN), in descending order, the smaller row first of equals. */
export function leading(rows: readonly number[], values: ArrayLike<number>, count: number): number[] {
  let kept = rows;
  if (rows.length > count && count > 0) {
    const least = nthSmallest(
      Float64Array.from(rows, (row) => values[row]),
      rows.length - count,
    );
    kept = rows.filter((row) => values[row] >= least);
  }
  return [...kept].sort((a, b) => values[b] - values[a] || a - b).slice(0, count);
}
