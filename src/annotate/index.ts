export {
  scoreGenes,
  scoreGenesBlocked,
  type ScoreGenesOptions,
  type ScoreGenesResult,
} from "./signatures.ts";
