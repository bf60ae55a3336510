import type { Dense } from "../../src/model/index.ts";

/**
 * How far the k nearest points of a layout are from being near in the original space: 1 if all are among its k nearest
 * (Venna and Kaski 2001; as in scikit-learn).
 */
export function trustworthiness(original: Dense, layout: Dense, k: number): number {
  const n = original.rows;
  let penalty = 0;
  for (let i = 0; i < n; i++) {
    const rank = new Uint32Array(n);
    nearness(original, i).forEach((j, t) => (rank[j] = t + 1));
    for (const j of nearness(layout, i).slice(0, k)) penalty += Math.max(0, rank[j] - k);
  }
  return 1 - (2 / (n * k * (2 * n - 3 * k - 1))) * penalty;
}

/** All other points, nearest first. */
function nearness({ rows, cols, data }: Dense, i: number): number[] {
  const squares = new Float64Array(rows);
  for (let j = 0; j < rows; j++)
    for (let c = 0; c < cols; c++) squares[j] += (data[i * cols + c] - data[j * cols + c]) ** 2;
  return Array.from({ length: rows }, (_, j) => j)
    .filter((j) => j !== i)
    .sort((a, b) => squares[a] - squares[b]);
}
