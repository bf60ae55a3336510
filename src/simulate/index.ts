export { type Difficulty, type Layout, type Parameters } from "./difficulty.ts";
export { simulateTissue, type SimulatedTissue, type SimulateTissueOptions } from "./tissue.ts";
