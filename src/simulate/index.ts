export { type Difficulty, type Layout, type Parameters } from "./difficulty.ts";
export {
  simulateTissue,
  type SimulatedDataset,
  type SimulatedTissue,
  type SimulateTissueOptions,
} from "./tissue.ts";
export { type VendorLayout, writeSimulated } from "./write.ts";
