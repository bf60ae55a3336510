export { analyze, type AnalyzeOptions } from "./analyze.ts";
export {
  analysisSteps,
  type Analysis,
  type AnalysisNote,
  type AnalysisParams,
  type AnalysisStep,
  type SpatialGraphStep,
} from "./analysis.ts";
