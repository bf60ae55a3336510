export { analyze } from "./analyze.ts";
export type { AnalyzeOptions } from "./options.ts";
export {
  analysisSteps,
  type Analysis,
  type AnalysisNote,
  type AnalysisParams,
  type AnalysisStep,
  type SpatialGraphStep,
  type StepTiming,
} from "./analysis.ts";
