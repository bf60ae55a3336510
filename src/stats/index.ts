export { mean, median, quantile, rank, variance } from "./describe.ts";
export {
  adjustPValues,
  rankSumTest,
  welchTest,
  type RankSumTestResult,
  type WelchTestResult,
} from "./tests.ts";
